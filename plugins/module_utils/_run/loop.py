# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop: repeated runs over open connections, at an interval and, where the source is watched, at each change."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Callable, Coroutine, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError, RoundAborted
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import Returned
from ansible_collections.selfheal.cluster.plugins.module_utils._run.history import History
from ansible_collections.selfheal.cluster.plugins.module_utils._run.pace import Pace, Retries, wait_until_due
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import (
    Reconciler,
    check_rounds,
    run,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import watch
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Source, Topology

_OVERTIME = 120.0
"""Seconds for the last run to finish after the duration is over."""

Emit = Callable[[Mapping[str, Any]], None]


def keep_whole(topology: Topology, max_rounds: int, full: bool, pace: Pace, emit: Emit) -> Returned:
    """Converge repeatedly for ``pace.duration`` seconds.

    :param emit: see :class:`History`.
    :returns: the result of ``membership``: the picture of the last run, and the events of all runs.
    :raises OptionError: ``max_rounds`` is less than 1.
    :raises RoundError: the last run was aborted, or the loop was interrupted.
    """
    check_rounds(max_rounds)
    history = History(topology.name, full, emit)

    def rounds(reconciler: Reconciler) -> Coroutine[Any, Any, None]:
        return Loop(reconciler, history, topology.source, max_rounds, pace).go_on()

    return run(topology, history.record, rounds, lambda: Returned(history.result(), history.warnings))


class Loop:
    def __init__(self, reconciler: Reconciler, history: History, source: Source, max_rounds: int, pace: Pace) -> None:
        self._reconciler = reconciler
        self._history = history
        self._source = source
        self._max_rounds = max_rounds
        self._pace = pace
        self._changed = asyncio.Event()
        self._retries = Retries()
        self._has_worked = False

    async def go_on(self) -> None:
        """
        :raises RoundAborted: the last run was aborted, or did not finish in time.
        """
        try:
            await asyncio.wait_for(self._watched(), self._pace.duration + _OVERTIME)
        except asyncio.TimeoutError:
            raise RoundAborted(
                f"the last round was not over {_OVERTIME:g} s after the duration of {self._pace.duration:g} s"
            ) from None
        except OptionError as error:
            raise RoundAborted(str(error)) from error
        if self._history.problem:
            raise RoundAborted(self._history.problem)

    async def _watched(self) -> None:
        if not self._pace.watch:
            await self._run_after_run()
            return
        running = asyncio.ensure_future(self._run_after_run())
        watching = asyncio.ensure_future(watch(self._source, self._changed.set, self._history.note))
        try:
            await asyncio.wait({running, watching}, return_when=asyncio.FIRST_COMPLETED)
            await (running if running.done() else watching)
        finally:
            for task in (running, watching):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _run_after_run(self) -> None:
        now = asyncio.get_running_loop().time
        end = now() + self._pace.duration
        while True:
            began = now()
            self._changed.clear()
            await self._run()
            due = min(began + self._pause(), end)
            if await wait_until_due(self._changed, began, due) >= end:
                return

    async def _run(self) -> None:
        problem = self._history.problem
        self._reconciler.record = self._history.next_run()
        try:
            await self._reconciler.converge(False, self._max_rounds)
            problem = None
            self._has_worked = True
        except RoundAborted as error:
            problem = str(error)
        except OptionError as error:
            # After a first success an option can only be wrong for a while: a kubeconfig or a certificate is renewed.
            if not self._has_worked:
                raise
            problem = str(error)
        finally:
            self._history.run_ended(problem)

    def _pause(self) -> float:
        """Seconds until the next run. A failure is retried before the interval is over, soon at first: a node may just
        be starting."""
        worked = not self._history.problem and not self._history.record.could_connect
        return self._retries.pause(worked, self._pace.pause(self._reconciler.ttl))
