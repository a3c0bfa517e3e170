# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Since when members are missing from their source, from one look at it to the next (pure: the caller has the clock).

A look is a complete discovery that no cache has given before. This file counts for how long looks have missed a member,
and finds out whether the source answers with samples.
"""

from __future__ import annotations

from collections import deque
from typing import AbstractSet, NamedTuple, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._evidence import is_copy
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, Absence, Discovery

_AN_HOUR, _A_DAY = 3600.0, 86400.0
_GAP = 3
"""A gap between two looks counts at most this part of the time, so that four looks are the fewest."""
_MOST_LOOKS = 4096


class _Look(NamedTuple):
    at: float
    listed: frozenset[str]


class _Off(NamedTuple):
    """``ran``: at each sight of the cluster since then; None before the first one."""

    since: float
    ran: Optional[bool] = None


class _Return(NamedTuple):
    """A member that was off the list and is back, and was alive all the while: missed from ``since`` until ``back``."""

    name: str
    since: float
    back: float


class Absences:
    """
    :param period: seconds for which a member has to be missing.
    """

    def __init__(self, period: float) -> None:
        self._period = period
        self._clock = 0.0
        """Seconds that count, from the first look on."""
        self._missed_from: dict[str, float] = {}
        self._off: dict[str, _Off] = {}
        self._looks: deque[_Look] = deque(maxlen=_MOST_LOOKS)
        self._returns: list[_Return] = []
        self._sampled_until: Optional[float] = None
        self._proof = ""
        self._last: Sequence[Discovery] = ()

    def look(self, discovery: Discovery, now: float) -> None:
        """
        :param now: seconds on a clock that only goes forward.
        """
        if not self._period or discovery.status != COMPLETE or is_copy(discovery, self._last):
            return
        self._last = (discovery,)
        before = self._looks[-1] if self._looks else _Look(now, frozenset())
        self._clock += min(max(0.0, now - before.at), self._period / _GAP)
        for name in before.listed - discovery.names:
            self._missed_from[name] = self._clock
            self._off[name] = _Off(now)
        for name in self._off.keys() & discovery.names:
            off = self._off.pop(name)
            if off.ran:
                self._returns.append(_Return(name, off.since, now))
        for name in self._missed_from.keys() & discovery.names:
            del self._missed_from[name]
        self._looks.append(_Look(now, discovery.names))
        self._forget(now)
        self._judge(now)

    def saw_alive(self, alive: AbstractSet[str]) -> None:
        """Who runs, as the members say right after a look. One that is off the list and does not run may be restarting:
        its return proves nothing."""
        for name, off in self._off.items():
            self._off[name] = off._replace(ran=name in alive and off.ran is not False)

    def absence(self, now: float) -> Absence:
        """What the looks until now prove."""
        if not self._period:
            return Absence()
        samples = self._proof if self._sampled_until is not None and now < self._sampled_until else ""
        listed = self._looks[-1].listed if self._looks else frozenset()
        missing = {name: self._clock - since for name, since in self._missed_from.items()}
        return Absence(listed, missing, self._clock, samples)

    def _forget(self, now: float) -> None:
        while self._looks[0].at < now - _AN_HOUR:
            self._looks.popleft()
        self._returns = [one for one in self._returns if one.since >= now - _AN_HOUR]
        for name in [name for name, off in self._off.items() if off.since < now - _A_DAY]:
            del self._off[name], self._missed_from[name]

    def _judge(self, now: float) -> None:
        for one in self._returns:
            for other in self._returns:
                if one.name < other.name and self._lacks(one, other.name) and self._lacks(other, one.name):
                    self._sampled_until = now + _A_DAY
                    self._proof = (
                        f"{one.name} and {other.name} were each off the list and back while they ran, in turns: the "
                        "source answers with samples of its list, which prove nobody's absence; for a day nothing is "
                        "pruned from it (policy.absent_for: 0 says that the list is whole)"
                    )
                    self._returns = []
                    return

    def _lacks(self, one: _Return, other: str) -> bool:
        """Whether a look that lacks the one has the other."""
        return any(one.since <= look.at < one.back and other in look.listed for look in self._looks)
