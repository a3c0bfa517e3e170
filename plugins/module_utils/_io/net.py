# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and TCP connections, each step with a deadline.

A deadline is a time of the running loop. It is kept by one timer on one future, not by a task: reading some hundred
members at once is mostly the price of such things.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Iterator, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.to_thread import to_thread

_UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK)


class DeadlinePassed(Exception):
    """The deadline came first."""


@dataclass(frozen=True)
class Address:
    """One IP address. ``flow_and_scope``: the last two parts of a socket address of IPv6."""

    family: int
    ip: str
    flow_and_scope: tuple[int, ...] = ()

    def with_port(self, port: int) -> tuple[Any, ...]:
        return (self.ip, port, *self.flow_and_scope)

    def text(self, port: int) -> str:
        return f"[{self.ip}]:{port}" if self.family == socket.AF_INET6 else f"{self.ip}:{port}"


async def before(deadline: float, future: asyncio.Future[Any]) -> Any:
    """
    :returns: the future's result.
    :raises DeadlinePassed: it had none in time.
    """
    timer = asyncio.get_running_loop().call_at(deadline, _expire, future)
    try:
        return await future
    finally:
        timer.cancel()


def _expire(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_exception(DeadlinePassed())


async def addresses_of(host: str, deadline: float, error: Callable[[str], UnreachableError]) -> list[Address]:
    """Every address of a host name, in the resolver's order, or the address that ``host`` itself is.

    :raises UnreachableError: it has none, or the resolver does not answer in time: what ``error`` makes of the problem.
    """
    address = literal(host)
    if address:
        return [address]
    try:
        return await _resolved(host, deadline)
    except DeadlinePassed:
        raise error(f"host {host!r}: the resolver did not answer in time") from None
    except OSError as failure:
        raise error(f"host {host!r} has no address: {failure.strerror or failure}") from None


def shared_out(addresses: Sequence[Address], deadline: float) -> Iterator[tuple[Address, float]]:
    """Each address with its own deadline: an equal share of what is left, so that one that swallows everything leaves
    time for the next."""
    now = asyncio.get_running_loop().time
    for index, address in enumerate(addresses):
        yield address, now() + (deadline - now()) / (len(addresses) - index)


async def _resolved(host: str, deadline: float) -> list[Address]:
    found: list[Address] = await before(deadline, to_thread(lambda: _look_up(host)))
    return found


def literal(host: str) -> Optional[Address]:
    """The address that ``host`` itself is, None where it is a name."""
    try:
        socket.inet_pton(socket.AF_INET, host)
        return Address(socket.AF_INET, host)
    except (OSError, ValueError):
        pass
    if ":" not in host:
        return None
    try:
        return _addresses(host, socket.AI_NUMERICHOST)[0]
    except (OSError, ValueError):
        return None


def _addresses(host: str, flags: int = 0) -> list[Address]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    return [Address(family, str(place[0]), place[2:]) for family, _type, _protocol, _name, place in found]


def _look_up(host: str) -> list[Address]:
    try:
        return _addresses(host)
    except ValueError:
        raise OSError("it is not a host name") from None


Dial = Callable[[Address, int, float], Awaitable[socket.socket]]
"""The type of :func:`dial`, for transports that reach members in another way."""


async def dial(address: Address, port: int, deadline: float) -> socket.socket:
    """A connected, non-blocking TCP socket.

    :raises OSError: nothing takes the connection.
    :raises DeadlinePassed: nothing answered in time.
    """
    place = address.with_port(port)
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        error = sock.connect_ex(place)
        if error in _UNDER_WAY:
            # A near peer has answered by now, and asking again is cheaper than a turn of the loop.
            error = sock.connect_ex(place)
        if error in _UNDER_WAY:
            await _writable(sock, deadline)
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error not in (0, errno.EISCONN):
            raise OSError(error, os.strerror(error))
    except BaseException:
        sock.close()
        raise
    return sock


async def _writable(sock: socket.socket, deadline: float) -> None:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    loop.add_writer(sock.fileno(), _wake, future)  # a selector that gets the socket itself prints it, for each new one
    try:
        await before(deadline, future)
    finally:
        loop.remove_writer(sock.fileno())


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
