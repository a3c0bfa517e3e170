# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a response says (RFC 1035 section 4.1), as far as discovery reads it: the data of A, AAAA, CNAME, PTR, SOA and
SRV.

dnspython reads the header, the question and each name. Its records are not used: each can be hashed, compared and
written back, and that takes ten times as long as to read it. Names are texts as in a zone file, with the final dot.
"""

from __future__ import annotations

import socket
import traceback
from functools import partial
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional, Sequence

DNSPYTHON_ERROR: Optional[str] = None
try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.rdataclass
    import dns.wire

    # It came with 2.1: older versions count as missing.
    _NEEDED = dns.message.ChainTooLong
except (ImportError, AttributeError):
    DNSPYTHON_ERROR = traceback.format_exc()

_COUNTS_AT = 4
A, NS, CNAME, SOA, PTR, AAAA, SRV, _OPT = 1, 2, 5, 6, 12, 28, 33, 41
_MOST_TTL = 2**31 - 1


class Srv(NamedTuple):
    """The data of an SRV record (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str


class DnsRecord(NamedTuple):
    """``owner`` is in lower case. ``data`` is an address, the name that a CNAME or PTR leads to, an :class:`Srv`, the
    seconds for which it may be remembered that there is nothing (SOA; RFC 2308 section 4), or the bytes of any other
    type."""

    owner: str
    rdtype: int
    ttl: int
    data: Any


class Response(NamedTuple):
    """``rcode`` with the eight bits that EDNS adds (RFC 6891 section 6.1.3)."""

    name: str
    rdtype: int
    flags: int
    rcode: int
    answer: Sequence[DnsRecord] = ()
    authority: Sequence[DnsRecord] = ()
    additional: Sequence[DnsRecord] = ()


def read(query: dns.message.Message, wire: bytes) -> Optional[Response]:
    """
    :returns: the response, without its records when it is truncated; None when it is not one to this query.
    :raises dns.exception.DNSException: it is damaged, or something is behind it.
    """
    message = dns.message.from_wire(wire, question_only=True)
    if not query.is_response(message):
        return None
    (question,) = query.question
    head = Response(_text(question.name).lower(), question.rdtype, int(message.flags), int(message.rcode()))
    if message.flags & dns.flags.TC:
        return head
    parser = dns.wire.Parser(wire, _COUNTS_AT)
    questions, *counts = parser.get_struct("!HHHH")
    for _question in range(questions):
        dns.name.from_wire_parser(parser)
        parser.get_struct("!HH")
    owners: dict[bytes, str] = {}
    answer, authority, additional = (list(_section(parser, count, owners)) for count in counts)
    if parser.remaining():
        raise dns.exception.FormError
    extended = next((record.data for record in additional if record.rdtype == _OPT), 0)
    return head._replace(rcode=extended | head.rcode, answer=answer, authority=authority, additional=additional)


def _section(parser: dns.wire.Parser, count: int, owners: dict[bytes, str]) -> Iterator[DnsRecord]:
    """
    :param owners: what two bytes that point to a name stand for, as far as it is known.
    """
    for _record in range(count):
        owner = _owner(parser, owners)
        rdtype, rdclass, ttl, size = parser.get_struct("!HHIH")
        end = parser.current + size
        known = rdtype in _DECODERS and rdclass == dns.rdataclass.IN
        data = _DECODERS[rdtype](parser) if known else parser.get_bytes(size)
        if parser.current != end:
            raise dns.exception.FormError
        if rdtype == _OPT:
            yield DnsRecord(owner, rdtype, 0, ttl >> 24 << 4)
        elif rdclass == dns.rdataclass.IN:
            # RFC 2181 section 8
            yield DnsRecord(owner, rdtype, 0 if ttl > _MOST_TTL else ttl, data)


def _owner(parser: dns.wire.Parser, owners: dict[bytes, str]) -> str:
    start = parser.current
    pointer = parser.wire[start : start + 2]
    if pointer in owners:
        parser.seek(start + 2)
        return owners[pointer]
    owner = _name(parser).lower()
    if pointer[0] >= 0xC0:
        owners[pointer] = owner
    return owner


def _name(parser: dns.wire.Parser) -> str:
    return _text(dns.name.from_wire_parser(parser))


def _text(name: dns.name.Name) -> str:
    return str(name.to_text())


def _address(family: socket.AddressFamily, size: int, parser: dns.wire.Parser) -> str:
    return socket.inet_ntop(family, parser.get_bytes(size))


def _srv(parser: dns.wire.Parser) -> Srv:
    priority, weight, port = parser.get_struct("!HHH")
    return Srv(priority, weight, port, _name(parser))


def _minimum(parser: dns.wire.Parser) -> int:
    for _name_of_whom in ("MNAME", "RNAME"):
        dns.name.from_wire_parser(parser)
    *_others, minimum = parser.get_struct("!IIIII")
    return int(minimum)


_DECODERS: Mapping[int, Callable[[dns.wire.Parser], Any]] = {
    A: partial(_address, socket.AF_INET, 4),
    CNAME: _name,
    SOA: _minimum,
    PTR: _name,
    AAAA: partial(_address, socket.AF_INET6, 16),
    SRV: _srv,
}
