# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``dns_srv``: each SRV record (RFC 2782) of a name is a node ``<basename>@<target>``."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import TopologyError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies import _resolver
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import name_of

_ROOT = "."


def discover(topology: str, config: Mapping[str, Any], attempt: int) -> Discovery:
    """
    :raises TopologyError: ``query`` is no domain name, or a nameserver no address.
    :raises MissingLibraryError: dnspython is missing.
    """
    return discover_targets(topology, config, attempt, "config.query", config["query"])


def discover_targets(topology: str, config: Mapping[str, Any], attempt: int, option: str, query: str) -> Discovery:
    """The same for a query from any option."""
    reading = _resolver.read(topology, config, attempt, option, query, ["SRV"])
    if "SRV" not in reading.answers:
        return reading.discovery([])
    nodes, left_out = nodes_of(topology, config["node_basename"], reading.answers["SRV"])
    return reading.discovery(nodes, left_out)


def nodes_of(topology: str, basename: Optional[str], answer: _resolver.Answer) -> tuple[list[Node], list[str]]:
    """
    :returns: one node for each record, by name and then by priority; and why a record gave none.
    """
    if [record.target for record in answer.records] == [_ROOT]:
        # The service is decidedly not available at this domain (RFC 2782, "Target").
        return [], []
    nodes, left_out = [], []
    for record in sorted(answer.records, key=lambda one: (one.target, one.priority, -one.weight, one.port)):
        if record.target == _ROOT:
            left_out.append("DNS record SRV '.': says that there are no nodes, and other records name some")
            continue
        host = record.target[:-1]
        try:
            name = name_of(topology, "SRV", basename, host)
        except TopologyError as error:
            left_out.append(f"DNS record SRV: {error.problem}")
            continue
        (address, *_others) = answer.addresses.get(record.target.lower()) or [host]
        attributes = {"port": record.port, "priority": record.priority, "weight": record.weight}
        nodes.append(Node(name, address, attributes=attributes))
    return nodes, left_out
