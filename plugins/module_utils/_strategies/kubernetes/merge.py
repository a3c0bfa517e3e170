# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges the endpoints that several objects list for the same pods into nodes. Pure, and independent of their order.

A pod may be listed by several Services, in both address families, and by more than one slice of one Service at a time:
https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#duplicate-endpoints
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import Iterable, NamedTuple, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._model import NOT_READY, READY, TERMINATING, Node

_RANK = {READY: 0, NOT_READY: 1, TERMINATING: 2}
NO_ADDRESSES = "its addresses are names (addressType FQDN), which are no IP addresses"
SEVERAL_ADDRESSES = "one pod is listed at several addresses of one family"
SEVERAL_BASENAMES = "one pod is listed with several basenames (config.node_basename_label)"


class Endpoint(NamedTuple):
    """One address in one object. ``instance``: the pod, or another object that a ``targetRef`` names, or else the
    address itself; each after its namespace."""

    instance: str
    node: Node

    @property
    def is_target(self) -> bool:
        return self.instance != f"{self.node.attributes['namespace']}/{self.node.address}"

    @property
    def is_ipv6(self) -> bool:
        return ":" in (self.node.address or "")


class Nameless(NamedTuple):
    """An endpoint that has no name under the option ``mode``. ``problem`` says why, ``where`` names the endpoint."""

    instance: str
    place: tuple[str, str]
    problem: str
    where: str


class Names(NamedTuple):
    """A slice whose addresses are names. ``service``: its owner; ``selected``: the topology selects that Service."""

    service: tuple[str, str]
    selected: bool
    where: str


@dataclass
class PageContent:
    """The parsed content of one page.

    ``services``: namespace and name of each Service that owns an object -> whether one of them has an IP address.
    ``problems``: problem -> the places where it occurs.
    """

    objects: int = 0
    endpoints: list[Endpoint] = field(default_factory=list)
    nameless: list[Nameless] = field(default_factory=list)
    names: list[Names] = field(default_factory=list)
    services: dict[tuple[str, str], bool] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def problem(self, what: str, where: str) -> None:
        self.problems.setdefault(what, []).append(where)


def services_of(batches: Iterable[PageContent]) -> dict[tuple[str, str], bool]:
    """``PageContent.services`` over all pages."""
    services: dict[tuple[str, str], bool] = {}
    for batch in batches:
        for service, has_addresses in batch.services.items():
            services[service] = has_addresses or services.get(service, False)
    return services


def merge(batches: Sequence[PageContent]) -> tuple[list[Node], list[str]]:
    """
    :returns: one node for each pod, in the order of their names, and the problems as sentences.
    """
    whole = PageContent()
    for batch in batches:
        for what, where in batch.problems.items():
            whole.problems.setdefault(what, []).extend(where)
    listed = [endpoint for batch in batches for endpoint in batch.endpoints]
    single, repeated = _grouped(listed, [endpoint.instance for endpoint in listed])
    kept = [*single, *(one for endpoints in repeated for one in _of_one_instance(endpoints, whole))]
    # Names that differ in case only are one name (RFC 4343).
    alone, sharing = _grouped(kept, [endpoint.node.name.lower() for endpoint in kept])
    nodes = [endpoint.node for endpoint in alone]
    nodes += [_of_one_name(endpoints, whole).node for endpoints in sharing]
    nodes.sort(key=attrgetter("name"))
    _report_nameless(batches, listed, whole)
    _report_names(batches, whole)
    return nodes, [_sentence(what, where) for what, where in sorted(whole.problems.items())]


def _grouped(endpoints: list[Endpoint], keys: Sequence[str]) -> tuple[list[Endpoint], list[list[Endpoint]]]:
    """
    :param keys: one for each endpoint.
    :returns: the endpoints with a unique key, which nearly all have, and the others in groups that share a key.
    """
    if len(set(keys)) == len(keys):
        return endpoints, []
    groups: dict[str, list[Endpoint]] = {}
    for key, endpoint in zip(keys, endpoints):
        groups.setdefault(key, []).append(endpoint)
    alone = [group[0] for group in groups.values() if len(group) == 1]
    return alone, [group for group in groups.values() if len(group) > 1]


