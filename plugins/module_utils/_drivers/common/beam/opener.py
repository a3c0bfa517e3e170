# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening connections to members, with the cluster's cookie and by the transport that the topology names."""

from __future__ import annotations

from typing import Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.cookie import cookie_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.tls import tls_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.transport import Transport
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology


class Opener:
    """Opens all connections of one topology in the same way.

    :raises OptionError: a file with a cookie, a certificate or a key cannot be used.
    :raises MissingLibraryError: this Python lacks a library that the transport needs.
    """

    def __init__(self, topology: Topology) -> None:
        self._config = topology.driver_config
        self._cookie = cookie_of(self._config)
        self._tls = tls_of(self._config)
        self._transport = _transport_of(topology)

    async def look_up(self, nodes: Sequence[Node]) -> None:
        """Ask each port mapper that several of these nodes share once. They are opened next."""
        if not self._config["port"]:
            await self._transport.look_up(nodes, self._config["epmd_port"])

    async def open(self, node: Node, calls: Sequence[RemoteCall]) -> NodeConnection:
        """
        :param calls: the first ones, which are sent with the handshake.
        :raises UnreachableError: it cannot be reached.
        """
        return await self._open_with(self._cookie, node, calls)

    def renew(self) -> None:
        """Discard cached data that may be stale in a new round."""
        self._transport.renew()

    async def close(self) -> None:
        """Close what remains when all connections are closed."""
        await self._transport.close()

    async def _open_with(self, cookie: str, node: Node, calls: Sequence[RemoteCall]) -> NodeConnection:
        return await self._transport.open(
            node,
            cookie=cookie,
            port=self._config["port"],
            epmd_port=self._config["epmd_port"],
            own_name=self._config["node_name"],
            first=calls,
            tls=self._tls,
            timeout=self._config["timeout"],
        )


def _transport_of(topology: Topology) -> Transport:
    """
    :raises MissingLibraryError: this Python lacks a library that the transport needs.
    """
    if topology.driver_config["transport"] == "port_forward":
        # Imported only where it is used: that takes a tenth of a second.
        from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.port_forward import (
            PortForwardTransport,
        )

        return PortForwardTransport(topology.source)
    return Transport()
