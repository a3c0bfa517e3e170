# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``erlang_hosts``: every node that the epmd of each host in a ``.hosts.erlang`` knows."""

from __future__ import annotations

import asyncio
from typing import Any, Mapping, Sequence, Tuple, Union

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist import epmd
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.erlang_hosts.hosts_file import hosts_in
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.local_epmd.fetch import nodes_of

_AT_ONCE = 256

EpmdAnswer = Union[Sequence[Tuple[str, int]], str]
"""What one epmd knows, name and distribution port, or why it could not be asked."""


def discover(config: Mapping[str, Any], attempt: int) -> Discovery:
    """
    :raises DiscoveryError: there is no file of hosts, or it tells none.
    """
    hosts = hosts_in(config["hosts_file"])
    answers = asyncio.run(_ask_each(hosts, config["epmd_port"], config["timeout"]))
    return discovery_of(dict(zip(hosts, answers)))


def discovery_of(answers: Mapping[str, EpmdAnswer]) -> Discovery:
    """
    :param answers: that of each host.
    """
    nodes: list[Node] = []
    reasons: list[str] = []
    for host, answer in answers.items():
        if isinstance(answer, str):
            reasons.append(f"host {host}: {answer}")
            continue
        found, left_out = nodes_of(host, host, answer)
        nodes += found
        reasons += [f"host {host}: {reason}" for reason in left_out]
    if not reasons:
        return Discovery.complete(nodes)
    if all(isinstance(answer, str) for answer in answers.values()):
        return Discovery.failed(reasons)
    return Discovery.partial(nodes, reasons)


async def _ask_each(hosts: Sequence[str], epmd_port: int, timeout: float) -> list[EpmdAnswer]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def ask(host: str) -> EpmdAnswer:
        async with gate:
            try:
                return await epmd.names(host, epmd_port, timeout)
            except UnreachableError as error:
                return str(error)

    return await asyncio.gather(*map(ask, hosts))
