# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A transitive mesh whose members prevent overlapping partitions: a link is never added alone inside an island. A
member that lacks one leaves and rejoins."""

from __future__ import annotations

from typing import Iterator, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._graph import cover, missing_links
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    CONNECT,
    REJOINED_LATELY,
    Action,
    Observation,
    View,
    minutes,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Obstacle, refused
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.transitive import MeshIsland, Transitive, merges


class Exclusive(Transitive):
    def is_unsteady(self, name: str, observation: Observation) -> Optional[Obstacle]:
        """None: an unfinished link counts as missing, and the member that lacks it rejoins."""
        return None

    def _island(self, part: tuple[str, ...], views: Mapping[str, View]) -> MeshIsland:
        missing = missing_links(views, part)
        rejoining = cover(missing)
        sound = tuple(name for name in part if name not in rejoining)
        return MeshIsland(part, sound, sorted(missing), rejoining)

    def _inside_and_between(
        self, found: Sequence[MeshIsland], hub: Optional[str], views: Mapping[str, View]
    ) -> Iterator[Action]:
        yield from merges(found, hub)
        for island in found:
            obstacle = _obstacle(island, views)
            for node in island.rejoining:
                if obstacle:
                    yield refused(node, "unsteady", obstacle)
                else:
                    detail = "it lacks links and no link can be added alone, so it leaves and rejoins"
                    yield Action(CONNECT, node, "rejoin", hub, detail=detail, rejoin=True)

    def _listed_by_some(self, node: str, lacking: Sequence[str], observation: Observation) -> Iterator[Action]:
        if lacking:
            yield refused(node, "unsteady", f"not listed by {', '.join(lacking)}, and it takes no call to rejoin")


def _obstacle(island: MeshIsland, views: Mapping[str, View]) -> Optional[str]:
    """Why its members should not leave and rejoin."""
    if len(island.rejoining) * 2 > len(island.names):
        lacking = f"{len(island.rejoining)} of the {len(island.names)} members of its island lack links"
        return f"{lacking}, too many to let them leave and rejoin"
    in_vain = [name for name in island.lacking if views[name].rejoined]
    if in_vain:
        return (
            f"{min(in_vain)} left and rejoined within the last {minutes(REJOINED_LATELY)}, and links are missing "
            "again: some members refuse each other, because of different cookies or keys say"
        )
    return None
