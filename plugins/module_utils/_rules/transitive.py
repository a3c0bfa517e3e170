# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connect merges two islands: members exchange the names of their peers and complete the mesh."""

from __future__ import annotations

from typing import Iterator, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._graph import islands
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    CONNECT,
    Action,
    Discovery,
    Observation,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules, refused
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.pairwise import (
    NOBODY_ANSWERS,
    pairs,
    reach_out,
)


class Transitive(Rules):
    def additions(
        self, discovery: Discovery, observation: Observation, wanted: frozenset[str], staying: frozenset[str]
    ) -> Iterator[Action]:
        views = observation.views
        answering = sorted(wanted & frozenset(views))
        hidden = frozenset(name for name in views if views[name].hidden)
        mesh = [name for name in answering if name not in hidden]
        found = self._islands(mesh, views, staying - hidden)
        hub = found[0].sound[0] if found else None
        yield from self._refused_as_unsteady(wanted, observation)
        yield from self._inside_and_between(found, hub, views)
        if hidden:
            linked_alone = pairs(answering, views)
            yield from (action for action in linked_alone if action.node in hidden or action.observer in hidden)
        for node in sorted(wanted - frozenset(views)):
            yield from self._absent(node, hub, answering, observation)

    def _islands(self, mesh: Sequence[str], views: Mapping[str, View], staying: frozenset[str]) -> list[MeshIsland]:
        """The islands of the wanted nodes that answered, the one with most sound nodes first."""
        wanted = frozenset(mesh)
        parts = (tuple(name for name in part if name in wanted) for part in islands(views, staying))
        found = [self._island(part, views) for part in parts if part]
        return sorted(found, key=lambda island: (-len(island.sound), island.sound))

    def _island(self, part: tuple[str, ...], views: Mapping[str, View]) -> MeshIsland:
        return MeshIsland(part, sound=part)

    def _inside_and_between(
        self, found: Sequence[MeshIsland], hub: Optional[str], views: Mapping[str, View]
    ) -> Iterator[Action]:
        for island in found:
            yield from pairs(island.names, views)
        yield from merges(found, hub)

    def _absent(
        self, node: str, hub: Optional[str], answering: Sequence[str], observation: Observation
    ) -> Iterator[Action]:
        lacking = [name for name in answering if node not in observation.views[name].linked]
        if len(lacking) < len(answering):
            yield from self._listed_by_some(node, lacking, observation)
            return
        yield from reach_out(node, [hub] if hub else [], observation)
        if not hub:
            yield refused(node, "no_answer", NOBODY_ANSWERS)

    def _listed_by_some(self, node: str, lacking: Sequence[str], observation: Observation) -> Iterator[Action]:
        yield from reach_out(node, lacking, observation)


class MeshIsland:
    """Its nodes in the order of their names, those that lack links, and which of them must leave and rejoin for it to
    be whole. The ``sound`` ones are all others."""

    def __init__(
        self, names: Sequence[str], sound: Sequence[str], lacking: Sequence[str] = (), rejoining: Sequence[str] = ()
    ) -> None:
        self.names = names
        self.sound = sound
        self.lacking = lacking
        self.rejoining = rejoining


def merges(found: Sequence[MeshIsland], hub: Optional[str]) -> Iterator[Action]:
    for island in found[1:]:
        yield Action(CONNECT, island.sound[0], "island", hub, detail=f"{hub} is in another island")
