# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks measure what they say, once and small, and say it rightly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks import findings
from tests.benchmarks.findings import ROWS, Finding, exponent, text
from tests.harness.paths import ROOT

_MINUTES = 300


def _found(size: int, ours: float, theirs: float, **more: object) -> Finding:
    return Finding("Work", size, {"ours": [ours, ours * 2, ours], "theirs": [theirs, theirs, theirs]}, **more)


def test_a_ratio_is_the_median_of_pairs() -> None:
    found = Finding("Work", 10, {"ours": [1.0, 9.0, 2.0], "theirs": [1.0, 3.0, 1.0]}, goals={"theirs": 1.9})
    assert found.ratio("theirs") == 2.0
    assert found.reached("theirs") is False
    assert "ours is 2.00 × (NOT REACHED: 1.90 ×)" in text(found)


def test_a_goal_below_one_says_how_much_faster() -> None:
    assert "ours is 10.0 × faster (reached: 5.0 × faster)" in text(_found(10, 1, 10, goals={"theirs": 0.2}))
    assert "(NOT REACHED: 20.0 × faster)" in text(_found(10, 1, 10, goals={"theirs": 0.05}))


def test_a_limit_of_our_own() -> None:
    assert "reached: at most 2 s" in text(Finding("Work", 1, {"ours": [1.5]}, at_most=2.0))
    assert "NOT REACHED: at most 1 s" in text(Finding("Work", 1, {"ours": [1.5]}, at_most=1.0))


def test_what_grows_with_the_square_has_the_exponent_two() -> None:
    found = [_found(size, size**2, size) for size in (10, 100, 1000)]
    assert exponent(found, "ours") == pytest.approx(2)
    assert exponent(found, "theirs") == pytest.approx(1)
    assert exponent(found[:1], "ours") is None


def test_what_was_measured_is_kept(tmp_path: Path) -> None:
    found = [_found(10, 1, 2, goals={"theirs": 1.0}), Finding("Other", 1, {"ours": [0.0]}, unit="links", at_most=0)]
    findings.write(tmp_path / "work.json", found)
    assert findings.read(tmp_path / "work.json") == found


@pytest.mark.long
@pytest.mark.timeout(_MINUTES)
@pytest.mark.parametrize("row", ROWS)
def test_each_piece_of_work_can_be_measured(row: str) -> None:
    """Whoever does not do the work, or not all of it, fails there."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--quick", row],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / ".build" / "collections")))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()
