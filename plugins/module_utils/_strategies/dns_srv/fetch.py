# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``dns_srv``: each SRV record (RFC 2782) of a name is a node ``<basename>@<target>``."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.addresses import same_text, usable
from ansible_collections.selfheal.cluster.plugins.module_utils._model import ADDRESSES, Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._names import name_of
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common import resolver as _resolver
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver_records import Srv
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.service_names import (
    service_of,
    virtual_ip,
)

_ROOT = "."


def discover(config: Mapping[str, Any], attempt: int) -> Discovery:
    """
    :raises OptionError: ``query`` is no domain name, or a nameserver no address.
    :raises MissingLibraryError: dnspython is missing.
    """
    return discover_targets(config, attempt, "config.query", config["query"])


def discover_targets(config: Mapping[str, Any], attempt: int, option: str, query: str) -> Discovery:
    """The same for a query from any option."""
    reading = _resolver.read(config, attempt, option, query, ["SRV"])
    if "SRV" not in reading.answers:
        return reading.discovery([])
    service, answer = service_of(query), reading.answers["SRV"]
    if service and any(same_text(record.target) == service for record in answer.records):
        return Discovery.failed([f"{option}: {virtual_ip(service)}"])
    nodes, left_out = nodes_of(config["node_basename"], answer, several_ports=service is not None)
    return reading.discovery(nodes, left_out)


def nodes_of(
    basename: Optional[str], answer: _resolver.RecordsAnswer, several_ports: bool = False
) -> tuple[list[Node], list[str]]:
    """
    :param several_ports: a node has a record for each of its ports. Otherwise each port is an instance of its own.
    :returns: one node for each target, by name, with the attributes of its most wanted record; and why a record gave
        none, or stands for several instances.
    """
    if [record.target for record in answer.records] == [_ROOT]:
        # The service is decidedly not available at this domain (RFC 2782, "Target").
        return [], []
    by_target: dict[str, list[Srv]] = {}
    for record in answer.records:
        by_target.setdefault(record.target.lower(), []).append(record)
    nodes, left_out = [], []
    for target in sorted(by_target):
        records = by_target[target]
        if target == _ROOT:
            left_out.append("DNS record SRV '.': says that there are no nodes, and other records name some")
            continue
        host = _spelling(records)
        try:
            name = name_of("SRV", basename, host)
        except OptionError as error:
            left_out.append(f"DNS record SRV: {error.problem}")
            continue
        addresses = answer.addresses.get(target, ())
        if addresses:
            addresses = usable(addresses)
        nodes.append(_node(name, host, records, addresses))
        if len(records) > 1 or len(addresses) > 1:
            left_out += _shared(host, records, addresses, several_ports)
    return nodes, left_out


def _spelling(records: Sequence[Srv]) -> str:
    """RFC 4343: it is one name, however it is written. Hosts are rather called in lower case."""
    if len(records) == 1:
        return records[0].target[:-1]
    return min((record.target for record in records), key=str.swapcase)[:-1]


def _node(name: str, host: str, records: Sequence[Srv], addresses: Sequence[str]) -> Node:
    record = records[0]
    if len(records) > 1:
        record = min(records, key=lambda one: (one.priority, -one.weight, one.port))
    attributes: dict[str, Any] = {"port": record.port, "priority": record.priority, "weight": record.weight}
    if len(addresses) > 1:
        attributes[ADDRESSES] = list(addresses)
    return Node(name, addresses[0] if addresses else host, attributes=attributes)


def _shared(host: str, records: Sequence[Srv], addresses: Sequence[str], several_ports: bool) -> list[str]:
    """Why one name stands for several instances. An IPv4 and an IPv6 address are one instance's."""
    six = sum(":" in address for address in addresses)
    counts = {
        "ports": 0 if several_ports else len({record.port for record in records}),
        "IPv4 addresses": len(addresses) - six,
        "IPv6 addresses": six,
    }
    what = max(counts, key=lambda one: counts[one])
    if counts[what] < 2:
        return []
    return [
        f"DNS record SRV: {counts[what]} {what} share the target {host!r}, and one name is one node:"
        " give each instance a target of its own"
    ]
