# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rounds of a topology whose members are read and changed by task files.

Only a playbook can run tasks, and only the core knows what comes next. So the role keeps a log of what its tasks have
done, and asks for the next step after each one. The rounds are then replayed from their beginning, with the log in
place of the source and the driver. The first call that the log does not answer is the next step. So rounds are defined
only once, in ``_run/round.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Driver, Outcome
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import RoundAborted, RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Action,
    Discovery,
    Node,
    Observation,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import Returned
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules
from ansible_collections.selfheal.cluster.plugins.module_utils._run.listing import discovery_of, node_to_dict
from ansible_collections.selfheal.cluster.plugins.module_utils._run.result import RunRecord
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import (
    Reconciler,
    check_rounds,
    run_to_result,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology

DISCOVER, LIST, CONNECT, DISCONNECT = "discover", "list", "connect", "disconnect"
END, FAIL = "end", "fail"

LOOKS = 5
"""How often the views are read until an action shows in them."""
PAUSE = 1.0
"""Seconds between two of them."""
MOST_STEPS = 200
"""Each step is an include inside the one before it, and Ansible fails at a depth of some 240 includes."""

Log = Sequence[Mapping[str, Any]]


def next_step(
    log: Log,
    topology: Topology,
    rules: Rules,
    *,
    check_mode: bool = False,
    max_rounds: int = 5,
    full: bool = False,
    inspect: bool = False,
) -> Returned:
    """The next step for the tasks.

    :param log: the steps so far; an entry has its ``step``, and for discover the ``listing``, for list the ``views``,
        ``unreachable`` and ``down`` or the ``problem``, for connect and disconnect the ``problems``, one for each
        action.
    :param inspect: only read, as ``membership_info`` does.
    :returns: the ``step``; for discover ``attempt`` and ``pause``, for list ``nodes`` and ``pause``, for connect and
        disconnect ``actions``; for end and fail the ``result``, for fail also ``msg``. Warnings are
        those of the end.
    :raises OptionError: ``max_rounds`` is less than 1.
    """
    check_rounds(max_rounds)
    record = RunRecord(topology.name, full, check_mode)
    driver = _TaskDriver(_Reader(log), topology, rules, record)
    reconciler = Reconciler(topology, driver, record, driver.ask)
    try:
        values, warnings = run_to_result(
            topology.name,
            reconciler.inspect if inspect else lambda: reconciler.converge(check_mode, max_rounds),
            lambda: Returned(record.inspected() if inspect else record.done(), record.warnings),
        )
    except _Needed as needed:
        return Returned(needed.step)
    except RoundError as error:
        failed = {**_untimed(error.result), "failed": True, "msg": str(error)}
        return Returned({"step": FAIL, "msg": str(error), "result": failed}, error.warnings)
    return Returned({"step": END, "result": {**_untimed(values), "failed": False}}, warnings)


def _untimed(result: Mapping[str, Any]) -> dict[str, Any]:
    """Drop the timings: a replay's are meaningless."""
    return {key: value for key, value in result.items() if key != "timings"}


class _Needed(Exception):
    def __init__(self, step: dict[str, Any]) -> None:
        super().__init__(step["step"])
        self.step = step


class _Reader:
    """Reads the log, in the order in which the rounds ask for its entries."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._read = 0

    def next(self, step: str, **details: Any) -> Mapping[str, Any]:
        """The entry of the next step.

        :raises _Needed: the tasks have not done that step yet.
        """
        if self._read == MOST_STEPS:
            raise RoundAborted(f"{MOST_STEPS} steps were made and it goes on: run again, and give fewer max_rounds")
        if self._read == len(self._log):
            raise _Needed({"step": step, **details})
        entry = self._log[self._read]
        if entry.get("step") != step:
            raise ValueError(f"entry {self._read} of the log is {entry.get('step')!r} where {step!r} comes next")
        self._read += 1
        return entry


class _TaskDriver(Driver):
    """A driver that answers from the log, and remembers the addresses of nodes."""

    def __init__(self, log: _Reader, topology: Topology, rules: Rules, record: RunRecord) -> None:
        self._log = log
        self._topology = topology
        self._rules = rules
        self._record = record
        self._addresses: dict[str, str | None] = {}
        self._last: Observation | None = None

    @property
    def rules(self) -> Rules:
        return self._rules

    async def ask(self, attempt: int, pause: float) -> Discovery:
        """The logged discovery. It does not wait: the tasks do that."""
        self._last = None
        entry = self._log.next(DISCOVER, attempt=attempt, pause=pause)
        return discovery_of(entry["listing"], self._topology.source.authoritative)

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

    async def prune(self, actions: Sequence[Action], desired: Sequence[Node]) -> Outcome:
        """The views decide whether a prune worked, whatever the tasks report."""
        problems = self._do(DISCONNECT, actions)
        gone = frozenset(action.node for action in actions)
        seen = await self.settle(desired, lambda _name: True, lambda seen: not _listing(seen, gone, gone))
        return {action: _verdict(action, problems[action], seen, gone) for action in actions}

    async def connect(self, actions: Sequence[Action], desired: Sequence[Node]) -> Outcome:
        return self._do(CONNECT, actions)

    async def close(self) -> None:
        pass

    def _look(self, desired: Sequence[Node], pause: float) -> Observation:
        self._addresses.update((node.name, node.address) for node in desired)
        entry = self._log.next(LIST, nodes=[node_to_dict(node) for node in desired], pause=pause)
        if entry.get("problem"):
            raise RoundAborted(f"the tasks that list failed, {self._record.changed_clause}: {entry['problem']}")
        try:
            self._last = observation_of(entry.get("views"), entry.get("unreachable"), entry.get("down"), desired)
        except ValueError as error:
            raise RoundAborted(
                f"the tasks that list said nothing usable, {self._record.changed_clause}: {error}"
            ) from error
        return self._last

    def _do(self, step: str, actions: Sequence[Action]) -> dict[Action, str | None]:
        entry = self._log.next(step, actions=[self._described(step, action) for action in actions])
        self._last = None
        return dict(zip(actions, entry["problems"], strict=True))

    def _described(self, step: str, action: Action) -> dict[str, Any]:
        return {
            "action": step,
            "observer": action.observer,
            "observer_address": self._addresses.get(action.observer or ""),
            "node": action.node,
            "node_address": self._addresses.get(action.node),
            "reason": action.reason,
            "detail": action.detail,
        }


def observation_of(views: Any, unreachable: Any, down: Any, desired: Sequence[Node]) -> Observation:
    """The members as task files read them. A desired node that is in neither variable is unreachable, never alone.

    :param views: from each observer to the names of its peers.
    :param unreachable: from the name of a node that could not be read to the reason.
    :param down: from observer to those of its peers that it reports unreachable.
    :raises ValueError: a variable has the wrong form; the text says which one.
    """
    if views is None:
        raise ValueError("converge_views is not set")
    found = {
        observer: View(observer, frozenset(peers) - {observer}) for observer, peers in _names("converge_views", views)
    }
    for observer, peers in _names("converge_down", down or {}):
        if observer not in found:
            raise ValueError(f"converge_down[{observer!r}] is of an observer that converge_views does not have")
        reported = frozenset(peers) - {observer}
        found[observer] = View(observer, found[observer].peers | reported, down=reported)
    problems = {node.name: "the tasks that list did not read it" for node in desired}
    if not isinstance(unreachable or {}, Mapping):
        raise ValueError("converge_unreachable is not a dictionary from name to reason")
    problems.update((str(name), str(reason) or "no reason was given") for name, reason in (unreachable or {}).items())
    both = sorted(found.keys() & (unreachable or {}).keys())
    if both:
        raise ValueError(f"{both[0]!r} is in converge_views and in converge_unreachable")
    return Observation(found, {name: Unreachable(why) for name, why in problems.items() if name not in found})


def _names(variable: str, given: Any) -> list[tuple[str, Sequence[str]]]:
    if not isinstance(given, Mapping):
        raise ValueError(f"{variable} is not a dictionary from observer to names")
    for observer, peers in given.items():
        if not isinstance(peers, list) or not all(isinstance(peer, str) and peer for peer in peers):
            raise ValueError(f"{variable}[{observer!r}] is not a list of names")
    return list(given.items())


def _listing(seen: Observation, nodes: frozenset[str], gone: frozenset[str]) -> list[str]:
    """The members that stay and list one of the nodes."""
    return sorted(name for name, view in seen.views.items() if name not in gone and view.peers & nodes)


def _verdict(action: Action, problem: str | None, seen: Observation, gone: frozenset[str]) -> str | None:
    listing = _listing(seen, frozenset({action.node}), gone)
    if listing:
        return problem or f"{listing[0]} still lists it"
    if action.observer not in seen.views:
        return problem or f"{action.observer} no longer says whom it lists, so nobody saw it gone"
    return None
