# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract between a run and a driver.

A driver reads the members and carries out what was planned. It decides nothing: the planner says who leaves, the rules
that the driver holds say how and in what order. A run does this with it, over and over::

    driver = driver_for(topology)
    try:
        seen = await driver.observe(nodes, in_scope)
        for stage in plan(discovery, seen, policy, driver.rules).stages:
            await driver.perform(stage, nodes, outcomes.__setitem__)
        seen = await driver.settle(nodes, in_scope, done)
    finally:
        await driver.close()

**Order.** One method is called at a time, and one stage after the other. Within a stage the driver may carry out the
actions side by side, or one after the other.

**Concurrency.** Members are asked side by side, so that one that never answers costs one time-out, whatever their
number. Each wait has an end.

**Cancellation.** A run is interrupted by cancelling ``perform``, wherever it waits. What must not be left half done,
such as a call with the look that verifies it, is a part of its own, see ``common/atomic.py``: it is finished, and no
other one is begun. A second cancellation ends it at once. A part is as small as the system allows, and reports itself.

**Partial success.** One action that fails does not stop the others. Each is reported when it has ended: ``Done`` if the
members show it, ``Failed`` if nothing of it goes on, ``Pending`` if the members are still at it, and ``Unknown`` if it
may have been carried out or may be later. If the driver tries one again, its last outcome counts. After an ``Unknown``
the driver begins nothing more. No outcome is raised.
"""

from __future__ import annotations

from typing import Callable, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Action,
    Done,
    Failed,
    Node,
    Observation,
    Outcome,
    Stage,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules

Report = Callable[[Action, Outcome], None]
Problems = Mapping[Action, Optional[str]]
"""Each action -> None if it is done, or the reason why it failed."""


class Driver:
    """A driver keeps its connections open until it is closed, over any number of rounds."""

    @property
    def rules(self) -> Rules:
        """How the members that were observed last are joined and left."""
        raise NotImplementedError

    async def observe(self, desired: Sequence[Node], in_scope: Callable[[str], bool]) -> Observation:
        """Read the views of the desired nodes, and of the in-scope peers that they list. A view that could not be read
        is never an empty one: its node is in ``unreachable``, with the reason."""
        raise NotImplementedError

    async def settle(
        self, desired: Sequence[Node], in_scope: Callable[[str], bool], done: Callable[[Observation], bool]
    ) -> Observation:
        """Observe repeatedly until ``done`` holds or the driver's own limit is reached; return the last observation."""
        raise NotImplementedError

    async def perform(self, stage: Stage, desired: Sequence[Node], report: Report) -> None:
        """Carry out the actions of a stage, and report the outcome of each that was begun. A prune is verified on the
        members that stay.

        :param stage: of links, it has either prunes or connects.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Close every connection. Safe to call twice."""
        raise NotImplementedError


def report_problems(problems: Problems, report: Report) -> None:
    """Report actions of which each is either done, if its problem is None, or failed."""
    for action, problem in problems.items():
        report(action, Done() if problem is None else Failed(problem))
