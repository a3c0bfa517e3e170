# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP connection that another thread can abort. A thread that blocks in a read notices neither an interrupt nor the
end of its time, so another one has to end the connection under it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Any, Callable, Optional

KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""A peer that vanished is noticed within a minute, and middleboxes that forget idle connections keep this one."""


class AbortableConnection:
    """The connection of one attempt to the API server: one socket at a time."""

    def __init__(self, on_limit: Callable[[float], None] = lambda _seconds: None) -> None:
        """
        :param on_limit: called with the seconds after which to abort it; each call replaces the limit before it.
        """
        self._on_limit = on_limit
        self._deadline: Optional[float] = None
        self._lock = threading.Lock()
        self._handle: Optional[socket.socket] = None
        self._is_aborted = False

    def allow(self, seconds: float) -> None:
        """Limit it to so many seconds from now on."""
        self._deadline = time.monotonic() + seconds
        self._on_limit(seconds)

    @property
    def is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def guard(self, pool: Any) -> None:
        """Take charge of each connection that this pool of urllib3 opens from now on."""
        owner = self

        class GuardedConnection(pool.ConnectionCls):  # type: ignore[misc]
            def _new_conn(self) -> socket.socket:
                # Not ``connect``: it returns only after the handshakes with a proxy and of TLS.
                sock: socket.socket = super()._new_conn()
                owner.adopt(sock)
                return sock

        pool.ConnectionCls = GuardedConnection

    def adopt(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE.items():
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        with self._lock:
            self._drop()
            # TLS takes the socket over; a duplicated handle stays valid for as long as we want.
            self._handle = sock.dup()
            if self._is_aborted:
                self._shut()

    def abort(self) -> None:
        """End the connection, and each one that is opened later. A blocked read returns at once, as at its end."""
        with self._lock:
            self._is_aborted = True
            self._shut()

    def close(self) -> None:
        """Release the handle; no more connections follow."""
        with self._lock:
            self._drop()

    def _shut(self) -> None:
        if self._handle:
            with contextlib.suppress(OSError):  # the peer closed it first
                self._handle.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        if self._handle:
            self._handle.close()
            self._handle = None
