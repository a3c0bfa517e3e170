# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``local_epmd``: every node that the epmd of this machine knows."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Iterable, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist import epmd
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import (
    DiscoveryError,
    OptionError,
    UnreachableError,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._names import check_node_name

_ADDRESS = "127.0.0.1"


def discover(config: Mapping[str, Any], attempt: int) -> Discovery:
    """
    :raises OptionError: ``node_host`` is no host part of a node name.
    :raises DiscoveryError: epmd isn't there, or what answers is not epmd.
    """
    # As erl -sname does it.
    host = config["node_host"] or socket.gethostname().partition(".")[0]
    check_node_name("config.node_host", f"name@{host}")
    try:
        registered = asyncio.run(epmd.names(_ADDRESS, config["epmd_port"], config["timeout"]))
    except UnreachableError as error:
        raise DiscoveryError(f"{error}: check that a node runs here, and config.epmd_port") from error
    nodes, left_out = nodes_of(host, _ADDRESS, registered)
    return Discovery.partial(nodes, left_out) if left_out else Discovery.complete(nodes)


def nodes_of(host: str, address: str, registered: Iterable[tuple[str, int]]) -> tuple[list[Node], list[str]]:
    """
    :param host: what stands behind the ``@`` of each name.
    :param address: where the epmd was asked, and so where its nodes are reached.
    :param registered: each name without its host, and the distribution port.
    :returns: the nodes by name; and why a name gave none, or stands for several.
    """
    nodes: list[Node] = []
    left_out: list[str] = []
    ports: dict[str, list[int]] = {}
    for base, port in sorted(registered):
        ports.setdefault(base, []).append(port)
    for base, its_ports in ports.items():
        try:
            name = check_node_name("epmd", f"{base}@{host}")
        except OptionError as error:
            left_out.append(f"epmd: {error.problem}")
            continue
        if len(its_ports) > 1:
            left_out.append(f"epmd: {len(its_ports)} nodes share the name {base!r}, and one name is one node")
        nodes.append(Node(name, address, attributes={"port": its_ports[0]}))
    return nodes, left_out
