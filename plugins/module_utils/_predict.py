# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan would make of the views, for check mode's diff."""

from __future__ import annotations

from typing import Iterable

from ansible_collections.selfheal.cluster.plugins.module_utils._graph import islands
from ansible_collections.selfheal.cluster.plugins.module_utils._model import DriverFacts, Observation, Plan, View


def predict(plan: Plan, observation: Observation, facts: DriverFacts) -> Observation:
    """The views after every connect and prune of the plan has worked. Who was pruned is no longer asked."""
    gone = frozenset(action.node for action in plan.prunes)
    staying = {name: view for name, view in observation.views.items() if name not in gone}
    peers = {name: set(view.peers - gone) for name, view in staying.items()}
    for action in plan.connects:
        for one, other in ((action.observer, action.node), (action.node, action.observer)):
            if one in peers and other:
                peers[one].add(other)
    views = {name: _as_listed(view, peers[name]) for name, view in staying.items()}
    if facts.transitive:
        for island in islands(views, Observation(views).members):
            for name in views.keys() & frozenset(island):
                views[name] = _as_listed(views[name], views[name].peers.union(island) - {name})
    return Observation(views, observation.unreachable)


def _as_listed(view: View, peers: Iterable[str]) -> View:
    listed = frozenset(peers)
    return View(
        view.observer, listed, None if view.synced is None else listed, view.down & listed, view.stopping, view.hidden
    )
