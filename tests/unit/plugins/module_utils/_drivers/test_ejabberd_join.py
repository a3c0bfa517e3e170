# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining and leaving: the lists decide, and not what the calls say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.members import BeamMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.ejabberd.join import Joiner
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.ejabberd.leave import Leaver
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import ConnectionLost
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Done, Node, Outcome, View

from tests.harness.simulation import virtual_time

ONE, TWO, THREE, FOUR = "x@1", "x@2", "x@3", "x@4"
OK = Atom("ok")
NODEDOWN = (Atom("badrpc"), Atom("nodedown"))


class Lists:
    """In place of the connections: what the members list before the call and, one reading after the other, after it."""

    def __init__(self, before: dict[str, View], answer: Any, *after: dict[str, View]) -> None:
        self._now = before
        self._answer = answer
        self._after = list(after)
        self.calls: list[RemoteCall] = []

    async def call(self, name: str, call: RemoteCall, extra: float = 0.0) -> Any:
        self.calls.append(call)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    async def view(self, node: Node) -> View:
        if node.name not in self._read():
            raise UnreachableError("it is starting")
        return self._now[node.name]

    async def views(self, nodes: Sequence[Node], desired: frozenset[str]) -> dict[str, View]:
        now = self._read()
        return {node.name: now[node.name] for node in nodes if node.name in now}

    def answers(self, name: str) -> bool:
        return name in self._now

    def _read(self) -> dict[str, View]:
        if self.calls and self._after:
            self._now = self._after.pop(0)
        return self._now


def table(*names: str, down: Sequence[str] = ()) -> dict[str, View]:
    """Members of one table, those that are down among them."""
    running = [name for name in names if name not in down]
    return {name: View(name, frozenset(names) - {name}, down=frozenset(down)) for name in running}


def alone(*names: str) -> dict[str, View]:
    return {name: View(name, frozenset()) for name in names}


def done(work: Callable[..., Any], lists: Lists, action: Action) -> str | None:
    found: dict[Action, Outcome] = {}
    virtual_time.run(work(lists, [action], [Node(ONE), Node(TWO)], found.__setitem__))
    assert list(found) == [action]
    outcome = found[action]
    return None if isinstance(outcome, Done) else outcome.reason


def join(lists: Lists) -> str | None:
    action = Action("connect", TWO, "missing", ONE)
    return done(lambda members, *rest: Joiner(members).connect(*rest), lists, action)


def leave(lists: Lists, observer: str) -> str | None:
    action = Action("prune", THREE, "not_desired", observer)
    return done(lambda members, *rest: Leaver(members).prune(*rest), lists, action)


def test_a_join_is_done_once_both_list_each_other() -> None:
    """E4: ok comes before the node is in any list, and for a while it gives none."""
    starting = {ONE: View(ONE, frozenset([TWO]))}
    assert join(Lists(alone(ONE, TWO), OK, starting, starting, alone(ONE, TWO), table(ONE, TWO))) is None


def test_a_join_that_says_ok_and_shows_nowhere_has_not_worked() -> None:
    """E4"""
    assert "do not both list the other" in str(join(Lists(alone(ONE, TWO), OK)))


@pytest.mark.parametrize("answer", [OK, NODEDOWN, ConnectionLost("x@3 broke off")])
@pytest.mark.parametrize("observer", [ONE, THREE])
def test_who_is_on_no_list_any_more_has_left_whatever_the_call_said(answer: Any, observer: str) -> None:
    """E3"""
    assert leave(Lists(table(ONE, TWO, THREE), answer, table(ONE, TWO)), observer) is None


@pytest.mark.parametrize(
    ("answer", "told"),
    [(OK, "a member still lists it"), (NODEDOWN, "leave gave badrpc nodedown; a member still lists it")],
)
def test_who_is_still_on_a_list_has_not_left_whatever_the_call_said(answer: Any, told: str) -> None:
    """E3"""
    problem = leave(Lists(table(ONE, TWO, THREE), answer, table(ONE, TWO, THREE, down=[THREE])), THREE)
    assert str(problem).endswith(told)


def test_nobody_is_taken_off_while_the_lists_differ() -> None:
    """E2: they came apart after the plan was made."""
    apart = {**table(ONE, TWO, THREE, down=[TWO, THREE]), **table(ONE, TWO, THREE, down=[ONE, THREE])}
    lists = Lists(apart, OK)
    assert str(leave(lists, ONE)).startswith("nothing was done: by now x@1 and x@2 do not agree on who is")
    assert not lists.calls


class Slow(Lists):
    """Each call takes ten seconds."""

    async def call(self, name: str, call: RemoteCall, extra: float = 0.0) -> Any:
        await asyncio.sleep(10)
        return await super().call(name, call, extra)


def test_an_interruption_falls_between_two_joins() -> None:
    actions = [Action("connect", joiner, "missing", ONE) for joiner in (TWO, THREE)]
    lists = Slow(alone(ONE, TWO, THREE), OK, {**table(ONE, TWO), **alone(THREE)})
    assert outcomes_at(5, Joiner(cast(BeamMembers, lists)).connect, actions) == {actions[0]: Done()}
    assert len(lists.calls) == 1


def test_an_interruption_falls_between_two_that_leave_and_those_that_did_are_watched() -> None:
    actions = [Action("prune", leaver, "not_desired", leaver) for leaver in (THREE, FOUR)]
    lists = Slow(table(ONE, TWO, THREE, FOUR), OK, table(ONE, TWO, FOUR))
    assert outcomes_at(5, Leaver(cast(BeamMembers, lists)).prune, actions) == {actions[0]: Done()}
    assert len(lists.calls) == 1


def outcomes_at(second: float, work: Callable[..., Any], actions: Sequence[Action]) -> dict[Action, Outcome]:
    """What was reported of a stage that is interrupted at this second."""
    found: dict[Action, Outcome] = {}

    async def run() -> None:
        task = asyncio.ensure_future(work(actions, [Node(ONE), Node(TWO), Node(THREE)], found.__setitem__))
        asyncio.get_running_loop().call_at(second, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    virtual_time.run(run())
    return found
