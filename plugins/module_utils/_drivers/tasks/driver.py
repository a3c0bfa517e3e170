# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver for task files: tasks of a user's own read and change the members.

No topology names it with the option ``driver``, and the registry does not know it: it cannot be made from a topology
alone. Only a playbook can run tasks, so whoever can have them run makes the driver, and hands it :class:`Tasks`.
"""

from __future__ import annotations

from typing import Callable, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import (
    Driver,
    Problems,
    Report,
    report_problems,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._model import PRUNE, Action, Node, Observation, Stage
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules

LOOKS = 5
"""How often the views are read until an action shows in them."""
PAUSE = 1.0
"""Seconds between two of them."""


class Tasks:
    """What has the task files run."""

    def list_nodes(self, desired: Sequence[Node], pause: float) -> Observation:
        """Run the tasks that list, after a pause in seconds."""
        raise NotImplementedError

    def connect(self, actions: Sequence[Action]) -> Problems:
        """Run the tasks that connect, once for each action.

        :returns: why the tasks failed, or None.
        """
        raise NotImplementedError

    def disconnect(self, actions: Sequence[Action]) -> Problems:
        """As :meth:`connect`, with the tasks that disconnect."""
        raise NotImplementedError


class TaskDriver(Driver):
    """Reads members by tasks, and verifies in their views what tasks have changed.

    :param rules: those that the user declares; tasks do not show them.
    """

    def __init__(self, tasks: Tasks, rules: Rules) -> None:
        self._tasks = tasks
        self._rules = rules
        self._last: Optional[Observation] = None

    @property
    def rules(self) -> Rules:
        return self._rules

    def forget_views(self) -> None:
        """Have the next :meth:`settle` begin with new views: time has passed since the last ones."""
        self._last = None

    async def observe(self, desired: Sequence[Node], in_scope: Callable[[str], bool]) -> Observation:
        return self._look(desired, 0)

    async def settle(
        self, desired: Sequence[Node], in_scope: Callable[[str], bool], done: Callable[[Observation], bool]
    ) -> Observation:
        seen = self._last or self._look(desired, 0)
        for _look in range(1, LOOKS):
            if done(seen):
                break
            seen = self._look(desired, PAUSE)
        return seen

    async def perform(self, stage: Stage, desired: Sequence[Node], report: Report) -> None:
        """The tasks loop over the actions of a stage, so they end together."""
        self.forget_views()
        if stage[0].kind == PRUNE:
            report_problems(await self._prune(stage, desired), report)
        else:
            report_problems(self._tasks.connect(stage), report)

    async def _prune(self, actions: Stage, desired: Sequence[Node]) -> Problems:
        """The views decide whether a prune worked, whatever the tasks report."""
        problems = self._tasks.disconnect(actions)
        gone = frozenset(action.node for action in actions)
        seen = await self.settle(desired, lambda _name: True, lambda seen: not _listing(seen, gone, gone))
        return {action: _verdict(action, problems[action], seen, gone) for action in actions}

    async def close(self) -> None:
        """Nothing is open."""

    def _look(self, desired: Sequence[Node], pause: float) -> Observation:
        self._last = self._tasks.list_nodes(desired, pause)
        return self._last


def _listing(seen: Observation, nodes: frozenset[str], gone: frozenset[str]) -> list[str]:
    """The members that stay and list one of the nodes."""
    return sorted(name for name, view in seen.views.items() if name not in gone and view.peers & nodes)


def _verdict(action: Action, problem: Optional[str], seen: Observation, gone: frozenset[str]) -> Optional[str]:
    listing = _listing(seen, frozenset({action.node}), gone)
    if listing:
        return problem or f"{listing[0]} still lists it"
    if action.observer not in seen.views:
        return problem or f"{action.observer} no longer says whom it lists, so nobody saw it gone"
    return None
