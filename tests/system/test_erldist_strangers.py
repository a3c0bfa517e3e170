# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distribution client against peers that do what no real node can be made to do."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.tls import tls_of
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist import epmd as client_epmd
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import (
    CallTimeout,
    ConnectionLost,
    EpmdUnreachable,
    GarbledAnswer,
    TlsFailed,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.tls import Tls

from tests.harness.certificates import CertificateAuthority
from tests.harness.erlang.beam import COOKIE

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def open_at_fake(
    serve: Serve,
    *,
    as_epmd: bool = False,
    timeout: float = 20,
    tls: Tls | None = None,
    their_tls: ssl.SSLContext | None = None,
) -> None:
    """Open a connection to a peer that does what no real node can be made to do."""

    async def run() -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await serve(reader, writer)
            writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=their_tls)
        port = server.sockets[0].getsockname()[1]
        target = {"epmd_port": port} if as_epmd else {"port": port}
        try:
            connection = await NodeConnection.open("app@127.0.0.1", cookie=COOKIE, timeout=timeout, tls=tls, **target)
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
    with pytest.raises(CallTimeout, match="did not finish the handshake within 2 s") as caught:
        open_at_fake(drips(b"\x0f\xff"), timeout=2)
    assert not caught.value.silent
    with pytest.raises(CallTimeout) as caught:
        open_at_fake(swallows, timeout=1)
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
        opening = asyncio.ensure_future(NodeConnection.open("a@127.0.0.1", cookie=COOKIE, port=port, timeout=60))
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
        open_at_fake(swallows, as_epmd=True, timeout=1)
    assert caught.value.silent
    with pytest.raises(EpmdUnreachable) as caught:
        open_at_fake(drips(b"\x77\x00"), as_epmd=True, timeout=2)
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


class TestTls:
    ALERT = b"\x15\x03\x03\x00\x02\x02"

    @pytest.fixture
    def tls(self) -> Tls | None:
        return tls_of({"tls": {"validate_certs": False}})

    @pytest.fixture
    def theirs(self, tmp_path: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CertificateAuthority(tmp_path).issue("127.0.0.1"))
        return context

    @pytest.mark.parametrize(
        ("answer", "text"),
        [
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS"),
            (b"\x00\x03sok", "does not speak TLS"),
            (b"\xff" * 70_000, "does not speak TLS"),
            (ALERT + b"\x46", r"refuses TLS with the driver \(protocol version\)"),
            (ALERT + b"\x28", r"refuses TLS with the driver \(handshake failure\): if it demands a certificate, set"),
            (ALERT + b"\x30", r"refuses the driver, which has no certificate \(unknown ca\)"),
            (b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00", "TLS failed"),
        ],
    )
    def test_garbage_in_place_of_tls(self, tls: Tls, answer: bytes, text: str) -> None:
        with pytest.raises(TlsFailed, match=text) as caught:
            open_at_fake(sends(answer), tls=tls)
        assert "app@127.0.0.1" in caught.value.reason
        assert not caught.value.silent

    def test_closing_at_once(self, tls: Tls) -> None:
        with pytest.raises(ConnectionLost, match="during the TLS handshake: does it speak TLS"):
            open_at_fake(sends(), tls=tls)

    def test_a_dripping_handshake_cannot_stretch_the_deadline(self, tls: Tls) -> None:
        with pytest.raises(CallTimeout, match="did not finish the TLS handshake within 2 s") as caught:
            open_at_fake(drips(b"\x16\x03\x03\x40\x00"), timeout=2, tls=tls)
        assert not caught.value.silent
        with pytest.raises(CallTimeout) as caught:
            open_at_fake(swallows, timeout=1, tls=tls)
        assert caught.value.silent

    @pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\x00\x00\x00", b"\xff" * 70_000])
    def test_garbage_inside(self, tls: Tls, theirs: ssl.SSLContext, answer: bytes) -> None:
        with pytest.raises(GarbledAnswer, match="app@127.0.0.1"):
            open_at_fake(sends(answer), tls=tls, their_tls=theirs)

    def test_closing_inside(self, tls: Tls, theirs: ssl.SSLContext) -> None:
        with pytest.raises(ConnectionLost, match="closed the connection during the handshake"):
            open_at_fake(sends(), tls=tls, their_tls=theirs)

    def test_dripping_inside(self, tls: Tls, theirs: ssl.SSLContext) -> None:
        with pytest.raises(CallTimeout, match="did not finish the handshake within 2 s") as caught:
            open_at_fake(drips(b"\x00\x00\x0f\xff"), timeout=2, tls=tls, their_tls=theirs)
        assert not caught.value.silent

    def test_a_host_that_tls_cannot_ask_for(self, tls: Tls) -> None:
        opening = NodeConnection.open(f"app@{'x' * 64}.net", "127.0.0.1", cookie=COOKIE, port=1, timeout=20, tls=tls)
        with pytest.raises(TlsFailed, match="is not a host name that TLS can ask for"):
            asyncio.run(opening)
