# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies of real nodes, and what the collection makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import Returned
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import converge, inspect
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology

from tests.harness.erlang.beam import BASENAME, COOKIE, Beam

MODES: dict[str, dict[str, Any]] = {
    "default": {},
    "no-partition-prevention": {"pop": False},
    "no-connect-all": {"connect_all": False},
}
"""Of the mesh, as options of :class:`Beam`."""


def topology(
    names: Sequence[str | dict[str, Any]],
    port: int | None,
    policy: dict[str, Any] | None = None,
    **options: Any,
) -> Topology:
    """A static topology called chat, whose prunes are confirmed without a wait in between.

    :param options: the topology's other options; ``driver_config`` is added to the cookie and the port.
    """
    driver_config = {"cookie": COOKIE, "port": port, **options.pop("driver_config", {})}
    return topology_of(
        {
            "topology": "chat",
            "strategy": "static",
            "config": {"nodes": list(names)},
            "driver_config": driver_config,
            "policy": {"scope": [f"{BASENAME}@*"], "confirmation_interval": 0, **(policy or {})},
            **options,
        }
    )


def with_warnings(returned: Returned) -> dict[str, Any]:
    """A result as a user sees it, with its warnings beside it."""
    return {**returned.values, "warnings": list(returned.warnings)}


def outcome(wanted: Topology, *, inspects: bool = False) -> dict[str, Any]:
    """The result of one run, also of one that fails: then ``failed`` is true, and ``msg`` says why."""
    try:
        return with_warnings(inspect(wanted) if inspects else converge(wanted, False, 5))
    except RoundError as error:
        return {"failed": True, "msg": str(error), **with_warnings(Returned(error.result, error.warnings))}


def heal(
    nodes: Sequence[Beam | str | dict[str, Any]], port: int | None = None, *, check: bool = False, **options: Any
) -> dict[str, Any]:
    """The result of one ``membership`` run that wants exactly these nodes."""
    names = [node.name if isinstance(node, Beam) else node for node in nodes]
    ports = [node.port for node in nodes if isinstance(node, Beam)]
    return with_warnings(converge(topology(names, port or ports[0], **options), check, 5))


def lost(nodes: Sequence[Beam], but: Sequence[Beam] = ()) -> dict[str, list[str]]:
    """Every nodedown that one of the nodes recorded, but those of the nodes that were meant to go."""
    meant = {node.name for node in but}
    downs = {node.name: [down for down in node.downs() if down not in meant] for node in nodes}
    return {name: found for name, found in downs.items() if found}


def connects_itself(node: Beam, other: Beam) -> None:
    """From now on, again and again, as libcluster inside it would."""
    node.eval(
        f"spawn(fun() -> (fun Loop() -> net_kernel:connect_node('{other.name}'), timer:sleep(100), Loop() end)() end)"
    )


def forget(nodes: Sequence[Beam]) -> None:
    for node in nodes:
        node.forget()
