# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thread that leaves signals to the main one."""

from __future__ import annotations

import signal
import threading


class DeafThread(threading.Thread):
    """Ends with the process. It must start no process, which would be as deaf.

    A signal goes to any thread that takes it, and only the main one does with it what Python was told to do. Where
    another takes it while the main one waits for something, nobody wakes the main one: Ctrl-C would be lost.
    """

    def start(self) -> None:
        self.daemon = True
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
