# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The half of the planner that links: few edges where the mesh completes itself, all of them where it does not."""

from __future__ import annotations

from functools import partial
from itertools import repeat
from typing import AbstractSet, Collection, Iterable, Iterator, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._graph import cover, islands, missing_links
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    CONNECT,
    KEEP,
    NOT_READY,
    REFUSE,
    REJOINED_LATELY,
    TERMINATING,
    Action,
    Discovery,
    DriverFacts,
    Observation,
    Policy,
    View,
    minutes,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.join import join_actions

_NODE = Action._fields.index("node")
_NOBODY_ANSWERS = "no member answers that could connect it"


def connect_actions(
    discovery: Discovery,
    observation: Observation,
    policy: Policy,
    facts: DriverFacts,
    staying: frozenset[str],
) -> Iterator[Action]:
    """
    :param staying: the relevant names without those that this plan prunes: who can hold two nodes in one island.
    """
    wanted: set[str] = set()
    for node in sorted(discovery.nodes, key=lambda node: node.name):
        view = observation.views.get(node.name)
        if node.state == TERMINATING or (view and view.stopping):
            yield Action(KEEP, node.name, TERMINATING, detail="neither connected nor pruned until it is gone")
        elif node.state == NOT_READY and not policy.include_not_ready:
            yield Action(KEEP, node.name, NOT_READY, detail="never pruned, and not newly connected (include_not_ready)")
        else:
            wanted.add(node.name)
    if facts.joins_alone:
        yield from join_actions(discovery, observation, frozenset(wanted), staying)
        return
    if not facts.exclusive:
        yield from _unsettled(wanted, observation.unsettled)
    answering = sorted(wanted & frozenset(observation.views))
    absent = sorted(wanted - frozenset(observation.views))
    if not facts.transitive:
        yield from _pairs(answering, observation.views)
        yield from _absent_from_each(answering, absent, observation)
        return
    hidden = frozenset(name for name in observation.views if observation.views[name].hidden)
    visible = [name for name in answering if name not in hidden]
    mesh = _Mesh(visible, observation.views, staying - hidden, facts.exclusive)
    if facts.exclusive:
        yield from mesh.rejoins_and_merges()
    else:
        yield from mesh.links_and_merges()
    if hidden:
        pairs = _pairs(answering, observation.views)
        yield from (action for action in pairs if action.node in hidden or action.observer in hidden)
    yield from _absent_from_mesh(mesh.hub, answering, absent, observation, facts)


def _unsettled(wanted: AbstractSet[str], told_by: Mapping[str, str]) -> Iterator[Action]:
    """Who is listed, and stays neither in nor out. A connect changes nothing about that."""
    for node in sorted(told_by.keys() & wanted):
        yield _refuse(node, "unsteady", f"{told_by[node]} lists it as neither in nor out")


def _pairs(answering: Sequence[str], views: Mapping[str, View]) -> Iterator[Action]:
    """Each missing link once, called by an end that lacks it, the calls spread evenly over the ends."""
    everyone = frozenset(answering)
    for row, name in enumerate(answering):
        view = views[name]
        lacking = everyone - view.linked - {name}
        if lacking:
            # Of two that lack each other every other one calls: those behind by even steps, those before by odd ones.
            turn = [*answering[(row + 1) % 2 : row : 2], *answering[row + 2 :: 2]]
            others = [peer for peer in lacking.difference(turn) if name in views[peer].linked]
            yield from _missing_all([peer for peer in turn if peer in lacking] + sorted(others), name, view)


def _absent_from_each(answering: Sequence[str], absent: Sequence[str], observation: Observation) -> Iterator[Action]:
    for node in absent:
        if not answering:
            yield _refuse(node, "no_answer", _NOBODY_ANSWERS)
        observers = [name for name in answering if node not in observation.views[name].linked]
        yield from _reach_out(node, observers, observation)