def _of_one_instance(endpoints: Sequence[Endpoint], whole: PageContent) -> Sequence[Endpoint]:
    """One endpoint for each address. There are several only if a pod has just got another address, which not all slices
    have yet. Nothing shows which one is current, so all are kept, and the discovery is partial."""
    if len({endpoint.node.name.partition("@")[0] for endpoint in endpoints if "@" in endpoint.node.name}) > 1:
        whole.problem(SEVERAL_BASENAMES, min(map(_place, endpoints)))
    endpoints = [endpoint for endpoint in endpoints if not endpoint.is_ipv6] or endpoints
    if len(endpoints) == 1:
        return endpoints
    by_address: dict[Optional[str], list[Endpoint]] = {}
    for endpoint in endpoints:
        by_address.setdefault(endpoint.node.address, []).append(endpoint)
    kept = [_of_one_address(same) for same in by_address.values()]
    if len(kept) > 1:
        whole.problem(SEVERAL_ADDRESSES, min(map(_place, kept)))
    return kept


def _of_one_address(endpoints: Sequence[Endpoint]) -> Endpoint:
    # The name is chosen before the state, so that a pod keeps its name when it becomes ready.
    name = min(endpoint.node.name for endpoint in endpoints)
    return _best([endpoint for endpoint in endpoints if endpoint.node.name == name])


def _of_one_name(endpoints: Sequence[Endpoint], whole: PageContent) -> Endpoint:
    """A ready endpoint wins over one that is not ready, and that over a terminating one: an address passes from an old
    pod to a new one. If several in the same state share a name, all but one would be left out, which is a problem."""
    winner = _best(endpoints)
    state = winner.node.state
    count = _instances([endpoint for endpoint in endpoints if endpoint.node.state == state])
    if count > 1 and state != TERMINATING:
        whole.problem(f"{count} instances share one name, and only one of them can be listed", winner.node.name)
    return winner


def _instances(endpoints: Sequence[Endpoint]) -> int:
    """The number of instances. An address without a target may belong to a known pod, or be one of the two addresses of
    an instance with both families."""
    targets = {endpoint.instance for endpoint in endpoints if endpoint.is_target}
    known = {endpoint.node.address for endpoint in endpoints if endpoint.is_target}
    others = {endpoint.node.address or "" for endpoint in endpoints} - known
    ipv6 = sum(":" in address for address in others)
    return len(targets) + max(ipv6, len(others) - ipv6)


def _best(endpoints: Sequence[Endpoint]) -> Endpoint:
    """The best of the endpoints with one name, whatever their order."""
    orders = [_order(endpoint) for endpoint in endpoints]
    least = min(orders)
    best = [endpoint for endpoint, order in zip(endpoints, orders) if order == least]
    return best[0] if len(best) == 1 else min(best, key=lambda endpoint: repr(sorted(endpoint.node.attributes.items())))


def _order(endpoint: Endpoint) -> tuple[int, bool, str, str, str]:
    node = endpoint.node
    return _RANK[node.state], endpoint.is_ipv6, node.name, node.address or "", str(node.attributes["service_name"])


def _report_nameless(batches: Sequence[PageContent], listed: Sequence[Endpoint], whole: PageContent) -> None:
    """Report endpoints without a name, unless another object names the same pod: next to a headless Service, whose
    endpoints have host names, most charts have a Service with an address of its own, whose endpoints have none."""
    nameless = [one for batch in batches for one in batch.nameless]
    if not nameless:
        return
    named = {endpoint.instance for endpoint in listed}
    places = {(endpoint.node.attributes["namespace"], endpoint.node.address) for endpoint in listed}
    for one in nameless:
        if one.instance not in named and one.place not in places:
            whole.problem(one.problem, one.where)


def _report_names(batches: Sequence[PageContent], whole: PageContent) -> None:
    """Report slices whose addresses are names, if they may contain instances of this topology."""
    services = services_of(batches)
    for batch in batches:
        for one in batch.names:
            if one.selected or services.get(one.service):
                whole.problem(NO_ADDRESSES, one.where)


def _place(endpoint: Endpoint) -> str:
    node = endpoint.node
    return f"{node.attributes['namespace']}/{node.attributes['pod_name'] or node.address}"[:200]


def _sentence(what: str, where: Sequence[str]) -> str:
    # A place with a namespace and a name is shown before others.
    first = min(where, key=lambda place: ("/" not in place, place))
    others = len(where) - 1
    return f"{what}: {first}" + (f" and {others} more" if others else "")
