# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The half of the planner that links: who is to be in the cluster now. The rules say by which calls."""

from __future__ import annotations

from typing import Iterator

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    KEEP,
    NOT_READY,
    TERMINATING,
    Action,
    Discovery,
    Observation,
    Policy,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules


def connect_actions(
    discovery: Discovery,
    observation: Observation,
    policy: Policy,
    rules: Rules,
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
    yield from rules.additions(discovery, observation, frozenset(wanted), staying)
