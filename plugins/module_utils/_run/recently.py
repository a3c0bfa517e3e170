# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts recent events per node, in one process."""

from __future__ import annotations

from typing import AbstractSet, Callable, Iterable


class Recently:
    """
    :param seconds: how long an event counts.
    :param clock: the time in seconds; it never goes backward.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._at: dict[str, list[float]] = {}

    def add(self, names: Iterable[str]) -> None:
        self.keep(self.names)
        now = self._clock()
        for name in names:
            self._at.setdefault(name, []).append(now)

    def times(self, name: str) -> int:
        """How many recent events this node has."""
        since = self._clock() - self._seconds
        return sum(1 for at in self._at.get(name, ()) if at > since)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name in self._at if self.times(name))

    def keep(self, names: AbstractSet[str]) -> None:
        """Discard the events of all other nodes."""
        self._at = {name: at for name, at in self._at.items() if name in names}
