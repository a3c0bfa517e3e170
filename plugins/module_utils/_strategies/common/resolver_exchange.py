# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One question to one nameserver (RFC 1035 section 4.2, RFC 7766): UDP, and TCP where UDP is too small."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import time
from typing import Callable, Iterator, Tuple

from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver_config import Nameserver
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver_records import (
    DNSPYTHON_ERROR,
    Response,
    read,
)

if DNSPYTHON_ERROR is None:
    import dns.flags
    import dns.message
    import dns.name
    import dns.rcode

    # What servers and middleboxes have for EDNS that they do not take, beside silence and garbage.
    _MAY_MEAN_NO_EDNS = (
        dns.rcode.FORMERR,
        dns.rcode.SERVFAIL,
        dns.rcode.NOTIMP,
        dns.rcode.REFUSED,
        dns.rcode.BADVERS,
    )

_RESEND_AFTER = 1.0
# What passes every common path unfragmented (DNS flag day 2020).
_UDP_PAYLOAD = 1232

Forms = Tuple["dns.message.Message", ...]
"""The same question with EDNS, and without it."""
ResponseTo = Tuple[Response, "dns.message.Message"]
"""A response, and the form of the question that it answers."""
Exchange = Callable[[Nameserver, Forms, float], ResponseTo]


class NameserverError(Exception):
    """This nameserver gave no usable answer; the text says why and what to do."""


def ask(server: Nameserver, name: dns.name.Name, rdtype: str, deadline: float, tcp: bool) -> Response:
    """The nameserver's whole response, whatever its rcode.

    A server that does not accept EDNS is asked once more without it (RFC 6891 section 6.2.2), by the same deadline.

    :param deadline: on the clock of ``time.monotonic``.
    :param tcp: don't even try UDP.
    :raises NameserverError: there was no answer to this very question in time, or only a truncated one.
    """
    forms: Forms = (
        dns.message.make_query(name, rdtype, use_edns=0, payload=_UDP_PAYLOAD),
        dns.message.make_query(name, rdtype),
    )
    started = time.monotonic()
    if not tcp:
        try:
            response, form = _in_either_form(_udp, server, forms, deadline)
        except OSError as error:
            raise NameserverError(f"UDP: {_reason(error, started)}: check config.nameservers and its port") from error
        if not response.flags & dns.flags.TC:
            return response
        forms = forms[forms.index(form) :]
    why = "TCP" if tcp else "the UDP answer is truncated, and TCP"
    try:
        response, _form = _in_either_form(_tcp, server, forms, deadline)
    except OSError as error:
        raise NameserverError(f"{why}: {_reason(error, started)}: open TCP port {server.port} there") from error
    except NameserverError as error:
        raise NameserverError(f"{why}: {error}") from error
    if response.flags & dns.flags.TC:
        raise NameserverError("the answer is truncated even over TCP: it has too many records")
    return response


def _in_either_form(exchange: Exchange, server: Nameserver, forms: Forms, deadline: float) -> ResponseTo:
    """Where only the first form got an error for an answer, the last one decides, if it gets an answer at all."""
    response, form = exchange(server, forms, deadline)
    if form is not forms[-1] and response.rcode in _MAY_MEAN_NO_EDNS:
        with contextlib.suppress(OSError, NameserverError):
            return exchange(server, forms[-1:], deadline)
    return response, form


def _udp(server: Nameserver, forms: Forms, deadline: float) -> ResponseTo:
    """Packets that do not answer the query are skipped, since anybody can send them; the error names the last one if
    nothing else arrives.

    Such a packet, and silence, may both mean that the server does not accept EDNS. Silence is more often a lost
    datagram, so the query is first repeated unchanged, and then sent in both forms alternately.
    """
    passed_over = ""
    turns: Iterator[dns.message.Message] = itertools.chain(forms[:1], itertools.cycle(forms))
    pause = min(_RESEND_AFTER, (deadline - time.monotonic()) / (len(forms) + 1))
    # Connected, so that the kernel drops what comes from elsewhere and says when nobody listens there.
    with _connected(server, socket.SOCK_DGRAM, deadline) as udp:
        while True:
            udp.settimeout(_left(deadline, passed_over))
            udp.send(next(turns).to_wire())
            resend = time.monotonic() + pause
            while time.monotonic() < min(resend, deadline):
                udp.settimeout(max(0.001, min(resend, deadline) - time.monotonic()))
                try:
                    return _parse(forms, udp.recv(65535))
                except socket.timeout:
                    break
                except NameserverError as error:
                    is_first, passed_over = not passed_over, str(error)
                    if is_first and len(forms) > 1:
                        turns = itertools.cycle(forms[::-1])
                        break


def _tcp(server: Nameserver, forms: Forms, deadline: float) -> ResponseTo:
    """If the server closes the connection or its answer cannot be read, ask in the next form."""
    for form in forms:
        wire = form.to_wire()
        try:
            with _connected(server, socket.SOCK_STREAM, deadline) as tcp:
                tcp.sendall(struct.pack("!H", len(wire)) + wire)
                (size,) = struct.unpack("!H", _read(tcp, 2, deadline))
                return _parse((form,), _read(tcp, size, deadline))
        except (NameserverError, ConnectionResetError, BrokenPipeError):
            if form is forms[-1]:
                raise
    raise ValueError("there is no form to ask in")


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


def _parse(forms: Forms, wire: bytes) -> ResponseTo:
    """
    :returns: the response, and the form of the query that it answers.
    :raises NameserverError: it is not a DNS message, or not the response to this query.
    """
    form = next((form for form in forms if form.id == int.from_bytes(wire[:2], "big")), forms[0])
    try:
        response = read(form, wire)
    except Exception as error:  # whatever the decoder trips over, the message is garbage
        raise NameserverError(f"{len(wire)} bytes that are no DNS message ({type(error).__name__})") from error
    if response is None:
        raise NameserverError("a message that does not answer this question")
    return response, form


def _reason(error: OSError, started: float) -> str:
    if isinstance(error, socket.timeout):
        return f"no answer in {time.monotonic() - started:.1f} s"
    return error.strerror or str(error)
