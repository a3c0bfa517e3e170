# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict: one word for a topology, the same wherever it is shown (pure)."""

from __future__ import annotations

from typing import Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    FAILED,
    PARTIAL,
    READY,
    Discovery,
    Observation,
    Plan,
)

DISCOVERY_FAILED = "discovery_failed"
NO_NODE_ANSWERS = "no_node_answers"
EMPTY = "empty"
PARTITIONED = "partitioned"
NO_QUORUM = "no_quorum"
SPLIT = "split"
CHANGING = "changing"
NOT_WHOLE = "not_whole"
WHOLE = "whole"

VERDICTS = (DISCOVERY_FAILED, NO_NODE_ANSWERS, EMPTY, PARTITIONED, NO_QUORUM, SPLIT, CHANGING, NOT_WHOLE, WHOLE)
"""In their order: the first one that holds is the verdict."""
UNTOLD = (DISCOVERY_FAILED, NO_NODE_ANSWERS)
"""The verdicts of runs that could not tell how the cluster is."""


def verdicts(
    discovery: Optional[Discovery], observation: Observation, plan: Optional[Plan], under_way: bool = False
) -> tuple[str, ...]:
    """All verdicts that hold, in the order of ``VERDICTS``; empty if the run ended before it saw the cluster.

    :param plan: what is outstanding after the run; None if none was made.
    :param under_way: whether an action of the run is pending, or nobody knows what became of it.
    """
    if discovery and discovery.status == FAILED:
        return (DISCOVERY_FAILED,)
    if not discovery or not plan:
        return ()
    answered = bool(observation.views)
    holds = {
        NO_NODE_ANSWERS: bool(observation.unreachable) and not answered,
        EMPTY: not discovery.nodes,
        PARTITIONED: answered and _is_partitioned(observation, plan),
        SPLIT: answered and _is_split(discovery, plan),
        CHANGING: under_way,
        NOT_WHOLE: not plan.converged or _lacks(discovery, observation),
    }
    return tuple(word for word in VERDICTS if holds.get(word)) or (WHOLE,)


def _is_partitioned(observation: Observation, plan: Plan) -> bool:
    """Whether members of one cluster disagree on who is in it: by their own report, or by their lists."""
    return any(table.partitions for table in observation.tables.values()) or any(
        action.reason == PARTITIONED for action in plan.refusals
    )


def _is_split(discovery: Discovery, plan: Plan) -> bool:
    """Whether ready nodes are in more than one island. A node that is not ready may not have joined yet."""
    ready = frozenset(node.name for node in discovery.nodes if node.state == READY)
    return sum(1 for island in plan.islands if not ready.isdisjoint(island)) > 1


def _lacks(discovery: Discovery, observation: Observation) -> bool:
    """Whether some of the cluster is not known: nodes of the source, or a ready node without an answer."""
    return discovery.status == PARTIAL or any(
        node.state == READY and node.name in observation.unreachable for node in discovery.nodes
    )
