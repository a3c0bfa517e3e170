# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One question to one nameserver (RFC 1035 section 4.2, RFC 7766): UDP, and TCP where UDP is too small."""

from __future__ import annotations

import socket
import struct
import time

from ansible_collections.selfheal.cluster.plugins.module_utils._strategies._resolver_config import Nameserver
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies._resolver_records import (
    DNSPYTHON_ERROR,
    Response,
    read,
)

if DNSPYTHON_ERROR is None:
    import dns.flags
    import dns.message
    import dns.name

_RESEND_AFTER = 1.0
# What passes every common path unfragmented (DNS flag day 2020).
_UDP_PAYLOAD = 1232


class NameserverError(Exception):
    """This nameserver gave no usable answer; the text says why and what to do."""


def ask(server: Nameserver, name: dns.name.Name, rdtype: str, deadline: float, tcp: bool) -> Response:
    """The nameserver's whole response, whatever its rcode.

    :param deadline: on the clock of ``time.monotonic``.
    :param tcp: don't even try UDP.
    :raises NameserverError: there was no answer to this very question in time, or only a truncated one.
    """
    query = dns.message.make_query(name, rdtype, use_edns=0, payload=_UDP_PAYLOAD)
    started = time.monotonic()
    if not tcp:
        try:
            response = _udp(server, query, deadline)
        except OSError as error:
            raise NameserverError(f"UDP: {_reason(error, started)}: check config.nameservers and its port") from error
        if not response.flags & dns.flags.TC:
            return response
    why = "TCP" if tcp else "the UDP answer is truncated, and TCP"
    try:
        response = _tcp(server, query, deadline)
    except OSError as error:
        raise NameserverError(f"{why}: {_reason(error, started)}: open TCP port {server.port} there") from error
    except NameserverError as error:
        raise NameserverError(f"{why}: {error}") from error
    if response.flags & dns.flags.TC:
        raise NameserverError("the answer is truncated even over TCP: it has too many records")
    return response


def _udp(server: Nameserver, query: dns.message.Message, deadline: float) -> Response:
    """What is no answer to the query is passed over, since anybody can send it; it is told when nothing else comes."""
    wire = query.to_wire()
    passed_over = ""
    # Connected, so that the kernel drops what comes from elsewhere and says when nobody listens there.
    with _connected(server, socket.SOCK_DGRAM, deadline) as udp:
        while True:
            udp.settimeout(_left(deadline, passed_over))
            udp.send(wire)
            resend = time.monotonic() + _RESEND_AFTER
            while time.monotonic() < min(resend, deadline):
                udp.settimeout(max(0.001, min(resend, deadline) - time.monotonic()))
                try:
                    return _parse(query, udp.recv(65535))
                except socket.timeout:
                    break
                except NameserverError as error:
                    passed_over = str(error)


def _tcp(server: Nameserver, query: dns.message.Message, deadline: float) -> Response:
    wire = query.to_wire()
    with _connected(server, socket.SOCK_STREAM, deadline) as tcp:
        tcp.sendall(struct.pack("!H", len(wire)) + wire)
        (size,) = struct.unpack("!H", _read(tcp, 2, deadline))
        return _parse(query, _read(tcp, size, deadline))


def _connected(server: Nameserver, kind: socket.SocketKind, deadline: float) -> socket.socket:
    (info, *_others) = socket.getaddrinfo(server.address, server.port, server.family, kind, 0, socket.AI_NUMERICHOST)
    connection = socket.socket(server.family, kind)
    try:
        connection.settimeout(_left(deadline))
        connection.connect(info[4])
    except BaseException:
        connection.close()
        raise
    return connection


def _read(tcp: socket.socket, size: int, deadline: float) -> bytes:
    data = b""
    while len(data) < size:
        tcp.settimeout(_left(deadline))
        chunk = tcp.recv(size - len(data))
        if not chunk:
            raise NameserverError(f"it closed the TCP connection after {len(data)} of {size} bytes")
        data += chunk
    return data


def _left(deadline: float, passed_over: str = "") -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        if passed_over:
            raise NameserverError(f"no answer but this: {passed_over}")
        raise socket.timeout
    return left


def _parse(query: dns.message.Message, wire: bytes) -> Response:
    """
    :raises NameserverError: it is not a DNS message, or not the response to this query.
    """
    try:
        response = read(query, wire)
    except Exception as error:  # whatever the decoder trips over, the message is garbage
        raise NameserverError(f"{len(wire)} bytes that are no DNS message ({type(error).__name__})") from error
    if response is None:
        raise NameserverError("a message that does not answer this question")
    return response


def _reason(error: OSError, started: float) -> str:
    if isinstance(error, socket.timeout):
        return f"no answer in {time.monotonic() - started:.1f} s"
    return error.strerror or str(error)
