# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of things done in turn, so that a machine whose speed drifts treats them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def in_turn(rivals: Mapping[str, Callable[[], object]], runs: int = 7) -> dict[str, list[float]]:
    """Seconds of each run of each rival; the first round warms up and does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for run in range(runs + 1):
        for name, work in rivals.items():
            start = time.perf_counter()
            work()
            if run:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def report(title: str, seconds: Mapping[str, list[float]], floor: str) -> None:
    """A line a rival: least, median and most milliseconds, and the median ratio to the floor, run by run."""
    print(f"\n{title}")
    for name, times in seconds.items():
        ratio = statistics.median(one / other for one, other in zip(times, seconds[floor]))
        spread = f"{min(times) * 1000:8.1f} {statistics.median(times) * 1000:8.1f} {max(times) * 1000:8.1f} ms"
        print(f"  {name:<44} {spread}   {ratio:5.2f} x")
