# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a plan, one stage after the other."""

from __future__ import annotations

from typing import Awaitable, Callable, Mapping, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Driver
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    CONNECT,
    PRUNE,
    PRUNED_LATELY,
    REJOINED_LATELY,
    Action,
    Done,
    Failed,
    Node,
    Observation,
    Outcome,
    Pending,
    Plan,
    Stage,
    Unknown,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._run.recently import Recently
from ansible_collections.selfheal.cluster.plugins.module_utils._run.result import RunRecord

Look = Callable[[], Awaitable[Observation]]


class Stages:
    """``pruned`` and ``connected`` are the nodes of late, over all plans."""

    def __init__(self, driver: Driver, clock: Callable[[], float]) -> None:
        self.pruned = Recently(PRUNED_LATELY, clock)
        self.connected = Recently(REJOINED_LATELY, clock)
        self._driver = driver

    async def carry_out(
        self, todo: Plan, desired: Sequence[Node], record: RunRecord, look: Look
    ) -> Mapping[Action, Outcome]:
        """Carry out the stages of the plan, until one of them does not come to its end.

        :param look: observes the cluster; for rules that are asked again before each stage.
        :returns: the outcomes of the actions that were begun.
        """
        outcomes: dict[Action, Outcome] = {}
        for number, planned in enumerate(todo.stages):
            stage = await self._guarded(planned, record, look) if number else planned
            if stage:
                outcomes.update(await self._perform(stage, desired, record))
            if under_way(outcomes):
                break
        return outcomes

    async def _guarded(self, stage: Stage, record: RunRecord, look: Look) -> Stage:
        """What is left of a stage now that those before it are done."""
        rules = self._driver.rules
        if not rules.guarded:
            return stage
        held_back = rules.guard(stage, await look())
        for action, obstacle in held_back.items():
            record.warn(f"{action.kind} of {action.node} was held back ({obstacle.reason}): {obstacle.detail}")
        return tuple(action for action in stage if action not in held_back)

    async def _perform(self, stage: Stage, desired: Sequence[Node], record: RunRecord) -> Mapping[Action, Outcome]:
        """An interruption is passed on to the driver, and what it finished before it ended is recorded."""
        reported: dict[Action, Outcome] = {}
        try:
            with record.timed(stage[0].kind):
                await self._driver.perform(stage, desired, reported.__setitem__)
            for action in stage:
                reported.setdefault(action, Unknown("the driver did not say what became of it"))
        finally:
            outcomes = {action: reported[action] for action in stage if action in reported}
            record.did(outcomes)
            self._remember(outcomes)
        return outcomes

    def _remember(self, outcomes: Mapping[Action, Outcome]) -> None:
        """A prune that may still be carried out counts, and so does the leaving of a node that could not rejoin."""
        worked = {action for action, outcome in outcomes.items() if isinstance(outcome, Done)}
        out = {action for action, outcome in outcomes.items() if not isinstance(outcome, Failed)}
        self.pruned.add({action.node for action in out if action.kind == PRUNE})
        self.connected.add(
            {action.node for action in outcomes if action.kind == CONNECT and (action.rejoin or action in worked)}
        )


def failed(outcomes: Mapping[Action, Outcome]) -> frozenset[str]:
    """The nodes that are not tried again in this run. A node that was made to leave must get back, if need be by
    another member, so its failure is not final."""
    return frozenset(
        action.node for action, outcome in outcomes.items() if isinstance(outcome, Failed) and not action.rejoin
    )


def under_way(outcomes: Mapping[Action, Outcome]) -> frozenset[str]:
    """The nodes whose action may be carried out later."""
    return frozenset(action.node for action, outcome in outcomes.items() if isinstance(outcome, (Pending, Unknown)))
