# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One open connection to one member."""

from __future__ import annotations

import asyncio
from typing import Any, Optional, Sequence, cast

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist import epmd
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import (
    CallBatch,
    CallResult,
    RemoteCall,
    Switchboard,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.decoder import MAX_BYTES
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import (
    BadRpc,
    CallTimeout,
    ConnectionLost,
    EpmdUnreachable,
    GarbledAnswer,
    NodeUnreachable,
    TlsFailed,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.handshake import Handshake
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import TermError
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.tls import Tls, TlsStream
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.wire import Wire
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.net import (
    Address,
    DeadlinePassed,
    Dial,
    addresses_of,
    before,
    dial,
    literal,
    shared_out,
)

_TLS_ALERT = b"\x15\x03"
_TICK = b"\x00\x00\x00\x00"


class NodeConnection(asyncio.Protocol):
    """Made by :meth:`open`. Its other public methods are callbacks of asyncio.

    ``name`` is the member's, ``own_name`` is ours there: the member lists it among its hidden and connected nodes.
    """

    def __init__(
        self,
        name: str,
        where: str,
        cookie: str,
        own_name: Optional[str],
        first: Sequence[RemoteCall],
        tls: Optional[TlsStream],
    ) -> None:
        self.name = name
        self.own_name = ""
        self._where = where
        self._loop = asyncio.get_running_loop()
        self._tls = tls
        self._handshake = Handshake(name, where, cookie, own_name, length_bytes=4 if tls else 2)
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._calls: Optional[Switchboard] = None
        self._first = CallBatch(first, self._loop.create_future())
        self._after_handshake: Optional[Switchboard] = None
        self._transport: Optional[asyncio.Transport] = None
        self._rest = bytearray()
        self._rest_needed = 0
        self._heard = 0
        self._end: Optional[UnreachableError] = None

    @classmethod
    async def open(
        cls,
        name: str,
        address: Optional[str] = None,
        *,
        cookie: str,
        others: Sequence[str] = (),
        port: Optional[int] = None,
        epmd_port: int = 4369,
        own_name: Optional[str] = None,
        first: Sequence[RemoteCall] = (),
        dial: Dial = dial,
        tls: Optional[Tls] = None,
        timeout: float,
    ) -> NodeConnection:
        """Connect to a member as a hidden node.

        :param name: its full name. The part after the first ``@`` is its host, unless ``address`` is given.
        :param address: an IP address or a host name.
        :param others: further IP addresses of the same member, tried after it. Texts that are no address are ignored.
        :param port: its distribution port; without one, epmd is asked.
        :param own_name: a name of our own; without one, the member names us.
        :param first: calls to send together with our proof of the cookie, before the member has given its own: they
            must not contain a secret. :meth:`first_answers` returns the answers once the member has proved itself.
        :param dial: how its ports are reached.
        :param tls: the TLS to use, None for none. It is never used with epmd.
        :param timeout: seconds for everything, resolving included.
        :raises UnreachableError: in the subclass that says why it can't be reached.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        alive, at, host = name.partition("@")
        if not (alive and at and host):
            raise NodeUnreachable(f"{name!r} is not a node name such as 'app@10.0.0.1'")
        kind = EpmdUnreachable if port is None else NodeUnreachable
        places = await addresses_of(address or host, deadline, lambda problem: kind(f"{name}: {problem}"))
        places = list(dict.fromkeys([*places, *filter(None, map(literal, others))])) if others else places
        failure: UnreachableError = kind(f"{name}: host {address or host!r} has no address")
        for place, address_deadline in shared_out(places, deadline):
            try:
                member_port = port or await epmd.port_of(name, place, epmd_port, address_deadline, dial)
                where = f"{name} ({place.text(member_port)})"
                stream = TlsStream(tls, host, where) if tls else None
                connection = cls(name, where, cookie, own_name, first, stream)
                await connection._connect(dial, place, member_port, address_deadline, timeout)
                return connection
            except (EpmdUnreachable, NodeUnreachable) as error:
                failure = error
        raise failure

    async def _connect(self, dial: Dial, place: Address, port: int, deadline: float, timeout: float) -> None:
        try:
            sock = await dial(place, port, deadline)
        except OSError as error:
            raise NodeUnreachable(f"{self._where} takes no connection: {error.strerror or error}") from None
        except DeadlinePassed:
            raise NodeUnreachable(f"{self._where} did not take the connection within {timeout:g} s") from None
        try:
            Wire(sock, self)
            await before(deadline, self._ready)
        except DeadlinePassed:
            self._fail(self._late_opening(timeout))
            raise cast(UnreachableError, self._end) from None
        except BaseException:
            self.close()
            sock.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether it can no longer make calls: closed by us, by the member, or lost."""
        return self._end is not None

    def close(self) -> None:
        """Close it now. Calls under way fail. Safe to call twice."""
        self._fail(ConnectionLost(f"the connection to {self._where} was closed on this side"))

    async def call(self, module: str, function: str, args: Sequence[Any], timeout: float) -> Any:
        """``module:function(args...)`` on the member. Any number of calls can be under way at once.

        A function that throws returns what it throws: such is ``rpc``.

        :param args: terms; see ``terms``.
        :param timeout: seconds.
        :returns: the term that it returned.
        :raises BadRpc: the function is not there, or failed.
        :raises UnreachableError: the connection was lost, or the time is over.
        :raises TermError: one of the arguments is no term.
        """
        (answer,) = await self.call_all([RemoteCall(module, function, args)], timeout)
        if isinstance(answer, BadRpc):
            raise answer
        return answer

    async def call_all(self, calls: Sequence[RemoteCall], timeout: float) -> list[CallResult]:
        """Several calls in one write. The member makes them side by side, in no order.

        :param timeout: seconds for all together.
        :returns: the answers in the order of the calls. A call that failed has its BadRpc there, not raised.
        :raises UnreachableError: the connection was lost, or the time is over.
        """
        if self._end or not self._calls or not self._transport:
            raise (self._end or ConnectionLost(f"the connection to {self._where} is not open")).with_traceback(None)
        if not calls:
            return []
        batch = CallBatch(calls, self._loop.create_future())
        self._send(self._calls.requests(batch))
        return await self._answers(batch, self._calls, timeout)

    async def first_answers(self, timeout: float) -> list[CallResult]:
        """The answers to the calls that were sent with the opening; see :meth:`call_all`."""
        if not self._calls:
            raise ConnectionLost(f"the connection to {self._where} is not open")
        return await self._answers(self._first, self._calls, timeout) if self._first.calls else []

    async def _answers(self, batch: CallBatch, calls: Switchboard, timeout: float) -> list[CallResult]:
        heard = self._heard
        try:
            answers: list[CallResult] = await before(self._loop.time() + timeout, batch.future)
            return answers
        except DeadlinePassed:
            texts = ", ".join(call.text for call in batch.calls)
            raise self._late(f"answer {texts}", timeout, heard) from None
        finally:
            if not batch.complete:
                calls.abandon(batch)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._end:
            self._transport.abort()
        else:
            self._transport.write(self._tls.start() if self._tls else self._handshake.start())

    def connection_lost(self, exc: Optional[Exception]) -> None:
        if self._calls:
            self._fail(ConnectionLost(f"{self._where} closed the connection, or the network did"))
        elif self._tls and not self._tls.open:
            self._fail(
                ConnectionLost(f"{self._where} closed the connection during the TLS handshake: does it speak TLS?")
            )
        else:
            self._fail(self._handshake.on_close())

    def data_received(self, data: bytes) -> None:
        self._heard += len(data)
        if not self._tls:
            self._take_data(data)
            return
        self._take_data(self._unsealed(self._tls, data))
        if self._tls.ended:
            self.connection_lost(None)  # it may wait for us to close first

    def _take_data(self, data: bytes) -> None:
        if self._rest:
            self._rest += data
            if len(self._rest) < self._rest_needed:
                return
            data = bytes(self._rest)
        try:
            used = self._take_frames(data)
        except UnreachableError as error:
            self._fail(error)
        except TermError as error:
            self._fail(GarbledAnswer(f"{self._where} sent what cannot be read: {error}"))
        else:
            self._rest = bytearray(data[used:])

    def _unsealed(self, tls: TlsStream, data: bytes) -> bytes:
        """What is inside, nothing once TLS has failed."""
        was_open = tls.open
        try:
            data = tls.feed(data)
            if tls.open and not was_open:
                self._send(self._handshake.start())
        except TlsFailed as error:
            self._flush(tls)
            self._fail(error)
            return b""
        self._flush(tls)
        return data

    def _flush(self, tls: TlsStream) -> None:
        if self._transport:
            self._transport.write(tls.unsent())

    def _take_frames(self, data: bytes) -> int:
        """Handle every whole frame, and return how many bytes they had. A handler may close the connection."""
        position = 0
        while not self._end:
            header, limit = (4, MAX_BYTES) if self._calls else (self._handshake.length_bytes, Handshake.MAX_FRAME)
            start = position + header
            size = int.from_bytes(data[position:start], "big")
            if size > limit and len(data) >= start:
                if not self._tls and not self._calls and data.startswith(_TLS_ALERT):
                    raise TlsFailed(f"{self._where} speaks TLS: set driver_config.tls")
                raise GarbledAnswer(f"{self._where} sent a message of {size} bytes, {limit} is the limit")
            self._rest_needed = header + size if len(data) >= start else header
            if len(data) - position < self._rest_needed:
                break
            position = start + size
            self._take(data[start:position])
        return position

    def _take(self, frame: bytes) -> None:
        if self._calls:
            if frame:
                self._calls.take(frame)
            else:
                self._tick()
            return
        reply = self._handshake.feed(frame)
        if reply:
            self.own_name = self._handshake.own_name
            self._after_handshake = Switchboard(self.own_name, self._handshake.creation, self._where)
            self._send(reply + self._after_handshake.requests(self._first))
        if self._handshake.done:
            self._calls = self._after_handshake
            if not self._ready.done():
                self._ready.set_result(None)

    def _tick(self) -> None:
        # One pending tick is enough: a peer that sends ticks and reads nothing must not fill our memory.
        if self._transport and not self._transport.get_write_buffer_size():
            self._send(_TICK)

    def _send(self, data: bytes) -> None:
        if data and self._transport:
            self._transport.write(self._tls.seal(data) if self._tls else data)

    def _late_opening(self, timeout: float) -> CallTimeout:
        if self._tls and not self._tls.open:
            return self._late("finish the TLS handshake", timeout, 0, ": does it speak TLS?")
        return self._late("finish the handshake", timeout, 0)

    def _late(self, what: str, timeout: float, heard: int, hint: str = "") -> CallTimeout:
        silent = self._heard == heard
        said = "said nothing and did not" if silent else "did not"
        return CallTimeout(f"{self._where} {said} {what} within {timeout:g} s{hint}", silent)

    def _fail(self, error: UnreachableError) -> None:
        """End the connection; every failure and every close, on either side, comes through here."""
        if self._end:
            return
        self._end = error
        self._rest = bytearray()
        waiting: list[asyncio.Future[Any]] = [self._ready]
        if self._calls:
            waiting += [batch.future for batch in self._calls.batches()]
        for future in waiting:
            if not future.done():
                future.set_exception(error)
                future.exception()  # nobody has to be waiting for it
        if self._transport:
            self._transport.abort()
