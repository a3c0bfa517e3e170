# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How members are reached: the base class of all transports, which connects directly."""

from __future__ import annotations

import asyncio
from typing import Any, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist import epmd
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import ADDRESSES, Node

_LOOK_UP = 1.0
"""Time limit of the batched epmd look-up, after which each node is asked alone."""
_MOST_ADDRESSES = 16


class Transport:
    """Direct connections. A subclass reaches members in another way."""

    def __init__(self) -> None:
        self._ports: dict[str, int] = {}

    async def look_up(self, nodes: Sequence[Node], epmd_port: int) -> None:
        """Ask an epmd that several of these nodes share once for the ports of all of them. They are opened next.

        :meth:`open` asks for a port that is missing then, and reports what is wrong. Each answer is used for one
        opening only, since a restarted node has another port.
        """
        by_host: dict[str, list[Node]] = {}
        for node in nodes:
            by_host.setdefault(node.address or _host(node), []).append(node)
        shared = [host for host, on_host in by_host.items() if len(on_host) > 1]
        found = await asyncio.gather(*(_ports(host, epmd_port) for host in shared))
        self._ports = {
            node.name: ports[_alive(node)]
            for host, ports in zip(shared, found)
            for node in by_host[host]
            if _alive(node) in ports
        }

    async def open(
        self, node: Node, *, timeout: float, cookie: str, port: Optional[int], **options: Any
    ) -> NodeConnection:
        """
        :param options: the other parameters of :meth:`NodeConnection.open`.
        :raises UnreachableError: it cannot be reached.
        """
        port = port or self._ports.pop(node.name, None)
        return await NodeConnection.open(
            node.name, node.address, others=_others(node), timeout=timeout, cookie=cookie, port=port, **options
        )

    def renew(self) -> None:
        """Discard cached data that may be stale in a new round."""

    async def close(self) -> None:
        """Close what remains when all connections are closed."""


async def _ports(host: str, epmd_port: int) -> dict[str, int]:
    try:
        return dict(await epmd.names(host, epmd_port, _LOOK_UP))
    except UnreachableError:
        return {}


def _others(node: Node) -> list[str]:
    """All addresses that the source has for the node, where there are several."""
    given = node.attributes.get(ADDRESSES)
    if not isinstance(given, (list, tuple)):
        return []
    return [address for address in given[:_MOST_ADDRESSES] if isinstance(address, str)]


def _alive(node: Node) -> str:
    return node.name.partition("@")[0]


def _host(node: Node) -> str:
    return node.name.partition("@")[2]
