# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask epmd (the ERTS User's Guide, ``erl_dist_protocol``, "EPMD Protocol")."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Callable, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import (
    EpmdUnreachable,
    GarbledAnswer,
    NotRegistered,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._io.net import (
    Address,
    DeadlinePassed,
    Dial,
    addresses_of,
    before,
    dial,
    shared_out,
)

_NAMES_REQUEST = b"\x00\x01\x6e"
_PORT2_REQ = 122
_PORT2_RESP = 119
_MAX_PORT_ANSWER = 4096
_MAX_NAMES_ANSWER = 1024 * 1024
_NAME_LINE = re.compile(r"name (\S+) at port ([0-9]{1,5})")


async def port_of(node: str, address: Address, epmd_port: int, deadline: float, dial: Dial = dial) -> int:
    """The distribution port of a node.

    :param node: its full name; epmd knows the part before the first ``@``.
    :param deadline: a time of the running loop.
    :raises EpmdUnreachable: epmd did not take the connection, broke it off, or did not answer in time.
    :raises NotRegistered: it knows no such node.
    :raises GarbledAnswer: what answers is no epmd.
    """
    where = f"epmd for {node} on {address.text(epmd_port)}"
    name = node.partition("@")[0].encode()
    request = (len(name) + 1).to_bytes(2, "big") + bytes((_PORT2_REQ,)) + name
    answer = await _ask(where, address, epmd_port, request, _MAX_PORT_ANSWER, _is_whole_port_answer, deadline, dial)
    if answer[:2] == bytes((_PORT2_RESP, 1)):
        raise NotRegistered(f"{node}: epmd on {address.text(epmd_port)} knows no such node: is it running?")
    port = _parse_port(answer, name)
    if not port:
        raise GarbledAnswer(f"what answers as {where} is not epmd: check driver_config.epmd_port")
    return port


async def names(host: str, epmd_port: int, timeout: float) -> list[tuple[str, int]]:
    """Every node that epmd on ``host`` knows: the part of its name before the ``@``, and its distribution port.

    :param timeout: seconds, for everything.
    :raises EpmdUnreachable: the host has no address, or epmd did not answer to the end in time.
    :raises GarbledAnswer: what answers is no epmd, or its answer is cut off.
    """
    deadline = asyncio.get_running_loop().time() + timeout
    failure = EpmdUnreachable(f"host {host!r} has no address")
    for address, its_deadline in shared_out(await addresses_of(host, deadline, EpmdUnreachable), deadline):
        where = f"epmd on {address.text(epmd_port)}"
        try:
            answer = await _ask(where, address, epmd_port, _NAMES_REQUEST, _MAX_NAMES_ANSWER, None, its_deadline, dial)
        except EpmdUnreachable as error:
            failure = error
            continue
        found = _parse_names(answer)
        if found is None:
            raise GarbledAnswer(f"what answers as {where} is not epmd, or its answer is cut off")
        return found
    raise failure


def _is_whole_port_answer(answer: bytes) -> bool:
    """Tag, result, port, type, protocol, two versions, name, extra; tag and result alone when it knows no node."""
    if answer[:1] != bytes((_PORT2_RESP,)) or answer[1:2] not in (b"", b"\x00"):
        return len(answer) >= 2
    extra_at = 12 + int.from_bytes(answer[10:12], "big")
    return len(answer) >= extra_at + 2 + int.from_bytes(answer[extra_at : extra_at + 2], "big")


def _parse_port(answer: bytes, name: bytes) -> Optional[int]:
    if answer[:2] != bytes((_PORT2_RESP, 0)) or not _is_whole_port_answer(answer):
        return None
    if answer[10 : 12 + len(name)] != len(name).to_bytes(2, "big") + name:
        return None
    return int.from_bytes(answer[2:4], "big")


def _parse_names(answer: bytes) -> Optional[list[tuple[str, int]]]:
    """Epmd's own port in four bytes, then one line a node."""
    if len(answer) < 4:
        return None
    try:
        lines = answer[4:].decode().split("\n")
    except UnicodeDecodeError:
        return None
    if lines.pop():
        return None
    found = [_NAME_LINE.fullmatch(line) for line in lines]
    if not all(found):
        return None
    return [(match.group(1), int(match.group(2))) for match in found if match]


async def _ask(
    where: str,
    address: Address,
    epmd_port: int,
    request: bytes,
    limit: int,
    is_whole: Optional[Callable[[bytes], bool]],
    deadline: float,
    dial: Dial,
) -> bytes:
    """The bytes of epmd's answer, until ``is_whole`` holds or epmd closes the connection."""
    try:
        sock = await dial(address, epmd_port, deadline)
    except OSError as error:
        raise EpmdUnreachable(f"no {where}: {error.strerror or error}") from None
    except DeadlinePassed:
        raise EpmdUnreachable(f"no {where}: nothing took the connection in time") from None
    exchange = _EpmdExchange(sock, limit, is_whole)
    try:
        return await exchange.run(request, deadline)
    except OSError as error:
        raise EpmdUnreachable(f"{where} broke off: {error.strerror or error}") from None
    except DeadlinePassed:
        raise EpmdUnreachable(
            f"{where} took the connection and did not answer in time", silent=not exchange.heard
        ) from None
    finally:
        sock.close()


class _EpmdExchange:
    """One request and its answer on a bare socket: a transport would cost more than the exchange itself."""

    def __init__(self, sock: socket.socket, limit: int, is_whole: Optional[Callable[[bytes], bool]]) -> None:
        self._sock = sock
        self._limit = limit
        self._is_whole = is_whole
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[bytes] = self._loop.create_future()
        self.heard = b""

    async def run(self, request: bytes, deadline: float) -> bytes:
        """
        :raises OSError: the connection broke.
        :raises DeadlinePassed: the answer was not whole in time.
        """
        self._sock.send(request)  # some hundred bytes at most: a fresh socket takes them whole
        self._loop.add_reader(self._sock.fileno(), self._read)
        try:
            answer: bytes = await before(deadline, self._answer)
            return answer
        finally:
            self._loop.remove_reader(self._sock.fileno())

    def _read(self) -> None:
        if self._answer.done():
            return
        try:
            data = self._sock.recv(65536)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._answer.set_exception(error)
            return
        self.heard += data
        if not data or len(self.heard) > self._limit or (self._is_whole and self._is_whole(self.heard)):
            self._answer.set_result(self.heard)
