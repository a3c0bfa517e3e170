# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The round (discover, observe, plan, apply, observe again) and the bounded rounds until converged."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from typing import Any, Awaitable, Callable, Coroutine, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Driver
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.registry import driver_for
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError, RoundAborted, RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.to_thread import to_thread
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    COMPLETE,
    CONNECT,
    FAILED,
    READY,
    REFUSE,
    Action,
    Discovery,
    Node,
    Observation,
    Outcome,
    Plan,
    Unknown,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.absence import Absences
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.evidence import (
    LONGEST_WAIT,
    Caches,
    pause_until_fresh,
    samples_among,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import Returned
from ansible_collections.selfheal.cluster.plugins.module_utils._run.result import RunRecord
from ansible_collections.selfheal.cluster.plugins.module_utils._run.stages import Stages, failed, under_way
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover, options_of
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology


def inspect(topology: Topology, full: bool = False) -> Returned:
    """Discover, observe and plan, without changes and without waiting for confirmations.

    :returns: the result of ``membership_info``.
    :raises RoundError: discovery failed, or no desired node answered.
    """
    record = RunRecord(topology.name, full)
    return run(topology, record, Reconciler.inspect, lambda: Returned(record.inspected(), record.warnings))


def converge(topology: Topology, check_mode: bool, max_rounds: int, full: bool = False) -> Returned:
    """Run rounds until the cluster is whole, nothing more can be done, or ``max_rounds`` are over.

    :returns: the result of ``membership``.
    :raises OptionError: ``max_rounds`` is less than 1.
    :raises RoundError: discovery failed, no desired node answered, the run was interrupted, or a node is unreachable
        and ``on_unreachable`` is ``fail``.
    """
    check_rounds(max_rounds)
    record = RunRecord(topology.name, full, check_mode)
    return run(
        topology,
        record,
        lambda reconciler: reconciler.converge(check_mode, max_rounds),
        lambda: Returned(record.done(), record.warnings),
    )


def check_rounds(max_rounds: int) -> None:
    """
    :raises OptionError: ``max_rounds`` is less than 1, so that nothing would ever be done.
    """
    if max_rounds < 1:
        raise OptionError("max_rounds", f"{max_rounds!r} is less than 1")


def run(
    topology: Topology,
    record: RunRecord,
    rounds: Callable[[Reconciler], Coroutine[Any, Any, None]],
    result: Callable[[], Returned],
) -> Returned:
    """Run the rounds with the topology's own source and driver, and close the driver's connections at the end.

    :param rounds: runs one or many rounds with the reconciler.
    :param result: makes the result, also of a run that is aborted.
    :raises RoundError: see :func:`run_to_result`; SIGTERM, SIGINT and SIGHUP interrupt the run.
    """

    async def ask(attempt: int, pause: float) -> Discovery:
        await asyncio.sleep(pause)
        return await to_thread(lambda: discover(topology.source, attempt))

    async def main() -> None:
        task = asyncio.ensure_future(rounds(reconciler))
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            await task
        finally:
            await reconciler.driver.close()

    reconciler = Reconciler(topology, driver_for(topology), record, ask)
    return run_to_result(main, result)


def run_to_result(main: Callable[[], Coroutine[Any, Any, None]], result: Callable[[], Returned]) -> Returned:
    """Run ``main`` in a loop of its own, and turn its outcome into a result or an error.

    :raises RoundError: a round was aborted or interrupted. The error has the result up to then.
    """
    problem = None
    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        problem = "interrupted; what was done until then is in the result, and running again is safe"
    except RoundAborted as error:
        problem = str(error)
    returned = result()
    if problem:
        raise RoundError(problem, returned.values, returned.warnings)
    return returned


_CONNECTED_IN_VAIN = (
    "it was connected and lacks links again: some members refuse each other, because of different cookies or keys say"
)


class Reconciler:
    """Runs the rounds of one topology, with a driver whose connections stay open, and records what happens.

    ``ttl``: the time to live of the last discovery in seconds, if its source gave one.

    :param ask: asks the source. It takes the number of the attempt, 0 for the first one in a round and more to confirm
        it, and the seconds to wait before.
    """

    def __init__(
        self, topology: Topology, driver: Driver, record: RunRecord, ask: Callable[[int, float], Awaitable[Discovery]]
    ) -> None:
        self.driver = driver
        self.record = record
        self.ttl: Optional[float] = None
        self._policy = topology.policy
        self._pause = self._policy.confirmation_interval if self._policy.confirmations > 1 else 0.0
        source = options_of(topology.source.strategy)
        if source.has_witness(topology.source.config):
            # The witness is only asked by a discovery that confirms another one.
            self._policy = replace(self._policy, confirmations=max(self._policy.confirmations, 2))
        self._ask_source = ask
        self._caches = Caches()
        self._absences = Absences(topology.policy.absent_for_live, self._caches, source.samples)
        self._stages = Stages(driver, _now)
        self._last_desired: Sequence[Node] = ()

    async def inspect(self) -> None:
        discovery = await self._discover()
        observation = await self._observe(discovery)
        self.record.saw(discovery, observation, self._plan(discovery, observation), self.driver.rules)
        self._require_an_answer(discovery, observation)

    async def converge(self, check_mode: bool, max_rounds: int) -> None:
        for number in range(1, max_rounds + 1):
            goes_on = await self._round(number, check_mode)
            if not goes_on:
                break
        self._stages.connected.keep(self.record.outstanding)
        if self._policy.on_unreachable == "fail" and self.record.unreachable(READY):
            raise RoundAborted("policy.on_unreachable is 'fail': " + self.record.unreachable_text())

    async def _round(self, number: int, check_mode: bool) -> bool:
        """:returns: whether another round may get further."""
        self.record.begins_round(number)
        discovery = await self._discover()
        observation = await self._observe(discovery)
        todo = self._plan(discovery, observation)
        self.record.saw(discovery, observation, todo, self.driver.rules)
        self._require_an_answer(discovery, observation)
        earlier: Sequence[Discovery] = ()
        if _is_unconfirmed(todo):
            discovery, earlier = await self._confirm(discovery)
            observation = await self._settled(discovery)
            todo = self._plan(discovery, observation, earlier)
        todo = self._without_repetitions(todo)
        self.record.saw(discovery, observation, todo, self.driver.rules)
        if check_mode:
            self.record.predicts(todo)
            return False
        if not todo.stages:
            return False
        outcomes = await self._stages.carry_out(todo, discovery.nodes, self.record, lambda: self._look_at(discovery))
        observation = await self._settle_after(discovery, earlier, outcomes)
        after = self._without_repetitions(self._plan(discovery, observation, earlier))
        self.record.saw(discovery, observation, after, self.driver.rules)
        return _may_get_further(after, outcomes)

    async def _discover(self) -> Discovery:
        with self.record.timed("discover"):
            discovery = await self._look(0, 0.0)
        if discovery.status == FAILED:
            self.record.discovery_failed(discovery)
            raise RoundAborted(f"discovery failed, {self.record.changed_clause}: {'; '.join(discovery.reasons)}")
        self.ttl = discovery.ttl
        self._last_desired = discovery.nodes or self._last_desired
        return discovery

    async def _look(self, attempt: int, pause: float) -> Discovery:
        discovery = await self._ask_source(attempt, pause)
        self._caches.saw(discovery)
        self._absences.look(discovery, _now())
        return discovery

    async def _confirm(self, first: Discovery) -> tuple[Discovery, Sequence[Discovery]]:
        """Ask until there are as many complete discoveries in a row as the policy demands. An answer that may come from
        a cache does not count, but the nodes in it still count as listed.

        :returns: the discovery to plan from, and those before it. It is the first one alone if a later one was not
            complete or all came from a cache; it is the union of all, as a partial one, if they are samples.
        """
        discoveries, counted = [first], [first]
        pause, waited = self._pause, 0.0
        with self.record.timed("confirm"):
            while len(counted) < self._policy.confirmations:
                latest = await self._look(len(discoveries), pause)
                if latest.status != COMPLETE:
                    self.record.warn(f"not confirmed, so nothing is pruned: {'; '.join(latest.reasons)}")
                    return first, ()
                discoveries.append(latest)
                if not self._caches.may_be_older(latest, counted[-1]):
                    counted.append(latest)
                    pause = self._pause
                    continue
                pause = pause_until_fresh(latest, counted[-1])
                waited += pause
                if waited > LONGEST_WAIT:
                    self.record.warn(
                        "not confirmed, so nothing is pruned: a cache may give the same answer for "
                        f"{pause:.0f} s more, and a run waits {LONGEST_WAIT:.0f} s at most: name the zone's own "
                        "nameservers in config.nameservers, or run again later"
                    )
                    return first, ()
        samples = samples_among(discoveries)
        if samples:
            return samples, ()
        return discoveries[-1], tuple(discoveries[:-1])

    async def _observe(self, discovery: Discovery) -> Observation:
        """Read the views. If links are missing inside an island, let the mesh complete itself, and read them again."""
        observation = await self._look_at(discovery)
        self._absences.saw_alive(observation.alive)
        if _is_settled(self._plan(discovery, observation)):
            return observation
        return await self._settled(discovery)

    async def _look_at(self, discovery: Discovery) -> Observation:
        with self.record.timed("observe"):
            return await self.driver.observe(self._witnesses(discovery), self._policy.over(discovery).in_scope)

    async def _settled(self, discovery: Discovery) -> Observation:
        return await self._wait_until(discovery, lambda seen: _is_settled(self._plan(discovery, seen)))

    async def _wait_until(self, discovery: Discovery, done: Callable[[Observation], bool]) -> Observation:
        with self.record.timed("settle"):
            return await self.driver.settle(self._witnesses(discovery), self._policy.over(discovery).in_scope, done)

    def _witnesses(self, discovery: Discovery) -> Sequence[Node]:
        """The nodes to observe: the desired ones, or those of an earlier round if the discovery is empty."""
        return discovery.nodes or self._last_desired

    async def _settle_after(
        self, discovery: Discovery, earlier: Sequence[Discovery], outcomes: Mapping[Action, Outcome]
    ) -> Observation:
        """Let the mesh complete itself, without waiting for what failed or takes longer."""
        waits_not_for = failed(outcomes) | under_way(outcomes)

        def done(seen: Observation) -> bool:
            after = self._plan(discovery, seen, earlier)
            return _is_settled(after) and all(action.node in waits_not_for for action in after.connects)

        return await self._wait_until(discovery, done)

    def _plan(self, discovery: Discovery, observation: Observation, earlier: Sequence[Discovery] = ()) -> Plan:
        return plan(
            discovery,
            observation,
            self._policy,
            self.driver.rules,
            earlier,
            self._stages.pruned.names,
            self._absences.absence(_now()),
        )

    def _without_repetitions(self, todo: Plan) -> Plan:
        """Refuse connects that did not last. A node that was connected and is out again may have been restarted, so it
        gets a second try; a node that had to leave first gets none. After that some peer refuses it, and each try would
        cost the others their links to it."""
        actions = (
            action._replace(kind=REFUSE, refused=CONNECT, reason="unsteady", observer=None, detail=_CONNECTED_IN_VAIN)
            if action.kind == CONNECT and self._stages.connected.times(action.node) >= (1 if action.rejoin else 2)
            else action
            for action in todo.actions
        )
        return replace(todo, actions=tuple(actions))

    def _require_an_answer(self, discovery: Discovery, observation: Observation) -> None:
        if discovery.nodes and not observation.views:
            raise RoundAborted(
                f"none of the {len(discovery.nodes)} desired nodes answered, {self.record.changed_clause}: "
                + self.record.unreachable_text()
            )


def _now() -> float:
    return asyncio.get_running_loop().time()


def _may_get_further(after: Plan, outcomes: Mapping[Action, Outcome]) -> bool:
    """Whether another round may. What is pending is planned again, and after an unknown outcome nothing is changed."""
    if any(isinstance(outcome, Unknown) for outcome in outcomes.values()):
        return False
    dead_ends = failed(outcomes)
    left = (action for action in (*after.prunes, *after.connects) if action.node not in dead_ends)
    return any(left) or _is_unconfirmed(after) or bool(under_way(outcomes))


def _is_unconfirmed(seen: Plan) -> bool:
    return any(action.reason == "unconfirmed" for action in seen.refusals)


def _is_settled(seen: Plan) -> bool:
    """Whether waiting cannot improve the plan: no links are missing inside an island, and all members agree. Separate
    islands don't count, since time alone does not join them."""
    return not any(action.rejoin or action.reason in ("unsteady", "partitioned") for action in seen.actions)
