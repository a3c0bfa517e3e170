# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that started this one, and its end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.selfheal.cluster.plugins.plugin_utils._deaf_thread import DeafThread

_EVERY = 1.0


@contextmanager
def ending_with_parent() -> Iterator[None]:
    """Have this process ended by SIGTERM when its parent is gone.

    Ansible's workers have sessions of their own, so that a terminal that is closed, or SIGKILL, ends all but what they
    have begun. A loop would go on for days, unseen and beside the next one that is started.
    """
    parent = os.getppid()
    over = threading.Event()

    def look() -> None:
        while not over.wait(_EVERY):
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = DeafThread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
