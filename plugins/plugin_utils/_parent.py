# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ending this process together with its parent."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.selfheal.cluster.plugins.plugin_utils._signal_masked_thread import SignalMaskedThread

_EVERY = 1.0


@contextmanager
def ending_with_parent() -> Iterator[None]:
    """Send this process SIGTERM when its parent is gone.

    Ansible's workers have sessions of their own: if the terminal is closed or Ansible is killed, they stay. A loop in
    one would continue for days, unnoticed and next to the loop that is started later.
    """
    parent = os.getppid()
    over = threading.Event()

    def look() -> None:
        while not over.wait(_EVERY):
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = SignalMaskedThread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
