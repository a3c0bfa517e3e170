# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP connection that another thread can cut. Whoever reads from a socket hears nothing else, neither an interrupt
nor the end of the time it has."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Any, Callable, Optional

KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""A peer that is gone without a word is noticed in a minute, and a way that forgets idle connections kept."""


class Line:
    """The way of one attempt to the API server: one connection at a time."""

    def __init__(self, allowed: Callable[[float], None] = lambda _seconds: None) -> None:
        """
        :param allowed: called with the seconds after which to cut it, in place of those it was called with before.
        """
        self._allowed = allowed
        self._deadline: Optional[float] = None
        self._lock = threading.Lock()
        self._handle: Optional[socket.socket] = None
        self._is_cut = False

    def allow(self, seconds: float) -> None:
        """From now on."""
        self._deadline = time.monotonic() + seconds
        self._allowed(seconds)

    @property
    def is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def guard(self, pool: Any) -> None:
        """Have each connection that this pool of urllib3 opens from now on."""
        line = self

        class Guarded(pool.ConnectionCls):  # type: ignore[misc]
            def _new_conn(self) -> socket.socket:
                # Not ``connect``: it comes back only after the handshakes with a proxy and of TLS.
                sock: socket.socket = super()._new_conn()
                line.take(sock)
                return sock

        pool.ConnectionCls = Guarded

    def take(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE.items():
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        with self._lock:
            self._drop()
            # TLS takes the socket over; a handle of our own is good for as long as we want.
            self._handle = sock.dup()
            if self._is_cut:
                self._shut()

    def cut(self) -> None:
        """End the connection, and each that is still opened. Whoever reads from it is told that it has ended."""
        with self._lock:
            self._is_cut = True
            self._shut()

    def close(self) -> None:
        """There will be no more connections."""
        with self._lock:
            self._drop()

    def _shut(self) -> None:
        if self._handle:
            with contextlib.suppress(OSError):  # the other end was first
                self._handle.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        if self._handle:
            self._handle.close()
            self._handle = None
