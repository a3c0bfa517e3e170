# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster in memory and a driver for it, where real nodes would not misbehave on demand.

cluster = Cluster(["app@10.0.0.1", "app@10.0.0.2"], ["app@10.0.0.3"])      # two islands
driver = SimulatedDriver(cluster)
cluster.isolate("app@10.0.0.1")                                           # anything may happen at any time
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Driver, Report
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.atomic import atomic
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    PRUNE,
    Action,
    Done,
    Failed,
    Node,
    Observation,
    Outcome,
    Stage,
    Unknown,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.exclusive import Exclusive
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.pairwise import Pairwise


class Cluster:
    """Who runs, who is linked to whom, and whom this side cannot reach.

    :param islands: who runs, and is linked with all others of his own.
    :param transitive: each connect completes the island, as Erlang's ``global`` does, and links are not made alone.
    """

    def __init__(self, *islands: Collection[str], transitive: bool = True) -> None:
        self.transitive = transitive
        self.alive = {name for island in islands for name in island}
        self.links: set[frozenset[str]] = set()
        self.unsynced: set[frozenset[str]] = set()
        self.far: set[str] = set()
        for island in islands:
            self.complete(island)

    def complete(self, island: Collection[str]) -> None:
        self.links |= {frozenset((one, other)) for one in island for other in island if one != other}

    def peers(self, name: str) -> frozenset[str]:
        return frozenset(other for link in self.links if name in link for other in link - {name})

    def view(self, name: str) -> View:
        peers = self.peers(name)
        unsynced = {other for pair in self.unsynced if name in pair for other in pair - {name}}
        return View(name, peers, peers - unsynced if self.transitive else None)

    def cut(self, one: str, other: str) -> None:
        self.links.discard(frozenset((one, other)))

    def isolate(self, name: str) -> None:
        self.links = {link for link in self.links if name not in link}
        self.unsynced = {pair for pair in self.unsynced if name not in pair}

    def unsync(self, one: str, other: str) -> None:
        """They stay linked, and neither has finished its bookkeeping with the other."""
        self.unsynced.add(frozenset((one, other)))

    def connect(self, one: str, other: str) -> bool:
        if one == other or not {one, other} <= self.alive:
            return False
        self.links.add(frozenset((one, other)))
        if self.transitive:
            self.complete(self.island(one))
        return True

    def island(self, name: str) -> set[str]:
        found, todo = {name}, [name]
        while todo:
            for peer in self.peers(todo.pop()) - found:
                found.add(peer)
                todo.append(peer)
        return found


class SimulatedDriver(Driver):
    """Does what it is told, one action after the other, but for what fails. ``begun`` are the actions that it began.

    :param failing_connects: how many stages of connects do.
    :param seconds: how long each action takes.
    :param outcomes: what becomes of the next action on a node, which then changes nothing.
    """

    def __init__(
        self,
        cluster: Cluster,
        failing_connects: int = 0,
        seconds: float = 0.0,
        outcomes: Mapping[str, Outcome] = MappingProxyType({}),
    ) -> None:
        self.cluster = cluster
        self.failing_connects = failing_connects
        self.seconds = seconds
        self.outcomes = dict(outcomes)
        self.begun: list[Action] = []
        self._is_stuck = False

    @property
    def rules(self) -> Rules:
        if self.cluster.transitive:
            return Exclusive(reversible=True, leaves_itself=True)
        return Pairwise(reversible=True)

    async def observe(self, desired: Sequence[Node], in_scope: Callable[[str], bool]) -> Observation:
        names = {node.name for node in desired}
        answers = {name: self._ask(name) for name in sorted(names)}
        listed = frozenset(peer for answer in answers.values() if isinstance(answer, View) for peer in answer.peers)
        answers |= {name: self._ask(name) for name in sorted(listed - names) if in_scope(name)}
        views = {name: answer for name, answer in answers.items() if isinstance(answer, View)}
        unreachable = {name: answer for name, answer in answers.items() if isinstance(answer, Unreachable)}
        return Observation(views, unreachable)

    async def settle(
        self, desired: Sequence[Node], in_scope: Callable[[str], bool], done: Callable[[Observation], bool]
    ) -> Observation:
        return await self.observe(desired, in_scope)

    async def perform(self, stage: Stage, desired: Sequence[Node], report: Report) -> None:
        fails = stage[0].kind != PRUNE and self.failing_connects > 0
        self.failing_connects -= fails
        for action in stage:
            if not self._is_stuck:
                await atomic(partial(self._one, action, fails, report))

    async def _one(self, action: Action, fails: bool, report: Report) -> None:
        self.begun.append(action)
        await asyncio.sleep(self.seconds)
        outcome = self.outcomes.pop(action.node, None) or self._change(action, fails)
        self._is_stuck = isinstance(outcome, Unknown)
        report(action, outcome)

    def _change(self, action: Action, fails: bool) -> Outcome:
        observer = str(action.observer)
        if action.kind == PRUNE and self.cluster.transitive:
            assert observer == action.node, "anything else tears healthy links"
            self.cluster.isolate(action.node)
            return Done()
        if action.kind == PRUNE:
            self.cluster.cut(observer, action.node)
            return Done()
        if action.rejoin:
            self.cluster.isolate(action.node)
        if fails:
            return Failed("the hub froze")
        return Done() if self.cluster.connect(observer, action.node) else Failed("it is not there")

    async def close(self) -> None:
        pass

    def _ask(self, name: str) -> View | Unreachable:
        if name in self.cluster.alive - self.cluster.far:
            return self.cluster.view(name)
        return Unreachable("it does not answer")
