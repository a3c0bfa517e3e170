# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members keep one list of all of them, those that are down included, and joining deletes what the node held.

So a node joins only if it knows no other member and has no data, and only one island: the one that is larger than all
others. Any other separate node is reported and left to a person. While members disagree on who is one, no node joins.
"""

from __future__ import annotations

from typing import Iterator, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._graph import cover, islands, missing_links
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    CONNECT,
    DISAGREE,
    TERMINATING,
    Action,
    Discovery,
    Observation,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Obstacle, Rules, refused

Part = Sequence[str]

_MEND = "stop all members but the one whose data is to stay, and then start them again"


class JoinsAlone(Rules):
    """A connect takes one node alone into the island of the observer."""

    def additions(
        self, discovery: Discovery, observation: Observation, wanted: frozenset[str], staying: frozenset[str]
    ) -> Iterator[Action]:
        yield from _Joins(discovery, observation, wanted, staying).actions()

    def nobody_leaves(self, observation: Observation) -> Optional[Obstacle]:
        if not observation.disagreement:
            return None
        return Obstacle("partitioned", f"nobody is taken off as long as {observation.disagreement}")

    def is_unsteady(self, name: str, observation: Observation) -> Optional[Obstacle]:
        """None: a member list is either complete or missing."""
        return None


class _Joins:
    def __init__(
        self, discovery: Discovery, observation: Observation, wanted: frozenset[str], staying: frozenset[str]
    ) -> None:
        self._discovery = discovery
        self._views = observation.views
        self._parted, self._disagreement = observation.parted, observation.disagreement
        self._wanted = wanted
        self._staying = staying
        parts = self._parts = islands(self._views, staying)
        self._blank = [part[0] for part in parts if self._is_blank(part)]
        self._settled = [part for part in parts if not self._is_blank(part)]

    def actions(self) -> Iterator[Action]:
        if self._parted:
            yield from self._partitioned()
            yield from self._absent(sorted(self._views))
            return
        main = self._main()
        if main:
            yield from self._inside(main)
            yield from self._into(main)
            for part in self._settled:
                if part is not main:
                    yield from (self._apart(node) for node in part if self._may_join(node))
        else:
            yield from (self._without_main(node) for node in sorted(self._wanted & self._views.keys()))
        yield from self._absent(main)

    def _partitioned(self) -> Iterator[Action]:
        for part in self._parts:
            is_elsewhere = self._parted.keys().isdisjoint(part)
            for node in filter(self._may_join, part):
                if node in self._parted:
                    yield refused(node, "partitioned", f"it and {self._parted[node]} {DISAGREE}: {_MEND}")
                elif is_elsewhere:
                    yield refused(node, "partitioned", f"nobody joins as long as {self._disagreement}")

    def _is_blank(self, part: Part) -> bool:
        return len(part) == 1 and not self._views[part[0]].peers and not self._views[part[0]].holds

    def _may_join(self, node: str) -> bool:
        return node in self._wanted and node in self._views

    def _main(self) -> Optional[Part]:
        """The island that nodes join: the one larger than all others, or the first one if all are blank."""
        if not self._settled:
            first = next(filter(self._may_join, self._blank), None)
            return (first,) if first else None
        sizes = [len(part) for part in self._settled]
        return self._settled[0] if sizes.count(sizes[0]) == 1 else None

    def _inside(self, main: Part) -> Iterator[Action]:
        missing = missing_links(self._views, [node for node in main if self._may_join(node)])
        for node in cover(missing):
            yield refused(node, "unsteady", f"it and {min(missing[node])} do not both list the other")

    def _into(self, main: Part) -> Iterator[Action]:
        hub = next(filter(self._may_join, main), None)
        obstacle = self._obstacle(main, hub)
        for node in self._blank:
            if node not in main and self._may_join(node):
                if obstacle:
                    yield refused(node, *obstacle)
                else:
                    yield Action(CONNECT, node, "missing", hub, detail=f"{hub} does not list it as running")

    def _obstacle(self, main: Part, hub: Optional[str]) -> Optional[tuple[str, str]]:
        """Why nobody may join that island now, as a reason and its detail."""
        if not hub:
            return "no_answer", f"no member of the island of {main[0]} is ready and takes a call"
        if not self._settled:
            unseen = [n.name for n in self._discovery.nodes if n.state != TERMINATING and n.name not in self._views]
            return ("no_answer", f"{min(unseen)} does not answer, and may be the cluster to join") if unseen else None
        known = frozenset().union(*(self._views[node].peers for node in main if node in self._views))
        lost = (known & self._staying) - frozenset(main) - frozenset(self._blank)
        if len(lost) >= len(main):
            return "split", f"{len(main)} members run as far as {hub} knows, and {len(lost)} are down: not most of them"
        return None

    def _apart(self, node: str) -> Action:
        """Why a node of another island stays there."""
        view = self._views[node]
        if not view.peers:
            return refused(node, "data", f"it holds data that joining would delete: {_first_of(view.holds)}")
        return refused(node, "split", f"it is in another cluster, with {_first_of(view.peers)}: islands are not merged")

    def _without_main(self, node: str) -> Action:
        largest = [part for part in self._settled if len(part) == len(self._settled[0])]
        tied = " and that of ".join(part[0] for part in largest)
        return refused(node, "split", f"the island of {tied} are of one size, so that none is the one to join")

    def _absent(self, main: Optional[Part]) -> Iterator[Action]:
        """Refuse nodes that take no call, since they cannot be made to join. A node that the members still list comes
        back by itself."""
        for node in sorted(self._wanted - self._views.keys()):
            lacking = [name for name in main or () if name in self._views and node not in self._views[name].peers]
            if lacking:
                yield refused(node, "no_answer", f"{lacking[0]} does not list it, and it takes no call to join")
            elif not main:
                yield refused(node, "no_answer", "it takes no call to join")


def _first_of(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)[:3])
