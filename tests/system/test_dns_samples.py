# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""D1: a source whose every answer is a random part of its list, as Route 53 multivalue answers and Cloud Map give it.

Whole loops and a day of single runs in virtual time, with the round and the planner as they are.
"""

from __future__ import annotations

import asyncio
import random

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import RoundAborted
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Answered, Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.absence import Absences
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.evidence import Caches
from ansible_collections.selfheal.cluster.plugins.module_utils._run.history import History
from ansible_collections.selfheal.cluster.plugins.module_utils._run.loop import Loop
from ansible_collections.selfheal.cluster.plugins.module_utils._run.pace import Pace
from ansible_collections.selfheal.cluster.plugins.module_utils._run.result import RunRecord
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import Reconciler

from tests.harness.simulation.cluster import Cluster, SimulatedDriver
from tests.harness.simulation.virtual_time import run
from tests.unit.plugins.module_utils._planner.plans import name, names

pytestmark = pytest.mark.long

SAMPLE = 8
SIZES = (9, 10, 11, 12, 16)
TTL = 60
AN_HOUR, A_DAY, A_MINUTE, INTERVAL = 3600, 86400, 60, 5


class SampledSource:
    """Each answer lists 8 of the members; one in a cache is given until its time to live is over."""

    def __init__(self, members: int, seed: int, cached: bool) -> None:
        self._everybody = [Node(name(number)) for number in range(1, members + 1)]
        self._random = random.Random(seed)
        self._cached = cached
        self._nodes: list[Node] = []
        self.ends = -1.0
        self.answers = 0

    def answer(self, now: float) -> Discovery:
        if not self._cached or now >= self.ends:
            self._nodes = self._random.sample(self._everybody, SAMPLE)
            self.ends = now + TTL
            self.answers += 1
        ttl = int(self.ends - now)
        found = Discovery.complete(self._nodes)
        return Discovery(
            found.nodes, found.status, ttl=ttl, answers=(Answered("app.example.test A", "127.0.0.53:53", now, ttl),)
        )

    async def ask(self, _attempt: int, pause: float) -> Discovery:
        await asyncio.sleep(pause)
        return self.answer(asyncio.get_running_loop().time())


class World:
    """``members`` in one mesh and the source that samples them; without ``absent_for`` the policy has its defaults."""

    def __init__(self, members: int, cached: bool, seed: int = 1, **policy: object) -> None:
        self.topology = topology_of(
            {
                "topology": "chat",
                "strategy": "dns",
                "config": {"query": "app.example.test", "node_basename": "app"},
                "policy": policy,
            }
        )
        self.driver = SimulatedDriver(Cluster(names(*range(1, members + 1))))
        self.source = SampledSource(members, seed, cached)

    def reconciler(self, record: RunRecord) -> Reconciler:
        return Reconciler(self.topology, self.driver, record, self.source.ask)

    def loop(self, seconds: float) -> History:
        history = History("chat", False, lambda _event: None)
        pace = Pace(duration=seconds, interval=INTERVAL)
        run(Loop(self.reconciler(history.record), history, self.topology.source, 5, pace).go_on())
        return history

    async def single_runs(self, seconds: float) -> list[RunRecord]:
        """One run a minute, none of which knows of another."""
        records = []
        for _run in range(int(seconds / A_MINUTE)):
            records.append(RunRecord("chat", False))
            await self.reconciler(records[-1]).converge(False, 5)
            await asyncio.sleep(A_MINUTE)
        return records


def residual(members: int, cached: bool, trials: int, seed: int = 7) -> float:
    """The part of loops in which a member has been missing for long enough before the source has given itself away.

    It is what the looks alone let through, by many short loops; ``max_prune`` and confirmations come on top.
    """
    ripe = 0
    for trial in range(trials):
        source, caches, now = SampledSource(members, seed * trials + trial, cached), Caches(), 0.0
        absences = Absences(300.0, caches, samples=True)
        everybody = frozenset(name(number) for number in range(1, members + 1))
        while now <= 420 and not absences.absence(now).samples:
            answer = source.answer(now)
            caches.saw(answer)
            absences.look(answer, now)
            absences.saw_alive(everybody)
            found = absences.absence(now)
            if not found.samples and any(found.seconds(member) >= 300 for member in everybody):
                ripe += 1
                break
            now += INTERVAL
    return ripe / trials


@pytest.mark.parametrize("cached", [False, True], ids=["no cache", "a cache"])
@pytest.mark.parametrize("members", SIZES)
def test_an_hour_of_a_loop_prunes_nobody(members: int, cached: bool) -> None:
    world = World(members, cached)
    result = world.loop(AN_HOUR).result()
    expected = residual(members, cached, trials=200)
    print(f"{members} members, cached={cached}: {world.source.answers} answers, expected residual {expected}")
    assert (result["pruned"], expected) == ([], 0.0)
    told = [(event["node"], event["reason"]) for event in result["events"]]
    assert len([reason for _node, reason in told if reason == "samples"]) == 1
    assert len(told) <= 3 * members, "what comes and goes with the answers is not told each time"


@pytest.mark.parametrize("members", SIZES)
def test_a_day_of_single_runs_prunes_nobody(members: int) -> None:
    world = World(members, cached=members % 2 == 0)
    records = run(world.single_runs(A_DAY))
    assert len(records) == A_DAY / A_MINUTE
    assert not any(record.changed for record in records)
    reasons = {refused["reason"] for record in records[::20] for refused in record.done()["refused"]}
    assert reasons <= {"not_yet", "max_prune"}
    assert reasons


def test_the_simulation_can_lose_members_where_the_list_is_said_to_be_whole() -> None:
    """What was seen before absences took time: the same world with ``absent_for: 0``."""
    world = World(9, cached=False, absent_for=0)
    assert any(record.changed for record in run(world.single_runs(AN_HOUR)))


def test_answers_that_differ_within_a_run_connect_their_union() -> None:
    world = World(16, cached=False, absent_for=0, max_prune="100%")
    for number in range(13, 17):
        world.driver.cluster.isolate(name(number))
    record = RunRecord("chat", False)

    async def one_run() -> None:
        await world.reconciler(record).converge(False, 1)

    run(one_run())
    result = record.done()
    assert result["status"] == "partial"
    assert "each have a node that the other lacks" in result["reasons"][0]
    assert len(result["desired"]) > SAMPLE
    assert {refused["reason"] for refused in result["refused"]} <= {"samples"}
    assert not result["pruned"]


def test_a_cache_that_outlives_the_run_confirms_nothing_and_says_the_way_out() -> None:
    world = World(9, cached=True, absent_for=0)

    class LongLived(SampledSource):
        def answer(self, now: float) -> Discovery:
            found = super().answer(now)
            (one,) = found.answers
            return Discovery(found.nodes, found.status, answers=(one._replace(ttl=3600 - now),))

    world.source = LongLived(9, 1, True)
    world.source.ends = -1.0
    record = RunRecord("chat", False)
    run(_converge(world, record))
    result = record.done()
    assert {refused["reason"] for refused in result["refused"]} == {"unconfirmed"}
    assert any("a cache may give the same answer" in warning for warning in record.warnings)


def test_a_confirmation_waits_for_the_cache_within_a_minute() -> None:
    """The gap between the two askings is the time to live, not the policy's two seconds."""
    world = World(9, cached=True, absent_for=0, confirmation_interval=2)
    times = []
    ask = world.source.ask

    async def timed(attempt: int, pause: float) -> Discovery:
        found = await ask(attempt, pause)
        times.append(asyncio.get_running_loop().time())
        return found

    world.source.ask = timed  # type: ignore[method-assign]
    run(_converge(world, RunRecord("chat", False)))
    assert len(times) >= 3
    assert times[1] == 2
    assert TTL <= times[2] <= TTL + 2


async def _converge(world: World, record: RunRecord) -> None:
    try:
        await world.reconciler(record).converge(False, 1)
    except RoundAborted as error:
        pytest.fail(str(error))
