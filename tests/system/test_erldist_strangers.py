# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distribution client against peers that do what no real node can be made to do."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist import epmd as client_epmd
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import Connection
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import (
    CallTimeout,
    ConnectionLost,
    EpmdUnreachable,
    GarbledAnswer,
)

from tests.harness.beam import COOKIE

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def open_at_fake(serve: Serve, *, as_epmd: bool = False, timeout: float = 20) -> None:
    """Open a connection to a peer that does what no real node can be made to do."""

    async def run() -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await serve(reader, writer)
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        target = {"epmd_port": port} if as_epmd else {"port": port}
        try:
            connection = await Connection.open("app@127.0.0.1", cookie=COOKIE, timeout=timeout, **target)
            connection.close()
        finally:
            server.close()

    asyncio.run(run())


def sends(*answers: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        for answer in answers:
            writer.write(answer)
            await writer.drain()

    return serve


def drips(beginning: bytes) -> Serve:
    """One byte at a time, each soon enough, and never an end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in itertools.chain(beginning, itertools.repeat(120)):
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0.02)

    return serve


async def swallows(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(100):
        pass


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 70_000, b"\x00\x00", b"\x00\x01s"])
def test_garbage_in_place_of_a_node(answer: bytes) -> None:
    with pytest.raises(GarbledAnswer, match="app@127.0.0.1"):
        open_at_fake(sends(answer))


def test_closing_at_once() -> None:
    with pytest.raises(ConnectionLost, match="during the handshake"):
        open_at_fake(sends())


def test_a_dripping_peer_cannot_stretch_the_deadline() -> None:
    with pytest.raises(CallTimeout, match="did not finish the handshake within 0.5 s") as caught:
        open_at_fake(drips(b"\x0f\xff"), timeout=0.5)
    assert not caught.value.silent
    with pytest.raises(CallTimeout) as caught:
        open_at_fake(swallows, timeout=0.2)
    assert caught.value.silent


def test_an_opening_that_is_cancelled_leaves_no_connection() -> None:
    async def run() -> None:
        taken, left = asyncio.Event(), asyncio.Event()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken.set()
            await swallows(reader, writer)
            left.set()
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        opening = asyncio.ensure_future(Connection.open("a@127.0.0.1", cookie=COOKIE, port=port, timeout=60))
        await taken.wait()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await asyncio.wait_for(left.wait(), 20)
        server.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x77\x00\x00",
        b"\x77\x00" + b"\xff" * 5000,
        b"\x77\x00\x11\x11\x4d\x00\x00\x06\x00\x05\x00\x05other\x00\x00",
        b"\x77\x00\x00\x00\x4d\x00\x00\x06\x00\x05\x00\x03app\x00\x00",
        b"",
    ],
)
def test_garbage_in_place_of_epmd(answer: bytes) -> None:
    with pytest.raises(GarbledAnswer, match="is not epmd"):
        open_at_fake(sends(answer), as_epmd=True)


def test_an_epmd_that_never_answers() -> None:
    with pytest.raises(EpmdUnreachable, match="took the connection and did not answer") as caught:
        open_at_fake(swallows, as_epmd=True, timeout=0.2)
    assert caught.value.silent
    with pytest.raises(EpmdUnreachable) as caught:
        open_at_fake(drips(b"\x77\x00"), as_epmd=True, timeout=0.2)
    assert not caught.value.silent


@pytest.mark.parametrize(
    "answer",
    [b"", b"\x00\x00", b"\x00\x00\x11\x11name a at port 1", b"\x00\x00\x11\x11hello\n", b"\xff" * 2_000_000],
)
def test_names_that_are_cut_off_are_an_error(answer: bytes) -> None:
    async def run() -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                await sends(answer)(reader, writer)
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        try:
            await client_epmd.names("127.0.0.1", server.sockets[0].getsockname()[1], 20)
        finally:
            server.close()

    with pytest.raises(GarbledAnswer):
        asyncio.run(run())
