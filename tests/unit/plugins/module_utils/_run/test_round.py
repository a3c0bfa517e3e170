# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rounds, on a mesh that is simulated where a real one would not misbehave on demand."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Answered, Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._run import round as _reconcile

from tests.harness.simulation.cluster import Cluster, SimulatedDriver

from .._planner.plans import discovered, name, names


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    def converge(driver, discoveries, check=False, **policy):
        source = iter(discoveries)
        last = discoveries[-1]
        monkeypatch.setattr(_reconcile, "driver_for", lambda topology: driver)
        monkeypatch.setattr(_reconcile, "discover", lambda source_, attempt: next(source, last))
        topology = topology_of(
            {
                "topology": "chat",
                "strategy": "static",
                "config": {"nodes": []},
                "policy": {"scope": ["app@*"], "confirmation_interval": 0, **policy},
            }
        )
        return _reconcile.converge(topology, check, 5).values

    return converge


def test_who_was_told_to_leave_is_brought_back_though_the_first_try_fails(run) -> None:
    cluster = Cluster(names(1, 2, 3, 4, 5))
    cluster.unsync(name(4), name(5))
    result = run(SimulatedDriver(cluster, failing_connects=1), [discovered(1, 2, 3, 4, 5)])
    assert result["rounds"] == 2
    assert result["converged"]
    assert result["islands"] == [[name(n) for n in range(1, 6)]]


def test_a_dead_end_is_not_tried_again_in_the_same_run(run) -> None:
    driver = SimulatedDriver(Cluster(names(1, 2), names(3)), failing_connects=9)
    result = run(driver, [discovered(1, 2, 3)])
    assert (result["rounds"], result["changed"], result["converged"]) == (1, False, False)


GONE = [discovered(1, 2, 3, 4)]
BACK = [discovered(1, 2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("answers", "pruned"),
    [
        ([*GONE, *GONE], [5]),
        ([*GONE, *BACK], []),
        ([*GONE, Discovery.failed(["NXDOMAIN"])], []),
        ([*GONE, Discovery.partial(GONE[0].nodes, ["half"])], []),
        ([*GONE, discovered(1, 2, 3)], []),
    ],
)
def test_only_what_every_confirmation_misses_is_pruned(run, answers, pruned) -> None:
    result = run(SimulatedDriver(Cluster(names(1, 2, 3, 4, 5))), answers)
    assert [entry["node"] for entry in result["pruned"]] == [name(number) for number in pruned]


def test_the_nameserver_that_lists_it_is_heard_though_all_answers_have_one_time_to_live(run) -> None:
    def answer(discovery, server):
        answers = (Answered("app.example.test A", server, 100.0, 30.0),)
        return dataclasses.replace(discovery, answers=answers)

    answers = [answer(GONE[0], "127.0.0.53:53"), answer(BACK[0], "127.0.0.54:53"), answer(GONE[0], "127.0.0.53:53")]
    assert run(SimulatedDriver(Cluster(names(1, 2, 3, 4, 5))), answers)["pruned"] == []


def test_a_failed_discovery_is_an_error_with_the_result_and_changes_nothing(run) -> None:
    driver = SimulatedDriver(Cluster(names(1), names(2)))
    with pytest.raises(RoundError, match="^discovery failed, so nothing was changed: NXDOMAIN") as caught:
        run(driver, [Discovery.failed(["NXDOMAIN"])])
    assert caught.value.result["status"] == "failed"
    assert caught.value.result["changed"] is False
    assert not driver.cluster.links


class Unsteady(SimulatedDriver):
    """Loses a node again, once, after it was connected."""

    def __init__(self, cluster, lost) -> None:
        super().__init__(cluster)
        self.lost = lost

    async def settle(self, desired, in_scope, done):
        if self.lost and self.cluster.peers(self.lost):
            self.cluster.isolate(self.lost)
            self.lost = None
        return await self.observe(desired, in_scope)


def events(result):
    return [(event["event"], event["node"]) for event in result["events"]]


def test_who_joined_is_lost_and_joins_again_has_joined_once(run) -> None:
    result = run(Unsteady(Cluster(names(1, 2), names(3)), name(3)), [discovered(1, 2, 3)])
    assert (result["rounds"], len(result["connected"]), result["converged"]) == (2, 2, True)
    assert events(result) == [("joined", name(3))]


def test_a_prune_that_was_unconfirmed_at_first_left_and_was_not_refused(run) -> None:
    result = run(SimulatedDriver(Cluster(names(1, 2, 3, 4, 5))), [*GONE, *GONE])
    assert events(result) == [("left", name(5))]


def test_a_prune_that_stays_unconfirmed_is_refused_and_told(run) -> None:
    result = run(SimulatedDriver(Cluster(names(1, 2, 3, 4, 5))), [*GONE, Discovery.failed(["NXDOMAIN"])])
    assert result["events"] == [{"event": "prune_refused", "node": name(5), "reason": "unconfirmed", "observer": None}]


def test_nothing_happens_in_check_mode_so_there_are_no_events(run) -> None:
    driver = SimulatedDriver(Cluster(names(1, 2, 3, 4, 5), names(6)))
    result = run(driver, [discovered(1, 2, 3, 4, 6)], check=True)
    assert (result["changed"], result["events"]) == (True, [])
    assert run(driver, [discovered(1, 2, 3)], check=True)["refused"]
    assert run(driver, [discovered(1, 2, 3)], check=True)["events"] == []


def test_who_joined_before_the_run_failed_is_in_its_result(run) -> None:
    driver = Unsteady(Cluster(names(1, 2), names(3), names(4)), name(3))
    with pytest.raises(RoundError, match="so nothing more was changed: NXDOMAIN") as caught:
        run(driver, [discovered(1, 2, 3, 4), Discovery.failed(["NXDOMAIN"])])
    assert caught.value.result["status"] == "failed"
    assert events(caught.value.result) == [("joined", name(4))]
