# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP addresses as text: one spelling for each, the same on every Python."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Optional

_BYTES = frozenset(map(str, range(256)))
_V6 = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_GROUP = "[1-9a-f][0-9a-f]{0,3}"
_WITHOUT_ZEROS = re.compile(f"{_GROUP}(?::{_GROUP})*(?:::(?:{_GROUP}(?::{_GROUP})*)?)?")


def canonical(text: Any) -> Optional[str]:
    """The one text of an address, as RFC 5952 writes it; None for what is no address.

    An IPv4-mapped IPv6 address is written as ``::ffff:10.0.0.1`` (RFC 5952 section 5). Python itself writes it so since
    3.13, and older ones write ``::ffff:a00:1``. A zone (``%eth0``) and an IPv4 address with leading zeros are none.
    """
    if not isinstance(text, str):
        return None
    if _is_ipv4(text) or _is_canonical(text):
        return text
    if not _V6.fullmatch(text) or ("." in text and not _is_ipv4(text.rpartition(":")[2])):
        return None
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return str(address) if address.ipv4_mapped is None else f"::ffff:{address.ipv4_mapped}"


def _is_ipv4(text: str) -> bool:
    parts = text.split(".", 4)
    return len(parts) == 4 and _BYTES.issuperset(parts)


def _is_canonical(text: str) -> bool:
    """Whether it shows at once, since parsing thousands of addresses costs more than reading their list. A group of 0
    would have to be compared with the others, and what begins with ``::`` may be IPv4-mapped."""
    if len(text) > 45 or not _WITHOUT_ZEROS.fullmatch(text):
        return False
    colons = text.count(":")
    return colons <= 6 if "::" in text else colons == 7
