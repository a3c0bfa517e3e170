# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several objects say of the same pods -> nodes. Pure; nothing here depends on the order in which it was read.

A pod may be told by several Services, in both address families, and by more than one slice of one Service at a time:
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


class Telling(NamedTuple):
    """What one object says of one address. ``instance``: the pod, or what else a ``targetRef`` names, else the address
    itself; each behind its namespace."""

    instance: str
    node: Node

    @property
    def is_target(self) -> bool:
        return self.instance != f"{self.node.attributes['namespace']}/{self.node.address}"

    @property
    def is_ipv6(self) -> bool:
        return ":" in (self.node.address or "")


class Nameless(NamedTuple):
    """What gives no name under the mode. ``problem`` says why, ``where`` of what."""

    instance: str
    place: tuple[str, str]
    problem: str
    where: str


class Names(NamedTuple):
    """A slice whose addresses are names. ``service``: whose it is; ``selected``: the topology selects that Service."""

    service: tuple[str, str]
    selected: bool
    where: str


@dataclass
class Batch:
    """What one page holds.

    ``services``: namespace and name of each Service that owns an object -> whether one of them has an IP address.
    ``problems``: what is wrong -> where.
    """

    objects: int = 0
    tellings: list[Telling] = field(default_factory=list)
    nameless: list[Nameless] = field(default_factory=list)
    names: list[Names] = field(default_factory=list)
    services: dict[tuple[str, str], bool] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def problem(self, what: str, where: str) -> None:
        self.problems.setdefault(what, []).append(where)


def services_of(batches: Iterable[Batch]) -> dict[tuple[str, str], bool]:
    """See ``Batch.services``, of all pages."""
    services: dict[tuple[str, str], bool] = {}
    for batch in batches:
        for service, has_addresses in batch.services.items():
            services[service] = has_addresses or services.get(service, False)
    return services


def merge(batches: Sequence[Batch]) -> tuple[list[Node], list[str]]:
    """
    :returns: one node for each pod, in the order of their names, and what is wrong, in words.
    """
    whole = Batch()
    for batch in batches:
        for what, where in batch.problems.items():
            whole.problems.setdefault(what, []).extend(where)
    told = [telling for batch in batches for telling in batch.tellings]
    told_once, told_often = _grouped(told, [telling.instance for telling in told])
    kept = [*told_once, *(one for tellings in told_often for one in _of_one_instance(tellings, whole))]
    # Names that differ in case only are one name (RFC 4343).
    alone, sharing = _grouped(kept, [telling.node.name.lower() for telling in kept])
    nodes = [telling.node for telling in alone]
    nodes += [_of_one_name(tellings, whole).node for tellings in sharing]
    nodes.sort(key=attrgetter("name"))
    _judge_nameless(batches, told, whole)
    _judge_names(batches, whole)
    return nodes, [_sentence(what, where) for what, where in sorted(whole.problems.items())]


def _grouped(tellings: list[Telling], keys: Sequence[str]) -> tuple[list[Telling], list[list[Telling]]]:
    """
    :param keys: one for each telling.
    :returns: those whose key nobody else has, which nearly all are, and the others, together with whom they share it.
    """
    if len(set(keys)) == len(keys):
        return tellings, []
    groups: dict[str, list[Telling]] = {}
    for key, telling in zip(keys, tellings):
        groups.setdefault(key, []).append(telling)
    alone = [group[0] for group in groups.values() if len(group) == 1]
    return alone, [group for group in groups.values() if len(group) > 1]


def _of_one_instance(tellings: Sequence[Telling], whole: Batch) -> Sequence[Telling]:
    """One for each address. There is one address but where a pod has just got another, which some slices tell and some
    do not yet: who knows which is which, so both are kept, and nothing is complete."""
    if len({telling.node.name.partition("@")[0] for telling in tellings if "@" in telling.node.name}) > 1:
        whole.problem(SEVERAL_BASENAMES, min(map(_place, tellings)))
    tellings = [telling for telling in tellings if not telling.is_ipv6] or tellings
    if len(tellings) == 1:
        return tellings
    by_address: dict[Optional[str], list[Telling]] = {}
    for telling in tellings:
        by_address.setdefault(telling.node.address, []).append(telling)
    kept = [_of_one_address(same) for same in by_address.values()]
    if len(kept) > 1:
        whole.problem(SEVERAL_ADDRESSES, min(map(_place, kept)))
    return kept


def _of_one_address(tellings: Sequence[Telling]) -> Telling:
    # By its name first: that a pod gets ready does not give it another one.
    name = min(telling.node.name for telling in tellings)
    return _best([telling for telling in tellings if telling.node.name == name])


def _of_one_name(tellings: Sequence[Telling], whole: Batch) -> Telling:
    """Whoever is ready before who is not, before who leaves: an address passes from an old pod to a new one. Several
    that are equally alive share it instead, and all but one of them would be missed without a word."""
    winner = _best(tellings)
    state = winner.node.state
    count = _instances([telling for telling in tellings if telling.node.state == state])
    if count > 1 and state != TERMINATING:
        whole.problem(f"{count} instances share one name, and only one of them can be listed", winner.node.name)
    return winner


def _instances(tellings: Sequence[Telling]) -> int:
    """How many there are. An address that nobody says whose it is may be that of a pod which is known, or one of the
    two addresses of something with both families."""
    targets = {telling.instance for telling in tellings if telling.is_target}
    known = {telling.node.address for telling in tellings if telling.is_target}
    others = {telling.node.address or "" for telling in tellings} - known
    ipv6 = sum(":" in address for address in others)
    return len(targets) + max(ipv6, len(others) - ipv6)


def _best(tellings: Sequence[Telling]) -> Telling:
    """Of what gives one name, in whatever order it comes."""
    orders = [_order(telling) for telling in tellings]
    least = min(orders)
    best = [telling for telling, order in zip(tellings, orders) if order == least]
    return best[0] if len(best) == 1 else min(best, key=lambda telling: repr(sorted(telling.node.attributes.items())))


def _order(telling: Telling) -> tuple[int, bool, str, str, str]:
    node = telling.node
    return _RANK[node.state], telling.is_ipv6, node.name, node.address or "", str(node.attributes["service_name"])


def _judge_nameless(batches: Sequence[Batch], told: Sequence[Telling], whole: Batch) -> None:
    """A pod that another object has named has a name: beside a headless Service, whose endpoints have host names, most
    charts have one with an address of its own, whose endpoints have none."""
    nameless = [one for batch in batches for one in batch.nameless]
    if not nameless:
        return
    named = {telling.instance for telling in told}
    places = {(telling.node.attributes["namespace"], telling.node.address) for telling in told}
    for one in nameless:
        if one.instance not in named and one.place not in places:
            whole.problem(one.problem, one.where)


def _judge_names(batches: Sequence[Batch], whole: Batch) -> None:
    """A slice of names is in the way only where instances of what the topology is about may be behind it."""
    services = services_of(batches)
    for batch in batches:
        for one in batch.names:
            if one.selected or services.get(one.service):
                whole.problem(NO_ADDRESSES, one.where)


def _place(telling: Telling) -> str:
    node = telling.node
    return f"{node.attributes['namespace']}/{node.attributes['pod_name'] or node.address}"[:200]


def _sentence(what: str, where: Sequence[str]) -> str:
    # What has a namespace and a name comes first.
    first = min(where, key=lambda place: ("/" not in place, place))
    others = len(where) - 1
    return f"{what}: {first}" + (f" and {others} more" if others else "")
