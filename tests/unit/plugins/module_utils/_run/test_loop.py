# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop, on a mesh that is simulated where a real one would not misbehave on demand."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery, Done
from ansible_collections.selfheal.cluster.plugins.module_utils._run import history as _history
from ansible_collections.selfheal.cluster.plugins.module_utils._run import loop as _loop
from ansible_collections.selfheal.cluster.plugins.module_utils._run import pace as _pace
from ansible_collections.selfheal.cluster.plugins.module_utils._run import round as _reconcile
from ansible_collections.selfheal.cluster.plugins.module_utils._run.pace import Pace, Retries

from tests.harness.simulation import virtual_time
from tests.harness.simulation.cluster import Cluster, SimulatedDriver

from .._planner.plans import discovered, name, names

FAILED = Discovery.failed(["SERVFAIL"])


class World:
    """A source that answers one after the other with what it is given, then always with the last of it.

    ``before_run``: called with the number of the asking, from 1.
    """

    def __init__(self, driver, answers, before_run=lambda number: None) -> None:
        self.driver = driver
        self.asked = 0
        self.told: list[str] = []
        self._answers = answers
        self._before_run = before_run

    def discover(self, _source, _attempt):
        self.asked += 1
        self._before_run(self.asked)
        return self._answers[min(self.asked, len(self._answers)) - 1]


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch, loop_in_real_time):
    """In virtual time, where the source answers at once."""
    monkeypatch.setattr(asyncio, "run", virtual_time.run)
    monkeypatch.setattr(_reconcile, "to_thread", virtual_time.at_once)
    return loop_in_real_time


@pytest.fixture
def loop_in_real_time(monkeypatch: pytest.MonkeyPatch):
    def keep_whole(world, pace, **policy):
        monkeypatch.setattr(_reconcile, "driver_for", lambda _topology: world.driver)
        monkeypatch.setattr(_reconcile, "discover", world.discover)
        topology = topology_of(
            {
                "topology": "chat",
                "strategy": "static",
                "config": {"nodes": []},
                "policy": {"scope": ["app@*"], "confirmation_interval": 0, "confirmations": 1, **policy},
            }
        )
        return _loop.keep_whole(topology, 5, False, pace, world.told.append).values

    return keep_whole


def kinds(events):
    return [(event["event"], event["node"]) for event in events]


def test_a_source_that_fails_on_the_way_ends_nothing_and_prunes_nobody(loop) -> None:
    world = World(SimulatedDriver(Cluster(names(1, 2, 3))), [discovered(1, 2, 3), FAILED, FAILED, discovered(1, 2, 3)])
    result = loop(world, Pace(duration=60, interval=5))
    assert kinds(result["events"]) == [("round_failed", None), ("recovered", None)]
    assert world.told == result["events"]
    assert (result["changed"], result["converged"], result["status"]) == (False, True, "complete")
    assert result["rounds"] == world.asked


def test_if_the_last_run_fails_so_does_the_loop_and_tells_what_it_did(loop) -> None:
    world = World(SimulatedDriver(Cluster(names(1, 2), names(3))), [discovered(1, 2, 3), FAILED])
    with pytest.raises(RoundError, match="discovery failed, so nothing was changed: SERVFAIL") as raised:
        loop(world, Pace(duration=60, interval=5))
    assert raised.value.result["changed"]
    assert kinds(raised.value.result["events"]) == [("joined", name(3)), ("round_failed", None)]


def test_an_end_before_the_source_has_answered_hides_nothing_of_what_was_seen_before(loop_in_real_time) -> None:
    over = threading.Event()

    def end_at_the_second(number) -> None:
        if number == 2:
            os.kill(os.getpid(), signal.SIGTERM)
            over.wait(60)

    world = World(SimulatedDriver(Cluster(names(1, 2, 3))), [discovered(1, 2, 3)], end_at_the_second)
    with pytest.raises(RoundError, match="interrupted") as caught:
        loop_in_real_time(world, Pace(duration=600, interval=0.1))
    over.set()
    result = caught.value.result
    assert (result["converged"], result["status"], len(result["desired"])) == (True, "complete", 3), result


