# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes that the planner's tests share."""

from __future__ import annotations

import dataclasses

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Discovery,
    DriverFacts,
    Node,
    Observation,
    Policy,
    Unreachable,
    View,
)

EXCLUSIVE = DriverFacts(reversible=True, transitive=True, exclusive=True, prune_needs_answer=True)
TRANSITIVE = DriverFacts(reversible=True, transitive=True)
PAIRWISE = DriverFacts(reversible=True, transitive=False)
IRREVERSIBLE = DriverFacts(reversible=False, transitive=False)
JOINS_ALONE = DriverFacts(
    reversible=False, transitive=True, prune_needs_answer=True, prune_spreads=True, joins_alone=True
)
AT_ONCE = Policy(scope=("app@*",), confirmations=1, max_prune="100%", min_nodes=0)


def name(number: int) -> str:
    return f"app@10.0.0.{number}"


def names(*numbers: int) -> frozenset[str]:
    return frozenset(name(number) for number in numbers)


def discovered(*numbers: int) -> Discovery:
    return Discovery.complete([Node(name(number)) for number in numbers])


def mesh(*islands: tuple[int, ...], synced: bool = False) -> Observation:
    """Full and steady islands; everybody answers."""
    views = {}
    for island in islands:
        for number in island:
            peers = names(*island) - {name(number)}
            views[name(number)] = View(name(number), peers, peers if synced else None)
    return Observation(views)


def without(observation: Observation, *numbers: int) -> Observation:
    views = {key: view for key, view in observation.views.items() if key not in names(*numbers)}
    return Observation(views, {key: Unreachable("connection refused") for key in names(*numbers)})


def seen_down(observation: Observation, *numbers: int) -> Observation:
    """The members that answer report these, who don't, as down."""
    left = without(observation, *numbers)
    views = {
        key: dataclasses.replace(view, down=view.peers & names(*numbers)) if view.peers else view
        for key, view in left.views.items()
    }
    return Observation(views, left.unreachable)
