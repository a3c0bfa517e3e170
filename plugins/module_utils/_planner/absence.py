# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long members have been missing from their source (pure: the caller passes the time).

A look is a complete discovery that does not come from a cache. This module counts for how long looks have missed a
member, and detects sources that answer with samples.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import AbstractSet, Iterable, NamedTuple, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, Absence, Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.evidence import Caches

_AN_HOUR, _A_DAY = 3600.0, 86400.0
_GAP = 3
"""A gap between two looks counts as at most the period divided by this, so that it takes at least four looks."""
_MOST_LOOKS = 4096
_MOST_RETURNS = 100


class _Look(NamedTuple):
    at: float
    listed: frozenset[str]


class _Off(NamedTuple):
    """A member that is off the list. ``ran``: whether it ran at each observation since; None before the first one."""

    since: float
    ran: Optional[bool] = None


class _Return(NamedTuple):
    """A member that was off the list from ``since`` until ``back``, and ran all that time."""

    name: str
    since: float
    back: float


class Absences:
    """
    :param period: seconds for which a member has to be missing.
    :param caches: that saw each answer.
    :param samples: whether the source may answer with samples.
    """

    def __init__(self, period: float, caches: Caches, samples: bool) -> None:
        self._period = period
        self._caches = caches
        self._samples = samples
        self._clock = 0.0
        """Seconds that count, from the first look on."""
        self._missed_from: dict[str, float] = {}
        self._off: dict[str, _Off] = {}
        self._looks: deque[_Look] = deque(maxlen=_MOST_LOOKS)
        self._returns: deque[_Return] = deque(maxlen=_MOST_RETURNS)
        self._sampled_until: Optional[float] = None
        self._proof = ""
        self._last: Optional[Discovery] = None
        self._absence = Absence()

    def look(self, discovery: Discovery, now: float) -> None:
        """
        :param now: seconds on a clock that only goes forward.
        """
        if self._period and discovery.status == COMPLETE:
            self._look(discovery, now)
            listed = self._looks[-1].listed if self._looks else frozenset()
            missing = {name: self._clock - since for name, since in self._missed_from.items()}
            self._absence = Absence(listed, missing, self._clock)

    def _look(self, discovery: Discovery, now: float) -> None:
        if self._last and self._caches.may_be_older(discovery, self._last):
            # It is not a look, but the nodes that it lists are listed: their absence starts anew.
            self._missed_from.update(dict.fromkeys(discovery.names - self._looks[-1].listed, self._clock))
            return
        self._last = discovery
        before = self._looks[-1] if self._looks else _Look(now, frozenset())
        self._clock += min(max(0.0, now - before.at), self._period / _GAP)
        for name in before.listed - discovery.names:
            self._missed_from[name] = self._clock
            self._off[name] = _Off(now)
        back = [(name, off) for name, off in self._off.items() if name in discovery.names]
        for name in self._missed_from.keys() & discovery.names:
            del self._missed_from[name]
            self._off.pop(name, None)
        # Of several members that were off at the same time, one is enough.
        returns = {off.since: _Return(name, off.since, now) for name, off in back if off.ran}
        # The same object where possible: with thousands of looks these sets take most of the memory.
        self._looks.append(_Look(now, before.listed if before.listed == discovery.names else discovery.names))
        self._forget(now)
        if self._samples:
            self._detect_samples(returns.values(), now)

    def saw_alive(self, alive: AbstractSet[str]) -> None:
        """Record the members that run, as observed right after a look. A member that is off the list and does not run
        may be restarting, so that its return proves nothing."""
        for name, off in self._off.items():
            self._off[name] = off._replace(ran=name in alive and off.ran is not False)

    def absence(self, now: float) -> Absence:
        """What the looks so far prove."""
        return replace(self._absence, samples=self._proof) if self._is_sampled(now) else self._absence

    def _is_sampled(self, now: float) -> bool:
        return self._sampled_until is not None and now < self._sampled_until

    def _forget(self, now: float) -> None:
        while self._looks[0].at < now - _AN_HOUR:
            self._looks.popleft()
        while self._returns and self._returns[0].back < now - _AN_HOUR:
            self._returns.popleft()
        for name in [name for name, off in self._off.items() if off.since < now - _A_DAY]:
            del self._off[name]
        # A member without an entry counts as missing since the first look, so that old entries can go.
        for name in [name for name, since in self._missed_from.items() if since < self._clock - _A_DAY]:
            del self._missed_from[name]

    def _detect_samples(self, returns: Iterable[_Return], now: float) -> None:
        if self._is_sampled(now):
            return
        for one in returns:
            other = next((other for other in self._returns if self._in_turns(one, other)), None)
            if other:
                self._sampled_until = now + _A_DAY
                self._proof = (
                    f"{one.name} and {other.name} were each off the list and back while they ran, in turns: the source "
                    "answers with samples of its list, which prove nobody's absence; for a day nothing is pruned from "
                    "it (policy.absent_for: 0 says that each answer lists everybody)"
                )
                self._returns.clear()
                return
            self._returns.append(one)

    def _in_turns(self, one: _Return, other: _Return) -> bool:
        return self._lacks(one, other.name) and self._lacks(other, one.name)

    def _lacks(self, one: _Return, other: str) -> bool:
        """Whether a look that missed the one listed the other."""
        return any(one.since <= look.at < one.back and other in look.listed for look in self._looks)
