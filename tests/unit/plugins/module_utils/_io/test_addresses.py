# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""K7: an address has one text, whatever the spelling and the Python."""

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._io.addresses import canonical
from hypothesis import example, given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("FD00:0:0:0:0:0:0:7", "fd00::7"),
        ("fd00::7", "fd00::7"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("fd00::", "fd00::"),
        ("::", "::"),
        # RFC 5952 section 5; str() of Python 3.12 and older has ::ffff:a00:1
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("::FFFF:0a00:0001", "::ffff:10.0.0.1"),
        ("0:0:0:0:0:ffff:a00:1", "::ffff:10.0.0.1"),
        ("64:ff9b::10.0.0.1", "64:ff9b::a00:1"),
    ],
)
def test_one_text_for_each_address(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "app", "ab", "10.0.0", "10.0.0.256", "10.0.0.01", "::ffff:10.0.0.01", "10.0.0.1.1", "10.0.0.1\n", "fd00::7%1"]
    + ["fd00:::7", "1:2:3:4:5:6:7:8:9", "a::b::c", "\u0661.0.0.1", "x" * 100_000, "a:" * 50_000, None, 7, b"10.0.0.1"],
)
def test_what_is_none(text: object) -> None:
    assert canonical(text) is None


@given(st.integers(0, 2**128 - 1), st.booleans())
@example(0xFD << 120 | 1 << 16, True)
@example(0xFFFF << 32 | 1, False)
def test_every_spelling_is_read_as_the_same(number: int, upper: bool) -> None:
    address = ipaddress.IPv6Address(number)
    texts = {address.exploded, address.exploded.upper() if upper else str(address), str(address)}
    found = {canonical(text) for text in texts}
    assert len(found) == 1
    (text,) = found
    assert text is not None
    assert ipaddress.IPv6Address(text) == address
    assert canonical(text) == text
    if address.ipv4_mapped is None:
        assert text == str(address)
