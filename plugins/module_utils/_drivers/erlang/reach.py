# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a member is reached."""

from __future__ import annotations

import asyncio
from typing import Any, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist import epmd
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import Connection
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import ADDRESSES, Node

_LOOK_UP = 1.0
"""Seconds for what only saves time."""
_MOST_ADDRESSES = 16


class Reach:
    """The direct way."""

    def __init__(self) -> None:
        self._ports: dict[str, int] = {}

    async def look_up(self, nodes: Sequence[Node], epmd_port: int) -> None:
        """Where several of these nodes, which are opened next, share an epmd, ask it once for the ports of all.

        Whatever it does not tell is asked for by :meth:`open`, which has the words for what is wrong. An answer is good
        for one opening, since a node that starts again has another port.
        """
        by_host: dict[str, list[Node]] = {}
        for node in nodes:
            by_host.setdefault(node.address or _host(node), []).append(node)
        shared = [host for host, its in by_host.items() if len(its) > 1]
        found = await asyncio.gather(*(_ports(host, epmd_port) for host in shared))
        self._ports = {
            node.name: ports[_alive(node)]
            for host, ports in zip(shared, found)
            for node in by_host[host]
            if _alive(node) in ports
        }

    async def open(self, node: Node, *, timeout: float, cookie: str, port: Optional[int], **options: Any) -> Connection:
        """
        :param options: the others of :meth:`Connection.open`.
        :raises UnreachableError: it cannot be reached.
        """
        port = port or self._ports.pop(node.name, None)
        return await Connection.open(
            node.name, node.address, others=_others(node), timeout=timeout, cookie=cookie, port=port, **options
        )

    def renew(self) -> None:
        """Forget what may have changed since the last round."""

    async def close(self) -> None:
        """Close what the connections leave behind."""


async def _ports(host: str, epmd_port: int) -> dict[str, int]:
    try:
        return dict(await epmd.names(host, epmd_port, _LOOK_UP))
    except UnreachableError:
        return {}


def _others(node: Node) -> list[str]:
    """All addresses that its source has of it, where there are several."""
    given = node.attributes.get(ADDRESSES)
    if not isinstance(given, (list, tuple)):
        return []
    return [address for address in given[:_MOST_ADDRESSES] if isinstance(address, str)]


def _alive(node: Node) -> str:
    return node.name.partition("@")[0]


def _host(node: Node) -> str:
    return node.name.partition("@")[2]
