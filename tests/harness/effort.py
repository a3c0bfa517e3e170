# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What something costs the processor."""

from __future__ import annotations

import time
from typing import Callable

TRIES = 3


def assert_cheap(action: Callable[[], object], seconds: float) -> None:
    """Of a few tries, one stays below so many seconds of CPU time.

    What else falls into a try, as the collector of a process with a large heap, does not fall into each.
    """
    took = []
    while not took or took[-1] >= seconds:
        assert len(took) < TRIES, f"{took} s of CPU time, to take less than {seconds}"
        start = time.process_time()
        action()
        took.append(time.process_time() - start)
