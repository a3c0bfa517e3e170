# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thread that leaves all signals to the main thread."""

from __future__ import annotations

import signal
import threading


class SignalMaskedThread(threading.Thread):
    """A daemon thread in which all signals are blocked. Do not spawn processes from it: they inherit the blocked mask.

    The system delivers a signal to any thread that does not block it, and only the main thread runs Python's handlers.
    If another thread gets the signal while the main thread waits, the main thread is not woken: Ctrl-C would be lost.
    """

    def start(self) -> None:
        self.daemon = True
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
