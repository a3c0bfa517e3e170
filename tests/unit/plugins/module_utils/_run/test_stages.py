# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages and what becomes of their actions, on a cluster that is simulated, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Action,
    Discovery,
    Failed,
    Observation,
    Pending,
    Stage,
    Unknown,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Obstacle, Rules
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.pairwise import Pairwise
from ansible_collections.selfheal.cluster.plugins.module_utils._run.result import RunRecord
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import Reconciler

from tests.harness.simulation import virtual_time
from tests.harness.simulation.cluster import Cluster, SimulatedDriver

from .._planner.plans import discovered, name, names


class Run:
    """One run of ``membership`` with this driver, whose source always lists the same nodes."""

    def __init__(self, driver: SimulatedDriver, *desired: int, max_rounds: int = 5, **policy: Any) -> None:
        self.record = RunRecord("chat", True)
        self.driver = driver
        self._discovery = discovered(*desired)
        self._max_rounds = max_rounds
        topology = topology_of(
            {
                "topology": "chat",
                "strategy": "static",
                "config": {"nodes": []},
                "policy": {"scope": ["app@*"], "confirmations": 1, "max_prune": "100%", **policy},
            }
        )
        self._reconciler = Reconciler(topology, driver, self.record, self._ask)

    async def _ask(self, _attempt: int, _pause: float) -> Discovery:
        return self._discovery

    def to_its_end(self) -> Any:
        virtual_time.run(self._reconciler.converge(False, self._max_rounds))
        return self.record.done()

    def interrupted(self, *at: float) -> Any:
        """Interrupted at these seconds.

        :returns: the result, and the second at which the run ended.
        """

        async def run() -> float:
            loop = asyncio.get_running_loop()
            task = asyncio.ensure_future(self._reconciler.converge(False, self._max_rounds))
            for second in at:
                loop.call_at(second, task.cancel)
            with pytest.raises(asyncio.CancelledError):
                await task
            return loop.time()

        ended = virtual_time.run(run())
        return self.record.done(), ended


def pruned(result: Any) -> list[str]:
    return [link["node"] for link in result["pruned"]]


def told(run: Run) -> str:
    return "; ".join(run.record.warnings)


def test_what_is_pending_is_planned_again_and_starts_no_later_stage_meanwhile() -> None:
    cluster = Cluster(names(1, 2, 5), names(3))
    run = Run(SimulatedDriver(cluster, outcomes={name(5): Pending("it hands over", "3 of 9 slots")}), 1, 2, 3)
    result = run.to_its_end()
    assert [(action.kind, action.node) for action in run.driver.begun] == [
        ("prune", name(5)),
        ("prune", name(5)),
        ("connect", name(3)),
    ]
    assert (result["rounds"], result["converged"]) == (2, True)
    assert f"prune of {name(5)} is under way: it hands over (3 of 9 slots)" in told(run)


@pytest.mark.parametrize("outcome", [Pending("it copies"), Unknown("the call timed out")])
def test_a_cluster_is_not_converged_while_something_is_under_way(outcome) -> None:
    class Hidden(SimulatedDriver):
        """The views show the change before it is over."""

        async def _one(self, action, fails, report) -> None:
            self.cluster.connect(str(action.observer), action.node)
            await super()._one(action, fails, report)

    driver = Hidden(Cluster(names(1, 2), names(3)), outcomes={name(3): outcome})
    result = Run(driver, 1, 2, 3, max_rounds=1).to_its_end()
    assert result["islands"] == [[name(1), name(2), name(3)]]
    assert (result["verdict"], result["converged"], result["connected"]) == ("changing", False, [])
    if isinstance(outcome, Pending):
        assert Run(driver, 1, 2, 3).to_its_end()["converged"] is True


def test_after_an_unknown_outcome_nothing_is_changed_in_this_run_and_that_is_told() -> None:
    cluster = Cluster(names(1, 2, 5, 6), names(3))
    run = Run(SimulatedDriver(cluster, outcomes={name(5): Unknown("the call timed out")}), 1, 2, 3)
    result = run.to_its_end()
    assert [action.node for action in run.driver.begun] == [name(5)]
    assert (result["rounds"], result["changed"], result["converged"]) == (1, False, False)
    assert "nothing more is changed in this run: the call timed out" in told(run)
    assert result["events"] == []


