# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A port of a pod as a socket.

The protocol is that of ``k8s.io/kubelet/pkg/cri/streaming/portforward`` (``websocket.go``): each message starts with
the number of its channel, 0 for data and 1 for errors. The first message on each is the port, two bytes little endian,
which does not mean yet that something listens there.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Callable, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._io.text import one_line
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.api_server import (
    CLOSING,
    ApiServer,
    PortForwardError,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.pods import Pod

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_DATA, _ERROR = b"\x00", b"\x01"
_CHUNK = 32768
_REFUSED = "Connection refused"


class PortForward:
    """One forwarded port. Closing ``socket``, the near end, closes all of it.

    ``problem`` is the error that the far side reported; it is set before the socket is at its end.
    """

    def __init__(self, websocket: ClientConnection, port: int) -> None:
        near, self._inner = socket.socketpair()
        self._websocket = websocket
        self.port = port
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.problem: Optional[str] = None
        self.task = asyncio.ensure_future(self._run())
        self.socket: socket.socket = _Socket(near, self.close)
        for end in (self.socket, self._inner):
            end.setblocking(False)

    @classmethod
    async def open(cls, server: ApiServer, pod: Pod, port: int, deadline: float) -> PortForward:
        """
        :param deadline: a time of the running loop.
        :raises PortForwardError: it cannot be opened. That nothing listens on the port shows later, in ``problem``.
        """
        websocket = await server.websocket(pod, port, deadline)
        try:
            await asyncio.wait_for(_greeting(websocket, port), deadline - asyncio.get_running_loop().time())
            return cls(websocket, port)
        except BaseException as error:
            websocket.transport.abort()
            what, host = f"port-forward to {pod}", server.connection.host
            if isinstance(error, asyncio.TimeoutError):
                raise PortForwardError(f"{what}: {host} opened it and then said nothing in time") from None
            if isinstance(error, _NoPortForward):
                raise PortForwardError(f"{what}: what {host} opened is no port-forward; is a proxy between?") from None
            raise

    def close(self) -> None:
        """Start to close it; ``task`` ends when it is closed. Safe to call twice."""
        if not self._closed.done():
            self._closed.set_result(None)

    async def _run(self) -> None:
        ways = [asyncio.ensure_future(way) for way in (self._up(), self._down())]
        try:
            await asyncio.wait([*ways, self._closed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.wait(ways)
            self._inner.close()
            try:
                # Its own time-out does not count while something is still unsent.
                await asyncio.wait_for(self._websocket.close(), CLOSING)
            except asyncio.TimeoutError:
                pass
            finally:
                self._websocket.transport.abort()

    async def _up(self) -> None:
        from websockets.exceptions import ConnectionClosed

        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError, ConnectionClosed):
            while True:
                data = await loop.sock_recv(self._inner, _CHUNK)
                if not data:
                    break
                await self._websocket.send(_DATA + data)

    async def _down(self) -> None:
        from websockets.exceptions import ConnectionClosed

        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError, ConnectionClosed):
            while True:
                message = await self._websocket.recv()
                if not isinstance(message, bytes) or message[:1] not in (_DATA, _ERROR):
                    self.problem = "the port-forward broke its protocol"
                    break
                if message[:1] == _ERROR:
                    self.problem = _problem(message[1:])
                    break
                await loop.sock_sendall(self._inner, message[1:])


class _Socket(socket.socket):
    """A socket that calls back when it is closed."""

    def __init__(self, sock: socket.socket, on_close: Callable[[], None]) -> None:
        super().__init__(sock.family, sock.type, sock.proto, sock.detach())
        self._on_close = on_close

    def close(self) -> None:
        super().close()
        self._on_close()


class _NoPortForward(Exception):
    pass


async def _greeting(websocket: ClientConnection, port: int) -> None:
    from websockets.exceptions import ConnectionClosed

    for channel in (_DATA, _ERROR):
        try:
            message = await websocket.recv()
        except ConnectionClosed:
            raise _NoPortForward from None
        if message != channel + port.to_bytes(2, "little"):
            raise _NoPortForward


def _problem(message: bytes) -> str:
    """The error in our words where it is a refused port, the one that users meet. Container runtimes word it in their
    own ways, and with paths of their host."""
    text = one_line(message.decode(errors="replace"))
    return _REFUSED if _REFUSED.lower() in text.lower() else text or "no reason given"
