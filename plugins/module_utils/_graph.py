# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Views as a graph. Every result is sorted, so that the order of the inputs does not matter."""

from __future__ import annotations

from typing import Collection, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._model import View


def islands(views: Mapping[str, View], among: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """The connected components of the views, largest first, then by name. It is enough if one end lists a link.

    :param among: the nodes that count; one that neither answered nor is linked to one that did is in no island.
    """
    counted = frozenset(among)
    island_of: dict[str, set[str]] = {}
    for start in views:
        if start in counted and start not in island_of:
            island = _reach(start, views, counted)
            # Links count in both directions, but a node reached before may not list the nodes that list it.
            known = {id(island_of[name]): island_of[name] for name in island if name in island_of}
            island.update(*known.values())
            island_of.update(dict.fromkeys(island, island))
    found = {id(island): island for island in island_of.values()}
    return tuple(sorted((tuple(sorted(island)) for island in found.values()), key=lambda one: (-len(one), one)))


def _reach(start: str, views: Mapping[str, View], counted: frozenset[str]) -> set[str]:
    """The nodes that the views lead to, from one to the next. It is cheap in a whole mesh: one step reaches all."""
    reached = {start}
    edge = {start}
    while edge and len(reached) < len(counted):
        edge = set().union(*(views[name].linked for name in edge if name in views)) & counted
        edge -= reached
        reached |= edge
    return reached


def missing_links(views: Mapping[str, View], among: Collection[str]) -> dict[str, set[str]]:
    """Both directions of every link among nodes that answered which one end or both do not list, or list but have not
    finished with. Nodes that lack nothing are left out."""
    answering = frozenset(among) & frozenset(views)
    missing: dict[str, set[str]] = {}
    for name in answering:
        view = views[name]
        sound = view.linked if view.synced is None else view.linked & view.synced
        for peer in answering - sound - {name}:
            missing.setdefault(name, set()).add(peer)
            missing.setdefault(peer, set()).add(name)
    return missing


def missing_inside_islands(views: Mapping[str, View], among: Collection[str]) -> dict[str, set[str]]:
    """The same for each island on its own: links between islands are not missed."""
    missing: dict[str, set[str]] = {}
    for island in islands(views, among):
        missing.update(missing_links(views, island))
    return missing


def cover(missing: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """A small set of nodes, chosen greedily, that has an end of every missing link. Those with most come first."""
    left = {name: set(peers) for name, peers in missing.items()}
    chosen = []
    while left:
        worst = max(left, key=lambda name: (len(left[name]), name))
        chosen.append(worst)
        for peer in left.pop(worst):
            left[peer].discard(worst)
            if not left[peer]:
                del left[peer]
    return tuple(chosen)
