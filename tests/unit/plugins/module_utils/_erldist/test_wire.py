# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.wire import Wire

LARGE = bytes(range(256)) * 40_000


class Recorder(asyncio.Protocol):
    def __init__(self) -> None:
        self.data = b""
        self.lost: list[Exception | None] = []
        self.changed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await asyncio.wait_for(self.changed.wait(), 10)
            self.changed.clear()


def with_pair(story: Callable[[Wire, Recorder, socket.socket], Awaitable[None]]) -> None:
    async def run() -> None:
        ours, other = socket.socketpair()
        ours.setblocking(False)
        other.setblocking(False)
        recorder = Recorder()
        wire = Wire(ours, recorder)
        try:
            await story(wire, recorder, other)
        finally:
            wire.abort()
            other.close()

    asyncio.run(run())


def test_what_the_socket_does_not_take_at_once_is_sent_later_and_in_order() -> None:
    async def story(wire: Wire, _recorder: Recorder, other: socket.socket) -> None:
        wire.write(LARGE)
        assert wire.get_write_buffer_size()
        wire.write(b"the end")
        taken = b""
        while len(taken) < len(LARGE) + 7:
            taken += await asyncio.get_running_loop().sock_recv(other, 1 << 20)
        assert taken == LARGE + b"the end"
        assert not wire.get_write_buffer_size()

    with_pair(story)


def test_all_that_comes_is_told_and_then_the_end_once() -> None:
    async def story(wire: Wire, recorder: Recorder, other: socket.socket) -> None:
        await asyncio.get_running_loop().sock_sendall(other, LARGE[:100_000])
        other.close()
        await recorder.until(lambda: bool(recorder.lost))
        assert recorder.data == LARGE[:100_000]
        wire.abort()
        await asyncio.sleep(0)
        assert recorder.lost == [None]
        assert wire.is_closing()

    with_pair(story)


def test_a_write_to_one_who_has_gone_is_the_end() -> None:
    async def story(wire: Wire, recorder: Recorder, other: socket.socket) -> None:
        wire.write(LARGE)
        other.close()
        await recorder.until(lambda: bool(recorder.lost))
        assert isinstance(recorder.lost[0], (OSError, type(None)))
        wire.write(b"into the void")
        assert len(recorder.lost) == 1

    with_pair(story)


def test_who_aborts_is_told_later_and_hears_nothing_more() -> None:
    async def story(wire: Wire, recorder: Recorder, other: socket.socket) -> None:
        await asyncio.get_running_loop().sock_sendall(other, b"unheard")
        wire.abort()
        assert not recorder.lost
        await recorder.until(lambda: bool(recorder.lost))
        assert not recorder.data

    with_pair(story)
