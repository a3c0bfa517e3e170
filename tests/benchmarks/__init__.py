# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection costs and how fast it is, on real nodes. Each is a program: see ``make bench``."""

from __future__ import annotations

import time
from pathlib import Path

_IDLE = 0.85
_LOOK = 0.5


def memory_of(pid: int) -> int:
    """Its resident set, in kB (proc_pid_status(5))."""
    return _status(pid, "VmRSS")


def peak_memory() -> int:
    """The most that this process ever had resident, in kB; getrusage(2) would count its parent's."""
    return _status("self", "VmHWM")


def _status(process: int | str, field: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def wait_calm(timeout: float = 300) -> None:
    """Until the machine is idle: a mesh goes on synchronising after its last link is there.

    :raises AssertionError: it is busy all the time, so that nothing can be measured.
    """
    deadline = time.monotonic() + timeout
    while _idle() < _IDLE:
        assert time.monotonic() < deadline, f"the machine was busy for {timeout} s"


def _idle() -> float:
    """Which share of all processors was idle in a moment (proc_stat(5))."""
    before = _ticks()
    time.sleep(_LOOK)
    spent = [after - ticks for ticks, after in zip(before, _ticks())]
    return sum(spent[3:5]) / max(1, sum(spent))


def _ticks() -> list[int]:
    return [int(text) for text in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
