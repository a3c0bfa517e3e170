# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan would make of the views, for check mode's diff."""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet

from ansible_collections.selfheal.cluster.plugins.module_utils._graph import islands
from ansible_collections.selfheal.cluster.plugins.module_utils._model import DriverFacts, Observation, Plan, View


def predict(plan: Plan, observation: Observation, facts: DriverFacts) -> Observation:
    """The views after every connect and prune of the plan has worked. Who was pruned is no longer asked."""
    gone = frozenset(action.node for action in plan.prunes)
    staying = {name: view for name, view in observation.views.items() if name not in gone}
    linked = {name: set(view.linked - gone) for name, view in staying.items()}
    for action in plan.connects:
        for one, other in ((action.observer, action.node), (action.node, action.observer)):
            if one in linked and other:
                linked[one].add(other)
    views = {name: _as_linked(view, linked[name], gone) for name, view in staying.items()}
    if facts.transitive:
        for island in islands(views, Observation(views).members):
            for name in views.keys() & frozenset(island):
                views[name] = _as_linked(views[name], views[name].linked.union(island) - {name}, gone)
    return Observation(views, observation.unreachable)


def _as_linked(view: View, linked: AbstractSet[str], gone: frozenset[str]) -> View:
    peers = frozenset(linked)
    down = view.down - peers - gone
    return replace(view, peers=peers | down, synced=None if view.synced is None else peers, down=down)