def _absent_from_mesh(
    hub: Optional[str], answering: Sequence[str], absent: Sequence[str], observation: Observation, facts: DriverFacts
) -> Iterator[Action]:
    for node in absent:
        lacking = [name for name in answering if node not in observation.views[name].linked]
        listed_by_some = len(lacking) < len(answering)
        if listed_by_some and lacking and facts.exclusive:
            yield _refuse(node, "unsteady", f"not listed by {', '.join(lacking)}, and it takes no call to rejoin")
        elif listed_by_some:
            yield from _reach_out(node, lacking, observation)
        else:
            yield from _reach_out(node, [hub] if hub else [], observation)
            if not hub:
                yield _refuse(node, "no_answer", _NOBODY_ANSWERS)


def _reach_out(node: str, observers: Sequence[str], observation: Observation) -> Iterator[Action]:
    """A node that is out of reach from here may be in reach of a member, unless it took our connection in silence."""
    why = observation.unreachable.get(node)
    if why and why.silent and observers:
        yield _refuse(node, "no_answer", why.reason)
        return
    for observer in observers:
        yield _missing(node, observer, observation.views[observer])


def _missing(node: str, observer: str, view: View) -> Action:
    detail = f"{observer} reports it unreachable" if node in view.down else f"{observer} does not list it"
    return Action(CONNECT, node, "missing", observer, detail=detail)


def _missing_all(nodes: Sequence[str], observer: str, view: View) -> Iterable[Action]:
    """The same for half a million links in well under a second."""
    if view.down:
        return [_missing(node, observer, view) for node in nodes]
    template = _missing("", observer, view)
    columns = [repeat(value) if index != _NODE else nodes for index, value in enumerate(template)]
    return map(partial(tuple.__new__, Action), zip(*columns))


def _refuse(node: str, reason: str, detail: str) -> Action:
    return Action(REFUSE, node, reason, refused=CONNECT, detail=detail)


class _Mesh:
    """The nodes that answered and are wanted, in a mesh where one link merges two islands."""

    def __init__(
        self, answering: Sequence[str], views: Mapping[str, View], staying: frozenset[str], exclusive: bool
    ) -> None:
        self._views = views
        wanted = frozenset(answering)
        parts = (tuple(name for name in island if name in wanted) for island in islands(views, staying))
        self._islands = [_MeshIsland(part, missing_links(views, part) if exclusive else {}) for part in parts if part]
        self._islands.sort(key=lambda island: (-len(island.sound), island.sound))
        self.hub = self._islands[0].sound[0] if self._islands else None

    def links_and_merges(self) -> Iterator[Action]:
        for island in self._islands:
            yield from _pairs(island.names, self._views)
        yield from self._merges()

    def rejoins_and_merges(self) -> Iterator[Action]:
        yield from self._merges()
        for island in self._islands:
            obstacle = self._obstacle(island)
            if obstacle:
                yield from (_refuse(node, "unsteady", obstacle) for node in island.rejoining)
            else:
                for node in island.rejoining:
                    detail = "it lacks links and no link can be added alone, so it leaves and rejoins"
                    yield Action(CONNECT, node, "rejoin", self.hub, detail=detail, rejoin=True)

    def _obstacle(self, island: _MeshIsland) -> Optional[str]:
        """Why its members should not leave and rejoin."""
        if len(island.rejoining) * 2 > len(island.names):
            lacking = f"{len(island.rejoining)} of the {len(island.names)} members of its island lack links"
            return f"{lacking}, too many to let them leave and rejoin"
        in_vain = [name for name in island.lacking if self._views[name].rejoined]
        if in_vain:
            return (
                f"{min(in_vain)} left and rejoined within the last {minutes(REJOINED_LATELY)}, and links are missing "
                "again: some members refuse each other, because of different cookies or keys say"
            )
        return None

    def _merges(self) -> Iterator[Action]:
        for island in self._islands[1:]:
            yield Action(CONNECT, island.sound[0], "island", self.hub, detail=f"{self.hub} is in another island")


class _MeshIsland:
    """Its nodes in the order of their names, those that lack links, and which of them must leave and rejoin for it to
    be whole."""

    def __init__(self, names: Sequence[str], missing: Mapping[str, Collection[str]]) -> None:
        self.names = names
        self.lacking = sorted(missing)
        self.rejoining = cover(missing)
        self.sound = tuple(name for name in names if name not in self.rejoining)
