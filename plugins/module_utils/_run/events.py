# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of a run: the difference between the cluster at its end and at its beginning.

So a node has at most one event of each type, over all rounds and observers, and a change that was undone has none.
"""

from __future__ import annotations

from typing import Iterator, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    CONNECT,
    PRUNE,
    Action,
    Done,
    Failed,
    MemberEvent,
    Observation,
    Outcome,
    Plan,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import RunEvent

Islands = Sequence[Sequence[str]]


class Events:
    """Records what the run sees and does, in order; :meth:`all` works at any time.

    :param before: the islands at the end of an earlier run: a node that was linked since then has joined too.
    """

    def __init__(self, before: Optional[Islands] = None) -> None:
        self._before = before
        self._first: Optional[Islands] = None
        self._plan = Plan()
        self._desired: frozenset[str] = frozenset()
        self._connected: dict[str, Action] = {}
        self._failed: dict[str, tuple[Action, str]] = {}
        self._pruned: dict[str, Action] = {}
        self._unsure: dict[str, frozenset[Optional[str]]] = {}
        self._left: frozenset[str] = frozenset()

    def saw(self, desired: frozenset[str], observation: Observation, plan: Plan) -> None:
        """Record an observation. One in which no member answers is ignored, so that the one before stays valid."""
        if not observation.views:
            return
        if self._first is None:
            self._first = plan.islands
        self._desired, self._plan = desired, plan
        self._left = frozenset(node for node in self._pruned if self._is_out(node, observation))

    def did(self, outcomes: Mapping[Action, Outcome]) -> None:
        """Record the outcomes of a stage. What is pending or unknown is no event yet."""
        self._did_prune({action: outcome for action, outcome in outcomes.items() if action.kind == PRUNE})
        self._did_connect({action: outcome for action, outcome in outcomes.items() if action.kind == CONNECT})

    def _did_prune(self, outcomes: Mapping[Action, Outcome]) -> None:
        for node, calls in _by_node(outcomes).items():
            worked = [action for action, outcome in calls.items() if isinstance(outcome, Done)]
            self._unsure[node] = frozenset(action.observer for action in calls if action not in worked)
            if worked:
                self._pruned.setdefault(node, worked[0])
            if worked and not self._unsure[node]:
                self._left |= {node}

    def _did_connect(self, outcomes: Mapping[Action, Outcome]) -> None:
        for node, calls in _by_node(outcomes).items():
            self._failed.pop(node, None)
            for action, outcome in calls.items():
                if isinstance(outcome, Done):
                    self._connected[node] = action
                elif isinstance(outcome, Failed):
                    self._failed[node] = action, outcome.reason

    @property
    def islands(self) -> Optional[Islands]:
        """The islands that were seen last, or else those from before the run."""
        return self._before if self._first is None else self._plan.islands

    def _is_out(self, node: str, observation: Observation) -> bool:
        """Whether no member that stays lists the node, and it lists none of them. Every member that failed to prune it
        has to have answered."""
        staying = observation.views.keys() - self._pruned.keys()
        own = observation.views.get(node)
        return (
            self._unsure[node] <= observation.views.keys()
            and not any(node in observation.views[name].peers for name in staying)
            and (own is None or own.peers.isdisjoint(staying | self._desired))
        )

    def all(self) -> list[RunEvent]:
        """Each as a dict with ``event``, ``node``, ``reason`` and ``observer``; those of one kind by name."""
        return [
            {"event": event.event, "node": event.node, "reason": event.reason, "observer": event.observer}
            for event in (*self._joins(), *self._leaves(), *self._failures(), *self._refusals())
        ]

    def _joins(self) -> Iterator[MemberEvent]:
        beginnings = [islands for islands in (self._first, self._before) if islands is not None]
        new = frozenset().union(*(joined(islands, self._plan.islands) for islands in beginnings))
        for node in sorted(new & self._desired):
            action = self._connected.get(node)
            yield MemberEvent("joined", node, "it is in the largest island now", action.observer if action else None)

    def _leaves(self) -> Iterator[MemberEvent]:
        for node in sorted(self._left):
            yield MemberEvent("left", node, self._pruned[node].detail, self._pruned[node].observer)

    def _failures(self) -> Iterator[MemberEvent]:
        for node, (action, problem) in sorted(self._failed.items()):
            if any(_is_same_link(action, other) for other in self._plan.actions):
                yield MemberEvent("connect_failed", node, problem, action.observer)

    def _refusals(self) -> Iterator[MemberEvent]:
        for action in sorted(self._plan.refusals, key=lambda action: action.node):
            if action.refused == PRUNE:
                yield MemberEvent("prune_refused", action.node, action.reason)


def joined(before: Islands, after: Islands) -> frozenset[str]:
    """The nodes that were linked into the largest island: all but the largest part that was one island before."""
    largest = frozenset(after[0]) if after else frozenset()
    parts = [largest & frozenset(island) for island in before]
    return largest - max(parts, key=len, default=frozenset())


def _by_node(outcomes: Mapping[Action, Outcome]) -> dict[str, dict[Action, Outcome]]:
    nodes: dict[str, dict[Action, Outcome]] = {}
    for action, outcome in outcomes.items():
        nodes.setdefault(action.node, {})[action] = outcome
    return nodes


def _is_same_link(failed: Action, other: Action) -> bool:
    """Whether ``other``, planned or refused, is still about the link that failed. Either end of a link can call."""
    if CONNECT not in (other.kind, other.refused):
        return False
    return other.node == failed.node or (other.node, other.observer) == (failed.observer, failed.node)
