# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner alone, on the views of clusters that nobody can run on one machine."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Discovery,
    Node,
    Observation,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan

from tests.benchmarks.findings import Finding
from tests.unit.plugins.module_utils._planner.plans import AT_ONCE, EXCLUSIVE

_SECONDS = {1000: 0.5, 5000: 5.0}
_TENTH = 10


def _names(count: int) -> list[str]:
    return [f"app@10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(count)]


def _mesh(names: Sequence[str]) -> dict[str, View]:
    """As the driver makes them: for each view a set of its own, that of the synchronised peers being the same one."""
    everyone = frozenset(names)
    sets = {name: everyone - {name} for name in names}
    return {name: View(name, peers, peers) for name, peers in sets.items()}


def healthy(count: int) -> tuple[list[str], dict[str, View]]:
    return _names(count), _mesh(_names(count))


def islands(count: int) -> tuple[list[str], dict[str, View]]:
    names = _names(count)
    half = len(names) // 2
    return names, {**_mesh(names[:half]), **_mesh(names[half:])}


def isolated(count: int) -> tuple[list[str], dict[str, View]]:
    return _names(count), {name: View(name, frozenset(), frozenset()) for name in _names(count)}


def strays(count: int) -> tuple[list[str], dict[str, View]]:
    """A tenth of the members is to be pruned."""
    return _names(count)[: -count // _TENTH], _mesh(_names(count))


CASES: dict[str, Callable[[int], tuple[list[str], dict[str, View]]]] = {
    "a healthy mesh": healthy,
    "two islands": islands,
    "isolated nodes": isolated,
    "a tenth to be pruned": strays,
}


def measured(case: str, count: int) -> tuple[float, float, float]:
    """Seconds, MB of the views, and MB that planning took on top of that at its peak."""
    seconds = _planned(case, count)[0]
    tracemalloc.start()  # which makes everything slower
    return (seconds, *_planned(case, count)[1:])


def _planned(case: str, count: int) -> tuple[float, float, float]:
    desired, views = CASES[case](count)
    discovery, observation = Discovery.complete([Node(name) for name in desired]), Observation(views)
    size, _peak = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    start = time.perf_counter()
    plan(discovery, observation, AT_ONCE, EXCLUSIVE)
    seconds = time.perf_counter() - start
    return seconds, size / 1e6, (tracemalloc.get_traced_memory()[1] - size) / 1e6


def findings(quick: bool) -> Iterator[Finding]:
    for case in CASES:
        for count in [100] if quick else [500, 1000, 5000]:
            runs = [_in_a_process(case, count) for _run in range(1 if quick else 3)]
            seconds, views, planning = (list(column) for column in zip(*runs))
            yield Finding(f"Plan: {case}", count, {"planner": seconds}, at_most=_SECONDS.get(count))
            yield Finding(f"Plan: {case}: memory", count, {"planner": planning, "the views": views}, unit="MB")


def _in_a_process(case: str, count: int) -> tuple[float, ...]:
    command = [sys.executable, "-m", "tests.benchmarks.rows.plan", case, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()))


if __name__ == "__main__":
    print(*measured(sys.argv[1], int(sys.argv[2])))
