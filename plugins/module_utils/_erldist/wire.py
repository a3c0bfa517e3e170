# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connected socket as a transport of asyncio's, with no more than a connection to a member needs.

One of asyncio's own takes three turns of the loop to begin and twice the time, which counts where hundreds of members
are asked at once.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Optional, Union

_CHUNK = 256 * 1024


class Wire(asyncio.Transport):
    """Calls the protocol's ``connection_made`` at once.

    :param sock: connected and non-blocking; the wire owns it from now on.
    """

    def __init__(self, sock: socket.socket, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._sock: Optional[socket.socket] = sock
        self._fd = sock.fileno()
        self._protocol = protocol
        self._unsent = bytearray()
        self._loop.add_reader(self._fd, self._read)
        protocol.connection_made(self)

    def write(self, data: Union[bytes, bytearray, memoryview]) -> None:
        if not self._sock or not data:
            return
        if not self._unsent:
            try:
                data = data[self._sock.send(data) :]
            except (BlockingIOError, InterruptedError):
                pass
            except OSError as error:
                self._end(error)
                return
            if not data:
                return
            self._loop.add_writer(self._fd, self._flush)
        self._unsent += data

    def get_write_buffer_size(self) -> int:
        return len(self._unsent)

    def abort(self) -> None:
        self._end(None)

    def is_closing(self) -> bool:
        return self._sock is None

    def _read(self) -> None:
        if not self._sock:
            return
        try:
            data = self._sock.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._protocol.data_received(data)
        else:
            self._end(None)

    def _flush(self) -> None:
        if not self._sock:
            return
        try:
            del self._unsent[: self._sock.send(self._unsent)]
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(error)
            return
        if not self._unsent:
            self._loop.remove_writer(self._fd)

    def _end(self, error: Optional[Exception]) -> None:
        sock, self._sock = self._sock, None
        if not sock:
            return
        self._unsent.clear()
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        sock.close()
        # Later, since the caller may not be ready for the callback.
        self._loop.call_soon(self._protocol.connection_lost, error)