def test_what_may_have_been_pruned_counts_towards_max_prune() -> None:
    cluster = Cluster(names(1, 2, 3, 5))
    driver = SimulatedDriver(cluster, outcomes={name(5): Unknown("the call timed out")})
    run = Run(driver, 1, 2, 3, max_prune="1")
    run.to_its_end()
    cluster.connect(name(1), name(6))
    cluster.alive.add(name(6))
    cluster.connect(name(1), name(6))
    cluster.isolate(name(5))
    result = run.to_its_end()
    assert (pruned(result), [refusal["reason"] for refusal in result["refused"]]) == ([], ["max_prune"])


def test_an_action_of_which_the_driver_says_nothing_is_unknown() -> None:
    class Silent(SimulatedDriver):
        async def perform(self, stage, desired, report) -> None:
            pass

    run = Run(Silent(Cluster(names(1, 2), names(3))), 1, 2, 3)
    assert run.to_its_end()["converged"] is False
    assert "the driver did not say what became of it" in told(run)


class Careful(Pairwise):
    guarded = True

    def guard(self, stage: Stage, observation: Observation) -> Mapping[Action, Obstacle]:
        held = Obstacle("busy", f"{len(observation.members)} members")
        return {action: held for action in stage if name(4) in (action.node, action.observer)}


class Guarded(SimulatedDriver):
    """``looks``: how often the cluster was observed."""

    def __init__(self, cluster: Cluster, rules: Rules) -> None:
        super().__init__(cluster)
        self._rules = rules
        self.looks = 0

    @property
    def rules(self) -> Rules:
        return self._rules

    async def observe(self, desired: Any, in_scope: Any) -> Observation:
        self.looks += 1
        return await super().observe(desired, in_scope)


@pytest.mark.parametrize(("rules", "looks"), [(Pairwise(reversible=True), 2), (Careful(reversible=True), 3)])
def test_rules_hold_back_what_should_not_be_done_after_the_stage_before(rules, looks) -> None:
    driver = Guarded(Cluster(names(1, 2, 9), names(3), names(4), transitive=False), rules)
    run = Run(driver, 1, 2, 3, 4, max_rounds=1)
    result = run.to_its_end()
    assert driver.looks == looks, "one before the plan and one after it, and one between its stages where rules ask"
    assert pruned(result) == [name(9), name(9)]
    connected = {link["node"] for link in result["connected"]} | {link["observer"] for link in result["connected"]}
    assert (name(4) in connected) == (not rules.guarded)
    assert result["converged"] == (not rules.guarded)
    assert ("connect of app@10.0.0.4 was held back (busy): 4 members" in told(run)) == rules.guarded


SEVEN = (3, 4, 5, 6, 7, 8, 9)


def seven_to_prune() -> Run:
    return Run(SimulatedDriver(Cluster(names(1, 2, *SEVEN), names(10)), seconds=10), 1, 2, 10)


def test_an_interruption_finishes_what_has_begun_and_begins_nothing_else() -> None:
    run = seven_to_prune()
    result, ended = run.interrupted(25)
    assert [action.node for action in run.driver.begun] == [name(3), name(4), name(5)]
    assert ended == 30, "the third was finished"
    assert pruned(result) == [name(3), name(4), name(5)]
    assert [(event["event"], event["node"]) for event in result["events"]] == [
        ("left", name(node)) for node in (3, 4, 5)
    ]
    assert run.driver.cluster.peers(name(6)) == names(1, 2, 7, 8, 9)


def test_a_second_interruption_ends_at_once_and_the_result_has_what_was_finished() -> None:
    run = seven_to_prune()
    result, ended = run.interrupted(25, 26)
    assert (ended, pruned(result)) == (26, [name(3), name(4)])


def test_what_failed_before_the_interruption_is_told() -> None:
    run = seven_to_prune()
    run.driver.outcomes = {name(3): Failed("it is busy")}
    result, _ended = run.interrupted(15)
    assert pruned(result) == [name(4)]
    assert f"{name(3)} was not pruned: it is busy" in told(run)
