# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this process holds, and that it gives back what something has taken.

before = Held()
...
before.await_given_back()
"""

from __future__ import annotations

import contextlib
import gc
import os
import threading
from collections import Counter

from tests.harness.waiting import wait_until

_GIVEN_BACK = 60
_OURS = ("ansible_collections.selfheal.", "asyncio", "_asyncio", "socket", "_socket", "ssl", "_ssl", "threading")


class Held:
    """Threads and sockets as of now. Others may end meanwhile, so that fewer are as good."""

    def __init__(self) -> None:
        gc.collect()
        self.threads = threading.active_count()
        self.sockets = sockets()

    def await_given_back(self) -> None:
        """
        :raises AssertionError: there are still more than there were.
        """
        self.await_threads()
        wait_until(self._has_sockets, _GIVEN_BACK, f"no more than {self.sockets} sockets")

    def await_threads(self) -> None:
        wait_until(
            lambda: threading.active_count() <= self.threads, _GIVEN_BACK, f"no more than {self.threads} threads"
        )

    def _has_sockets(self) -> bool:
        gc.collect()
        return sockets() <= self.sockets


def sockets() -> int:
    """How many are open."""
    count = 0
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # that of the listing itself is gone
            count += os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket:")
    return count


def objects() -> Counter[str]:
    """How many there are of each type of the collection, and of connections, tasks and threads."""
    gc.collect()
    types = (type(one) for one in gc.get_objects())
    return Counter(f"{one.__module__}.{one.__qualname__}" for one in types if str(one.__module__).startswith(_OURS))
