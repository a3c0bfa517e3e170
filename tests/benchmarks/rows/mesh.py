# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Isolated nodes become a mesh, to the moment every view is full, beside a hub's own ``lists:foreach`` in a BEAM."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.benchmarks.findings import Finding
from tests.harness.erlang.beam import Beam, beams
from tests.harness.erlang.clusters import heal
from tests.harness.waiting import wait_until

_CLOCK = """register(clock, spawn(fun() -> net_kernel:monitor_nodes(true), (fun Loop(Last) ->
    receive
        {nodeup, _} -> Loop(erlang:system_time(microsecond));
        {nodedown, _} -> Loop(Last);
        {take, From} -> From ! {clock, Last}, Loop(Last)
    end end)(0) end))"""
_TAKE = "clock ! {take, self()}, receive {clock, Last} -> {length(nodes()), Last} end"
_ISOLATE = "[erlang:disconnect_node(N) || N <- nodes()]"
_SOON = 300
MODES: dict[str, dict[str, Any]] = {"default": {}, "connect_all=false": {"connect_all": False}}


def collection(nodes: Sequence[Beam]) -> None:
    result = heal(nodes, driver_config={"timeout": 60})
    assert not result["unreachable_nodes"], result["unreachable_nodes"]


def hub(nodes: Sequence[Beam]) -> None:
    """Where connecting to one does not connect to its peers, each member has to connect to all."""
    everyone = ", ".join(f"'{node.name}'" for node in nodes)
    to_all = "lists:foreach(fun net_kernel:connect_node/1, Everyone)"
    if not nodes[0].synchronises:
        of_each = "[fun net_kernel:connect_node/1, Everyone]"
        to_all = f"lists:foreach(fun(N) -> erpc:cast(N, lists, foreach, {of_each}) end, Everyone)"
    nodes[0].eval(f"Everyone = [{everyone}], {to_all}", _SOON)


def seconds_of(way: Callable[[Sequence[Beam]], None], nodes: Sequence[Beam]) -> float:
    """On the members' own clocks, which are this one's, to the last link that came up."""
    isolate(nodes)
    start = time.time()
    way(nodes)
    last = {}

    def full() -> bool:
        for node in nodes:
            if node.name not in last:
                peers, microseconds = node.eval(_TAKE).strip("{}").split(",")
                if int(peers) < len(nodes) - 1:
                    return False
                last[node.name] = int(microseconds) / 1e6
        return True

    wait_until(full, _SOON, "the mesh")
    return max(last.values()) - start


def isolate(nodes: Sequence[Beam]) -> None:
    def alone() -> bool:
        linked = [node for node in nodes if node.eval("length(nodes())") != "0"]
        for node in linked:
            node.eval(_ISOLATE)
        return not linked

    wait_until(alone, _SOON, "isolated nodes")


def findings(quick: bool) -> Iterator[Finding]:
    ways = {"membership": collection, "a hub's lists:foreach": hub}
    for mode, options in MODES.items():
        for count in [5] if quick else [10, 50, 200]:
            with beams(count, **options) as nodes:
                for node in nodes:
                    node.eval(" ".join(_CLOCK.split()))
                values: dict[str, list[float]] = {name: [] for name in ways}
                for _run in range(1 if quick else 5 if count < 200 else 3):
                    for name, way in ways.items():
                        values[name].append(seconds_of(way, nodes))
            goals = {} if count < 50 else {"a hub's lists:foreach": 1.2}
            yield Finding(f"A mesh out of isolated nodes, {mode}", count, values, goals=goals)
