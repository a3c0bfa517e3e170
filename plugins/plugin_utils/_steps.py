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

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.tasks.driver import TaskDriver, Tasks
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.tasks.views import observation_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import RoundAborted, RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Action,
    Discovery,
    Node,
    Observation,
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
    logged = _Logged(log, record)
    driver = TaskDriver(logged, rules)

    async def ask(attempt: int, pause: float) -> Discovery:
        driver.forget_views()
        return discovery_of(logged.discover(attempt, pause), topology.source.authoritative)

    reconciler = Reconciler(topology, driver, record, ask)
    try:
        values, warnings = run_to_result(
            reconciler.inspect if inspect else lambda: reconciler.converge(check_mode, max_rounds),
            lambda: Returned(record.inspected() if inspect else record.done(), record.warnings),
        )
    except _Needed as needed:
        return Returned(needed.step)
    except RoundError as error:
        problem = f"topology {topology.name!r}: {error}"
        failed = {**_untimed(error.result), "failed": True, "msg": problem}
        return Returned({"step": FAIL, "msg": problem, "result": failed}, error.warnings)
    return Returned({"step": END, "result": {**_untimed(values), "failed": False}}, warnings)


def _untimed(result: Mapping[str, Any]) -> dict[str, Any]:
    """Drop the timings: a replay's are meaningless."""
    return {key: value for key, value in result.items() if key != "timings"}


class _Needed(Exception):
    def __init__(self, step: dict[str, Any]) -> None:
        super().__init__(step["step"])
        self.step = step


class _Logged(Tasks):
    """Task files whose outcomes are in the log. It is read in the order in which the rounds ask for its entries, and
    the addresses of nodes are remembered for the tasks that need them.

    :param record: says in the errors what was changed until then.
    """

    def __init__(self, log: Log, record: RunRecord) -> None:
        self._log = log
        self._record = record
        self._read = 0
        self._addresses: dict[str, str | None] = {}

    def discover(self, attempt: int, pause: float) -> Any:
        """The listing of the source. It does not wait: the tasks do that."""
        return self._next(DISCOVER, attempt=attempt, pause=pause)["listing"]

    def list_nodes(self, desired: Sequence[Node], pause: float) -> Observation:
        self._addresses.update((node.name, node.address) for node in desired)
        entry = self._next(LIST, nodes=[node_to_dict(node) for node in desired], pause=pause)
        if entry.get("problem"):
            raise RoundAborted(f"the tasks that list failed, {self._record.changed_clause}: {entry['problem']}")
        try:
            return observation_of(entry.get("views"), entry.get("unreachable"), entry.get("down"), desired)
        except ValueError as error:
            raise RoundAborted(
                f"the tasks that list said nothing usable, {self._record.changed_clause}: {error}"
            ) from error

    def connect(self, actions: Sequence[Action]) -> dict[Action, str | None]:
        return self._do(CONNECT, actions)

    def disconnect(self, actions: Sequence[Action]) -> dict[Action, str | None]:
        return self._do(DISCONNECT, actions)

    def _do(self, step: str, actions: Sequence[Action]) -> dict[Action, str | None]:
        entry = self._next(step, actions=[self._described(step, action) for action in actions])
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

    def _next(self, step: str, **details: Any) -> Mapping[str, Any]:
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
