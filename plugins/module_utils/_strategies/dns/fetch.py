# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``dns``: each A and AAAA record of a name is a node ``<basename>@<address>``."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Iterable, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._io.addresses import (
    Ip,
    Prefix,
    ip_of,
    may_stand_for,
    prefixes_in,
    stands_for,
    text_of,
    why_no_host,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._names import name_of
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common import resolver as _resolver

Prefixes = Callable[[], Sequence[Prefix]]

# RFC 7050: it only has A records, so an AAAA record of it was synthesized from them.
_IPV4_ONLY = "ipv4only.arpa."


def discover(config: Mapping[str, Any], attempt: int) -> Discovery:
    """
    :raises OptionError: ``query`` is no domain name, or a nameserver no address.
    :raises MissingLibraryError: dnspython is missing.
    """
    reading = _resolver.read(config, attempt, "config.query", config["query"], config["types"])
    return discovery_of(config, reading)


def discovery_of(config: Mapping[str, Any], reading: _resolver.QueryResult) -> Discovery:
    """The same of what was read for any option."""
    addresses = [address for answer in reading.answers.values() for address in answer.records]
    nodes, left_out = nodes_of(config["node_basename"], addresses, partial(_prefixes, config, reading))
    return reading.discovery(nodes, left_out)


def nodes_of(
    basename: Optional[str], addresses: Iterable[str], prefixes: Prefixes = tuple
) -> tuple[list[Node], list[str]]:
    """
    :param prefixes: asks for this network's own prefixes for NAT64. It is called only where they matter.
    :returns: one node for each host, by its IPv4 address where it has one in another form too, IPv4 first, in numerical
        order; and why an address gave none.
    """
    ips = sorted(set(map(ip_of, addresses)))
    problems = {ip: problem for ip in ips if (problem := why_no_host(ip))}
    if problems:
        ips = [ip for ip in ips if ip not in problems]
    nodes = []
    for ip in _without_other_forms(ips, prefixes):
        text = text_of(ip)
        nodes.append(Node(name_of("DNS", basename, text), text))
    return nodes, [f"DNS record {text_of(ip)}: {problem}" for ip, problem in problems.items()]


def _without_other_forms(ips: Sequence[Ip], prefixes: Prefixes) -> Sequence[Ip]:
    four = {ip.number for ip in ips if ip.version == 4}
    if not 0 < len(four) < len(ips):
        return ips
    six = [ip.number for ip in ips if ip.version == 6]
    others = {number for number in six if not four.isdisjoint(stands_for(number))}
    if any(number not in others and not four.isdisjoint(may_stand_for(number)) for number in six):
        known = prefixes()
        others.update(number for number in six if not four.isdisjoint(stands_for(number, known)))
    return [ip for ip in ips if ip.version == 4 or ip.number not in others]


def _prefixes(config: Mapping[str, Any], reading: _resolver.QueryResult) -> Sequence[Prefix]:
    return prefixes_in(reading.ask_aside("AAAA", _IPV4_ONLY, "AAAA", config["tcp"]))
