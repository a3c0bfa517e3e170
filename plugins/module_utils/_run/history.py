# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of a loop: the picture of its last run, and the events of all its runs."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, Callable, Mapping, Optional, Sequence, Tuple

from ansible_collections.selfheal.cluster.plugins.module_utils._returned import (
    Link,
    MembershipResult,
    RunEvent,
    TimedEvent,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._run.recently import Recently
from ansible_collections.selfheal.cluster.plugins.module_utils._run.result import RunRecord, utc_now

_COME_AND_GO = ("not_yet", "samples")
"""Reasons of refusals that come and go with the answers of a source."""
_EMITTED_AGAIN_AFTER = 3600.0
"""Seconds after which such a refusal is emitted again."""
MOST_KEPT = 1000
"""Events, connects and prunes of a loop that its result keeps, the newest; each event is emitted when it happens."""

_Key = Tuple[str, Optional[str], str]


class History:
    """
    :param emit: called with each event as it happens: a dict with ``time`` (ISO 8601, UTC), ``event``, ``node``,
        ``reason`` and ``observer``. In addition to those of a run there are, without a node, ``round_failed`` for a run
        that was aborted, ``recovered`` for the first one after it that was not, and ``watch`` for a message of the
        watch.
    """

    def __init__(self, topology: str, full: bool, emit: Callable[[Mapping[str, Any]], None]) -> None:
        self.record = RunRecord(topology, full)
        self._topology = topology
        self._full = full
        self._emit = emit
        self._diff_before: Optional[str] = None
        self._connected: deque[Link] = deque(maxlen=MOST_KEPT)
        self._pruned: deque[Link] = deque(maxlen=MOST_KEPT)
        self._events: deque[TimedEvent] = deque(maxlen=MOST_KEPT)
        self._outstanding: frozenset[_Key] = frozenset()
        self._lately_emitted = Recently(_EMITTED_AGAIN_AFTER, time.monotonic)
        self.problem: Optional[str] = None
        self._rounds = 0
        self._timings: dict[str, float] = {}
        self._last: Optional[MembershipResult] = None
        self._last_warnings: Sequence[str] = ()

    def next_run(self) -> RunRecord:
        """Begin a new record, which starts with the islands at the end of the last run."""
        self.record = RunRecord(self._topology, self._full, before=self.record.islands)
        return self.record

    def run_ended(self, problem: Optional[str]) -> None:
        """
        :param problem: why the run was aborted, if it was.
        """
        done = self.record.done()
        # A run that was interrupted before its first discovery must not replace the picture of the one before it.
        if self.record.has_asked or not self._last:
            self._last, self._last_warnings = done, self.record.warnings
        self._rounds += done["rounds"]
        for phase, seconds in done["timings"].items():
            self._timings[phase] = round(self._timings.get(phase, 0.0) + seconds, 3)
        if self._diff_before is None and done["views"]:
            self._diff_before = done["diff"]["before"]
        self._connected.extend(done["connected"])
        self._pruned.extend(done["pruned"])
        self._emit_news(done["events"])
        self._emit_problem(problem)

    def note(self, text: str) -> None:
        """Add a message of the watch."""
        self._add_event("watch", None, text, None)

    def result(self) -> MembershipResult:
        """The result of ``membership``, with a ``time`` in each event."""
        last = self._last or self.record.done()
        connected, pruned = list(self._connected), list(self._pruned)
        return {
            **last,
            "changed": bool(connected or pruned),
            "connected": connected,
            "pruned": pruned,
            "events": list(self._events),
            "rounds": self._rounds,
            "timings": self._timings,
            "diff": {**last["diff"], "before": self._diff_before or last["diff"]["before"]},
        }

    @property
    def warnings(self) -> Sequence[str]:
        """The warnings for users that belong to the result."""
        return self._last_warnings if self._last else self.record.warnings

    def _emit_news(self, events: Sequence[RunEvent]) -> None:
        """Emit the events of a run, except for lasting conditions that were emitted when they began."""
        lasting = frozenset(
            (event["event"], event["node"], event["reason"])
            for event in events
            if event["event"] in ("connect_failed", "prune_refused")
        )
        for event in events:
            if (event["event"], event["node"], event["reason"]) not in self._outstanding and self._is_news(event):
                self._add_event(**event)
        self._outstanding = lasting

    def _is_news(self, event: Mapping[str, Any]) -> bool:
        if event["reason"] not in _COME_AND_GO:
            return True
        # A source of samples concerns all its nodes, so this is emitted once for all of them.
        about = event["node"] if event["reason"] != "samples" else event["reason"]
        is_news = not self._lately_emitted.times(about)
        if is_news:
            self._lately_emitted.add([about])
        return is_news

    def _emit_problem(self, problem: Optional[str]) -> None:
        if problem and problem != self.problem:
            self._add_event("round_failed", None, problem, None)
        elif self.problem and not problem:
            self._add_event("recovered", None, "the round could go on", None)
        self.problem = problem

    def _add_event(self, event: str, node: Optional[str], reason: str, observer: Optional[str]) -> None:
        added: TimedEvent = {"time": utc_now(), "event": event, "node": node, "reason": reason, "observer": observer}
        self._events.append(added)
        self._emit(added)
