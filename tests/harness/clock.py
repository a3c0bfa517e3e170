# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upper bounds on the clock, for a machine that does other things too.

with within(4, work=0.5):
    ...                    # waits for a time-out of 4 s, and does what takes half a second where nothing else is done
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

BUSY = float(os.environ.get("TEST_BUSY_FACTOR", "4"))
"""How many times as long work takes on this machine as on one that does nothing else. Waiting takes as long on each."""


@contextmanager
def within(seconds: float, *, work: float = 1.0) -> Iterator[None]:
    """
    :param seconds: that the body may spend waiting.
    :param work: seconds that all else in it takes, where nothing else is done.
    :raises AssertionError: the body took longer than both, however busy the machine is.
    """
    limit = seconds + BUSY * work
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    assert took < limit, f"it took {took:.2f} s, to take less than {limit:g}"
