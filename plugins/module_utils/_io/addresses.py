# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP addresses as names of nodes: one text for each, which addresses are no host's, and which two are one host's.

They are numbers here, since Python's own objects take several times as long to make and to compare, and what they say
of an IPv4-mapped address depends on Python's release.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Any, Iterable, Iterator, NamedTuple, Optional, Sequence


class Ip(NamedTuple):
    """An address. In order IPv4 comes first, and then numbers decide."""

    version: int
    number: int


class Prefix(NamedTuple):
    """The first ``length`` bits of IPv6 addresses."""

    bits: int
    length: int


_MAPPED = Prefix(0xFFFF, 96)
_NAT64 = Prefix(0x0064FF9B << 64, 96)
# RFC 8215
_LOCAL_NAT64 = Prefix(0x0064FF9B0001, 48)
# RFC 6052 section 2.2
_PREFIX_LENGTHS = (32, 40, 48, 56, 64, 96)
# RFC 7050: 192.0.0.170 and 192.0.0.171, which a resolver with DNS64 makes the AAAA records of ipv4only.arpa of.
_IPV4_ONLY = (0xC00000AA, 0xC00000AB)
_IPV4 = (1 << 32) - 1
_BEHIND_THEM = (1 << 56) - 1
_MAY_BE_ADDRESS = re.compile(r"[0-9.]+$|[0-9A-Fa-f]*:").match
# What is quickly seen; where it matches, the address is looked at.
_BYTES = frozenset(map(str, range(256)))
_GROUP = "[1-9a-f][0-9a-f]{0,3}"
_WITHOUT_ZEROS = re.compile(f"{_GROUP}(?::{_GROUP})*(?:::(?:{_GROUP}(?::{_GROUP})*)?)?")
_MAY_BE_NO_HOST = re.compile(r"0\.|2[235]|::$|::ffff:|f[ef]", re.IGNORECASE).match


def ip_of(text: str) -> Ip:
    """
    :raises ValueError: it is no address, or has a zone.
    """
    try:
        if ":" in text:
            return Ip(6, int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big"))
        return Ip(4, int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big"))
    except OSError:
        raise ValueError(f"{text!r} is not an IP address") from None


def text_of(ip: Ip) -> str:
    """RFC 5952, with section 5 for an IPv4-mapped address, which Python has followed since 3.13 only."""
    version, number = ip
    if version == 4:
        return socket.inet_ntop(socket.AF_INET, number.to_bytes(4, "big"))
    if _is_in(number, _MAPPED):
        return f"::ffff:{text_of(Ip(4, number & _IPV4))}"
    return str(ipaddress.IPv6Address(number))


def canonical(text: Any) -> Optional[str]:
    """The one text of an address, see :func:`text_of`; None for what is no address, or has a zone."""
    if not isinstance(text, str):
        return None
    if _is_plain_ipv4(text) or _is_plain_ipv6(text):
        return text
    try:
        return text_of(ip_of(text))
    except ValueError:
        return None


def _is_plain_ipv4(text: str) -> bool:
    parts = text.split(".", 4)
    return len(parts) == 4 and _BYTES.issuperset(parts)


def _is_plain_ipv6(text: str) -> bool:
    """Whether it shows at once that this is the canonical text, since parsing thousands of addresses costs more than
    reading their list. A group of 0 would have to be compared with the others, and what begins with ``::`` may be
    IPv4-mapped."""
    if len(text) > 45 or not _WITHOUT_ZEROS.fullmatch(text):
        return False
    colons = text.count(":")
    return colons <= 6 if "::" in text else colons == 7


def same_text(host: str) -> str:
    """What is the same for every spelling of a host: RFC 5952 for an address; lower case (RFC 4343) and no final dot
    for a name."""
    return same_address(host.lower().rstrip("."))


def same_address(text: str) -> str:
    """What is the same for every spelling of an address; whatever is none stays as it is."""
    if not _MAY_BE_ADDRESS(text):
        return text
    address, percent, zone = text.partition("%")
    try:
        return f"{text_of(ip_of(address))}{percent}{zone}"
    except ValueError:
        return text


def why_no_host(ip: Ip) -> Optional[str]:
    """Why nobody can be reached at this address; None where somebody can."""
    version, number = ip
    if version == 6 and not _is_in(number, _MAPPED):
        if number >> 118 == 0x3FA:
            return "a link-local address leads nowhere without its zone"
        nobody = not number or number >> 120 == 0xFF
    else:
        number &= _IPV4
        nobody = number in (0, _IPV4) or number >> 28 == 0xE
    # Unspecified, multicast, broadcast. DNS filters answer a blocked name with 0.0.0.0 or ::
    return "no host has this address" if nobody else None


def usable(texts: Sequence[str]) -> Sequence[str]:
    """Those at which somebody can be reached."""
    if not any(map(_MAY_BE_NO_HOST, texts)):
        return texts
    return [text for text in texts if why_no_host(ip_of(text)) is None]


def stands_for(number: int, prefixes: Sequence[Prefix] = ()) -> Iterator[int]:
    """The IPv4 addresses that an IPv6 address may be another form of.

    IPv4-mapped ones (RFC 4291 section 2.5.5.2) and those inside a prefix for NAT64 (RFC 6052) are no host's own.

    :param prefixes: of the network, beside those that are the same everywhere.
    """
    if _is_in(number, _MAPPED) or _is_in(number, _NAT64):
        yield number & _IPV4
    elif _is_in(number, _LOCAL_NAT64):
        yield from (_embedded(number, length) for length in _PREFIX_LENGTHS if length >= _LOCAL_NAT64.length)
    yield from (_embedded(number, prefix.length) for prefix in prefixes if _is_in(number, prefix))


def may_stand_for(number: int) -> Sequence[int]:
    """The same, if this network had any prefix that RFC 6052 allows."""
    return [_embedded(number, length) for length in _PREFIX_LENGTHS]


def prefixes_in(synthesized: Iterable[str]) -> list[Prefix]:
    """The network's prefixes for NAT64.

    :param synthesized: the AAAA records of ``ipv4only.arpa``, which has none of its own (RFC 7050 section 3).
    """
    numbers = [ip_of(text).number for text in synthesized]
    found = {
        Prefix(number >> (128 - length), length)
        for number in numbers
        for length in _PREFIX_LENGTHS
        if _embedded(number, length) in _IPV4_ONLY
    }
    return sorted(found)


def _embedded(number: int, length: int) -> int:
    """Bits 64 to 71 are left out unless the prefix has them itself (RFC 6052 section 2.2)."""
    if length > 64:
        return number >> (96 - length) & _IPV4
    return (number >> 64 << 56 | number & _BEHIND_THEM) >> (88 - length) & _IPV4


def _is_in(number: int, prefix: Prefix) -> bool:
    return number >> (128 - prefix.length) == prefix.bits
