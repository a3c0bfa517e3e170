# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner: one pure function from what should be and what is to what to do. It does no I/O and reads no clock."""

from __future__ import annotations

from typing import Iterator, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._graph import islands
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    FAILED,
    PRUNE,
    Absence,
    Discovery,
    Observation,
    Plan,
    Policy,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.connect import connect_actions
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.prune import prune_actions, undesired_members
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.table import not_whole, without_links
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules


def plan(
    discovery: Discovery,
    observation: Observation,
    policy: Policy,
    rules: Rules,
    earlier: Sequence[Discovery] = (),
    recently_pruned: frozenset[str] = frozenset(),
    absence: Absence = Absence(),  # noqa: B008 - it is frozen
) -> Plan:
    """The plan that would heal this cluster.

    :param earlier: the discoveries directly before this one, oldest first; they can confirm that a node is gone.
    :param recently_pruned: who was pruned within PRUNED_LATELY; it counts towards ``max_prune``.
    :param absence: what the looks at the source prove; ``absent_for`` needs them.
    :raises ValueError: the discovery failed. Nothing is ever planned from a failed discovery.
    """
    if discovery.status == FAILED:
        raise ValueError("no plan is made from a failed discovery")
    policy = policy.over(discovery)
    members = _relevant(discovery, observation, policy)
    prunes = tuple(prune_actions(discovery, observation, policy, rules, earlier, recently_pruned, absence))
    leaving = frozenset(action.node for action in prunes if action.kind == PRUNE)
    connects = connect_actions(discovery, observation, policy, rules, members - leaving)
    linked = without_links(connects, observation, rules)
    doubts = (*_doubts(discovery, observation, policy), *not_whole(observation, rules))
    return Plan((*prunes, *linked), islands(observation.views, members), doubts, rules.stages)


def _doubts(discovery: Discovery, observation: Observation, policy: Policy) -> Iterator[str]:
    if not discovery.nodes and (observation.members or not policy.allow_empty):
        yield (
            "the discovery is complete and empty: the source lists no node at all, so nothing is done, and the cluster "
            "is not called whole; if it may be empty, set policy.allow_empty: true"
        )


def _relevant(discovery: Discovery, observation: Observation, policy: Policy) -> frozenset[str]:
    """The names that this topology is about: the desired ones, and the undesired members that it may prune (all of them
    if there is no scope). Other nodes that are linked to the cluster are ignored.

    :param policy: that over this discovery.
    """
    prunable = (name for name in undesired_members(discovery, observation) if not policy.scope or policy.in_scope(name))
    return discovery.names.union(prunable)
