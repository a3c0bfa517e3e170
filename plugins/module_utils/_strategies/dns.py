# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``dns``: each A and AAAA record of a name is a node ``<basename>@<address>``."""

from __future__ import annotations

import ipaddress
from typing import Any, Iterable, Mapping, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies import _resolver
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import name_of


def discover(topology: str, config: Mapping[str, Any], attempt: int) -> Discovery:
    """
    :raises TopologyError: ``query`` is no domain name, or a nameserver no address.
    :raises MissingLibraryError: dnspython is missing.
    """
    return discover_addresses(topology, config, attempt, "config.query", config["query"])


def discover_addresses(topology: str, config: Mapping[str, Any], attempt: int, option: str, query: str) -> Discovery:
    """The same for a query from any option."""
    reading = _resolver.read(topology, config, attempt, option, query, config["types"])
    addresses = (address for answer in reading.answers.values() for address in answer.records)
    nodes, left_out = nodes_of(topology, config["node_basename"], addresses)
    return reading.discovery(nodes, left_out)


def nodes_of(topology: str, basename: Optional[str], addresses: Iterable[str]) -> tuple[list[Node], list[str]]:
    """
    :returns: one node for each address, IPv4 first, in numerical order; and why an address gave none.
    """
    parsed = sorted({ipaddress.ip_address(address) for address in addresses}, key=lambda ip: (ip.version, int(ip)))
    nodes, left_out = [], []
    for ip in parsed:
        if ip.is_unspecified or ip.is_multicast:
            # DNS filters answer a blocked name with 0.0.0.0 or ::
            left_out.append(f"DNS record {ip}: no host has this address")
        else:
            nodes.append(Node(name_of(topology, "DNS", basename, str(ip)), str(ip)))
    return nodes, left_out
