# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes that the planner's tests share."""

from __future__ import annotations

import dataclasses

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Discovery,
    Node,
    Observation,
    Policy,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.exclusive import Exclusive
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.joins_alone import JoinsAlone
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.pairwise import Pairwise
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.transitive import Transitive

EXCLUSIVE = Exclusive(reversible=True, leaves_itself=True)
TRANSITIVE = Transitive(reversible=True)
PAIRWISE = Pairwise(reversible=True)
IRREVERSIBLE = Pairwise(reversible=False)
JOINS_ALONE = JoinsAlone(reversible=False, leaves_itself=True, spreads=True)
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
