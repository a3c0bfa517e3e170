# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connects were in vain, so that they are not made again and again."""

from __future__ import annotations

import time
from typing import AbstractSet, Iterable

IN_VAIN = 600.0
"""Seconds over which a try counts, as long as a member remembers that it left and rejoined."""


class Tries:
    """Of one process, by the name of the node that was connected."""

    def __init__(self) -> None:
        self._at: dict[str, list[float]] = {}

    def add(self, names: Iterable[str]) -> None:
        now = time.monotonic()
        for name in names:
            self._at.setdefault(name, []).append(now)

    def of(self, name: str) -> int:
        since = time.monotonic() - IN_VAIN
        return sum(1 for at in self._at.get(name, ()) if at > since)

    def keep(self, outstanding: AbstractSet[str]) -> None:
        """Those of the nodes that still lack something; the others' tries were not in vain."""
        self._at = {name: at for name, at in self._at.items() if name in outstanding and self.of(name)}
