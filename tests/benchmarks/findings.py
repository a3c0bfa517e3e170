# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured: ours beside what a user would pick instead, and what is to be reached."""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.harness.paths import ROOT

FOUND = ROOT / ".build" / "benchmarks"
ROWS = ("views", "views_play", "mesh", "prune", "healthy", "pods", "inventory", "dns", "plan", "topologies")


@dataclass(frozen=True)
class Finding:
    """One comparison.

    :param values: of each contestant one value a run, in the unit; the first contestant is ours. Runs with the same
        index were made next to each other.
    :param goals: a contestant -> at most so many times its value; below 1 this says how much faster ours has to be.
    :param at_most: what the median of ours may be.
    """

    work: str
    size: int
    values: Mapping[str, Sequence[float]]
    unit: str = "s"
    goals: Mapping[str, float] = field(default_factory=dict)
    at_most: float | None = None

    @property
    def ours(self) -> str:
        return next(iter(self.values))

    @property
    def rivals(self) -> list[str]:
        return list(self.values)[1:]

    def median(self, contestant: str) -> float:
        return statistics.median(self.values[contestant])

    def spread(self, contestant: str) -> tuple[float, float]:
        return min(self.values[contestant]), max(self.values[contestant])

    def ratio(self, rival: str) -> float:
        """How many times the rival's value ours is: the median over the runs next to each other."""
        pairs = zip(self.values[self.ours], self.values[rival], strict=True)
        return statistics.median(one / other for one, other in pairs)

    def reached(self, rival: str | None = None) -> bool | None:
        """Whether the goal beside a rival, or the one for ours alone, is reached; None: there is none."""
        goal = self.at_most if rival is None else self.goals.get(rival)
        if goal is None:
            return None
        return (self.median(self.ours) if rival is None else self.ratio(rival)) <= goal


def exponent(findings: Sequence[Finding], contestant: str) -> float | None:
    """The power of the size with which the contestant's medians grow: the slope of a line through the logarithms."""
    if len({found.size for found in findings}) < 2 or not all(found.median(contestant) for found in findings):
        return None
    points = [(math.log(found.size), math.log(found.median(contestant))) for found in findings]
    return statistics.linear_regression(*zip(*points)).slope


def in_turn(rivals: Mapping[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Seconds of each run of each rival, done in turn, so that a machine whose speed drifts treats them alike.

    The first round warms up and does not count.
    """
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for run in range(runs + 1):
        for name, work in rivals.items():
            start = time.perf_counter()
            work()
            if run:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def write(path: Path, findings: Iterable[Finding]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(found) for found in findings], indent=1) + "\n")


def read(path: Path) -> list[Finding]:
    return [Finding(**found) for found in json.loads(path.read_text())]


def text(found: Finding) -> str:
    """For the terminal: a line a contestant."""
    lines = [f"{found.work}, {found.size:,}"]
    for contestant in found.values:
        least, most = found.spread(contestant)
        line = f"  {contestant:<44} {shown(found.median(contestant), found.unit):>10}"
        line += f"   {shown(least, found.unit)} to {shown(most, found.unit)}"
        if contestant != found.ours:
            line += f"   ours is {times(found.ratio(contestant))}"
            line += verdict(found.reached(contestant), found.goals.get(contestant))
        elif found.at_most is not None:
            line += f"   {'reached' if found.reached() else 'NOT REACHED'}: at most {shown(found.at_most, found.unit)}"
        lines.append(line)
    return "\n".join(lines)


def verdict(reached: bool | None, goal: float | None) -> str:
    if goal is None:
        return ""
    return f" ({'reached' if reached else 'NOT REACHED'}: {times(goal)})"


def times(ratio: float) -> str:
    """A ratio the way it is said: 1.25 ×, or 12 × faster where it is much below one."""
    return f"{ratio:.2f} ×" if ratio > 0.5 else f"{1 / ratio:.1f} × faster"


def shown(value: float, unit: str) -> str:
    if unit != "s":
        return f"{value:,.0f} {unit}"
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"
