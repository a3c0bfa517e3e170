# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject and the dates of a certificate, for messages. Nothing is verified here.

The form is that of RFC 5280, section 4.1, in DER (X.690); the standard library reads no client certificates.
"""

from __future__ import annotations

import datetime
import re
import ssl
from dataclasses import dataclass
from typing import NamedTuple, Optional

_MAX_BYTES = 1024 * 1024
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _SET, _OID, _UTC_TIME, _VERSION = 0x30, 0x31, 0x06, 0x17, 0xA0
_NAMES = {b"\x55\x04\x03": "CN", b"\x55\x04\x0a": "O", b"\x55\x04\x0b": "OU"}
_UTC = datetime.timezone.utc


@dataclass(frozen=True)
class Certificate:
    """``subject`` as in ``CN=admin, O=system:masters``; untrusted text."""

    subject: str
    begins: datetime.datetime
    ends: datetime.datetime


class _Item(NamedTuple):
    tag: int
    body: bytes


def certificate_in(path: str) -> Optional[Certificate]:
    """
    :param path: a PEM file; its first certificate is read.
    :returns: None where there is no readable certificate.
    """
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            block = _BLOCK.search(file.read(_MAX_BYTES))
        return certificate_of(ssl.PEM_cert_to_DER_cert(block[0])) if block else None
    except (OSError, ValueError):
        return None


def certificate_of(der: bytes) -> Certificate:
    """
    :raises ValueError: it is not a certificate.
    """
    to_be_signed = _items(_only(_only(der, _SEQUENCE), _SEQUENCE))
    # version (which may be left out), serialNumber, signature, issuer, validity, subject
    fields = to_be_signed[1:] if to_be_signed and to_be_signed[0].tag == _VERSION else to_be_signed
    if len(fields) < 5:
        raise ValueError("no certificate")
    begins, ends = (_time(item) for item in _items(fields[3].body)[:2])
    return Certificate(_name(fields[4].body), begins, ends)


def _only(data: bytes, tag: int) -> bytes:
    item = next(iter(_items(data)), None)
    if not item or item.tag != tag:
        raise ValueError("no certificate")
    return item.body


def _items(data: bytes) -> list[_Item]:
    items, position = [], 0
    while position < len(data):
        if len(data) - position < 2:
            raise ValueError("cut off")
        tag, length, start = data[position], data[position + 1], position + 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[position + 2 : start], "big")
        position = start + length
        if position > len(data):
            raise ValueError("cut off")
        items.append(_Item(tag, data[start:position]))
    return items


def _time(item: _Item) -> datetime.datetime:
    text = item.body.decode("ascii")
    if item.tag == _UTC_TIME:  # two digits of the year, from 1950 to 2049
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=_UTC)


def _name(body: bytes) -> str:
    parts = []
    for relative in _items(body):
        for attribute in _items(relative.body) if relative.tag == _SET else ():
            kind, value = _items(attribute.body)[:2]
            if kind.tag == _OID and kind.body in _NAMES:
                parts.append((_NAMES[kind.body], value.body.decode("utf-8", "replace")))
    return ", ".join(f"{kind}={value}" for kind, value in sorted(parts, key=lambda part: part[0] != "CN"))