def test_what_may_be_pruned_is_counted_over_all_runs_and_a_refusal_is_told_once(loop) -> None:
    shrinking = [discovered(*range(1, left + 1)) for left in (10, 9, 8, 7, 6, 5)]
    world = World(SimulatedDriver(Cluster(names(*range(1, 11)))), shrinking)
    result = loop(world, Pace(duration=60, interval=5), max_prune="3")
    assert kinds(world.told) == [
        ("left", name(10)),
        ("left", name(9)),
        ("left", name(8)),
        ("prune_refused", name(7)),
        ("prune_refused", name(6)),
    ]
    assert [pruned["node"] for pruned in result["pruned"]] == [name(10), name(9), name(8)]


class Leaky(SimulatedDriver):
    """A connect is said to have worked, and nothing has changed."""

    def __init__(self, cluster) -> None:
        super().__init__(cluster)
        self.connects = 0

    async def perform(self, stage, desired, report) -> None:
        self.connects += 1
        for action in stage:
            report(action, Done())


def test_a_connect_that_is_in_vain_is_not_made_in_each_run(loop) -> None:
    world = World(Leaky(Cluster(names(1, 2), names(3))), [discovered(1, 2, 3)])
    result = loop(world, Pace(duration=60, interval=5))
    assert world.asked > 3
    assert world.driver.connects == 2
    assert [refused["reason"] for refused in result["refused"]] == ["unsteady"]


def test_who_came_back_whole_may_leave_and_come_back_as_often_as_it_likes(loop) -> None:
    cluster = Cluster(names(1, 2, 3))
    world = World(SimulatedDriver(cluster), [discovered(1, 2, 3)], lambda _number: cluster.isolate(name(3)))
    result = loop(world, Pace(duration=60, interval=5))
    assert world.asked == 12
    assert kinds(result["events"]) == [("joined", name(3))] * world.asked


def test_only_the_newest_of_what_happened_is_kept(loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_history, "MOST_KEPT", 3)
    answers = [discovered(1, 2, 3), FAILED] * 50
    world = World(SimulatedDriver(Cluster(names(1, 2, 3))), answers)
    try:
        result = loop(world, Pace(duration=60, interval=5))
    except RoundError as error:
        result = error.result
    assert len(world.told) > 3
    assert result["events"] == world.told[-3:]


def watched(changes):
    """A source that says after each of these seconds that it has changed."""

    async def watch(_source, changed, told) -> None:
        told("the watch is there")
        for seconds in changes:
            await asyncio.sleep(seconds)
            changed()
        await asyncio.Event().wait()

    return watch


def test_a_change_is_followed_at_once_and_a_burst_once(loop, monkeypatch: pytest.MonkeyPatch) -> None:
    times = []
    monkeypatch.setattr(_loop, "watch", watched([30, *[0.001] * 50]))
    world = World(
        SimulatedDriver(Cluster(names(1, 2, 3))),
        [discovered(1, 2, 3)],
        lambda _number: times.append(asyncio.get_running_loop().time()),
    )
    result = loop(world, Pace(duration=100, interval=60, watch=True))
    assert times == pytest.approx([0, 30, 30 + _pace.SPACING, 90 + _pace.SPACING])
    assert kinds(result["events"]) == [("watch", None)]


def test_a_watch_that_cannot_be_is_an_error_and_not_a_loop_that_is_slow(loop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def watch(_source, _changed, _told) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(_loop, "watch", watch)
    world = World(SimulatedDriver(Cluster(names(1, 2, 3))), [discovered(1, 2, 3)])
    with pytest.raises(RuntimeError, match="no such thing"):
        loop(world, Pace(duration=60, interval=60, watch=True))


def test_it_has_a_deadline_of_its_own(loop) -> None:
    class Stuck(SimulatedDriver):
        async def observe(self, desired, in_scope):
            await asyncio.Event().wait()

    world = World(Stuck(Cluster(names(1, 2, 3))), [discovered(1, 2, 3)])
    with pytest.raises(RoundError, match="not over 120 s after the duration of 60 s"):
        loop(world, Pace(duration=60, interval=5))


@pytest.mark.parametrize(("ttl", "pause"), [(None, 30), (0, 1), (5, 5), (86400, 300)])
def test_an_interval_that_follows_the_records(ttl, pause) -> None:
    assert Pace(interval=None).pause(ttl) == pause
    assert Pace(interval=7).pause(ttl) == 7


def test_what_fails_is_tried_again_ever_more_rarely_but_not_more_rarely_than_what_works() -> None:
    retries = Retries()
    assert [retries.pause(False, 30) for _try in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert retries.pause(True, 30) == 30
    assert retries.pause(False, 30) == 1
    assert retries.pause(False, 0.1) == 0.1
