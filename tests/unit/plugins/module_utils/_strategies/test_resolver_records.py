# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a response is what dnspython, which wrote it, reads of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rrset
import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver_records import (
    AAAA,
    CNAME,
    SOA,
    SRV,
    A,
    DnsRecord,
    Response,
    Srv,
    read,
)
from hypothesis import given
from hypothesis import strategies as st

READ = (A, AAAA, CNAME, SOA, SRV)
QUERY = dns.message.make_query("app.example.test", "SRV")
NAMES = ["app.example.test.", "App.Example.test.", "b.test.", "a\\.b\\032\\195.test.", "x." * 99 + "test.", "."]
DATA = {
    "A": ["10.0.0.1", "10.0.0.2"],
    "AAAA": ["fd00::1", "::ffff:10.0.0.1", "::"],
    "CNAME": NAMES,
    "SRV": [f"{priority} 7 4369 {name}" for name in NAMES for priority in (0, 65535)],
    "SOA": [f"{name} {name} 1 2 3 4 5" for name in NAMES],
    "TXT": ['"anything else"'],
}
RECORDS = st.sampled_from([(rdtype, text) for rdtype, texts in DATA.items() for text in texts])
LINES = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 2**31 - 1), RECORDS), max_size=8)


def response(*sections: list[tuple[str, int, tuple[str, str]]], rcode: int = 0) -> dns.message.Message:
    message = dns.message.make_response(QUERY)
    for section, lines in zip((message.answer, message.authority, message.additional), sections):
        for owner, ttl, (rdtype, text) in lines:
            section.append(dns.rrset.from_text(owner, ttl, "IN", rdtype, text))
    message.set_rcode(dns.rcode.Rcode.make(rcode))
    return message


def as_dnspython_has_it(section: list[dns.rrset.RRset]) -> list[DnsRecord]:
    """Of a message that was read with ``one_rr_per_rrset``, whatever discovery reads."""
    return [
        DnsRecord(rrset.name.to_text().lower(), int(rrset.rdtype), rrset.ttl, data_of(rrset[0]))
        for rrset in section
        if rrset.rdtype in READ and rrset.rdclass == dns.rdataclass.IN
    ]


def data_of(record: Any) -> object:
    if record.rdtype in (A, AAAA):
        return record.address
    if record.rdtype == SRV:
        return Srv(record.priority, record.weight, record.port, record.target.to_text())
    return record.target.to_text() if record.rdtype == CNAME else record.minimum


def only_read(records: Sequence[DnsRecord]) -> list[DnsRecord]:
    return [record for record in records if record.rdtype in READ]


def assert_same(found: Response | None, message: dns.message.Message) -> None:
    assert found is not None
    assert (found.name, found.rdtype, found.rcode) == ("app.example.test.", SRV, message.rcode())
    assert only_read(found.answer) == as_dnspython_has_it(message.answer)
    assert only_read(found.authority) == as_dnspython_has_it(message.authority)
    assert only_read(found.additional) == as_dnspython_has_it(message.additional)


@given(LINES, LINES, LINES, st.integers(0, 4095))
def test_what_dnspython_has_written_is_read(answer: Any, authority: Any, additional: Any, rcode: int) -> None:
    wire = response(answer, authority, additional, rcode=rcode).to_wire()
    message = dns.message.from_wire(wire, one_rr_per_rrset=True)
    assert len(message.answer) == len(answer)
    assert message.rcode() == rcode
    assert_same(read(QUERY, wire), message)


@given(LINES, LINES, LINES, st.data())
def test_whatever_is_damaged_is_refused_or_means_the_same_as_to_dnspython(
    answer: Any, authority: Any, additional: Any, data: st.DataObject
) -> None:
    wire = bytearray(response(answer, authority, additional).to_wire())
    for _change in range(data.draw(st.integers(1, 3))):
        wire[data.draw(st.integers(12, len(wire) - 1))] = data.draw(st.integers(0, 255))
    try:
        message = dns.message.from_wire(bytes(wire), one_rr_per_rrset=True)
    except Exception:  # it reads more of each, and so it refuses more
        return
    found = read(QUERY, bytes(wire))
    if QUERY.is_response(message):
        assert_same(found, message)
    else:
        assert found is None


def test_a_truncated_one_is_not_read_to_its_end() -> None:
    message = response([("app.example.test.", 30, ("A", "10.0.0.1"))])
    message.flags |= dns.flags.TC
    found = read(QUERY, message.to_wire()[:-3])
    assert found is not None
    assert found.answer == ()


def test_a_ttl_with_its_highest_bit_set_is_none() -> None:
    wire = response([("app.example.test.", 30, ("A", "10.0.0.1"))]).to_wire()
    found = read(QUERY, wire.replace(b"\0\0\0\x1e", b"\x80\0\0\x1e"))
    assert found is not None
    assert found.answer == [DnsRecord("app.example.test.", A, 0, "10.0.0.1")]


@pytest.mark.parametrize(
    "damage",
    [
        lambda wire: wire[:-1],
        lambda wire: wire + b"\0",
        lambda wire: wire[:-5] + b"\x05" + wire[-4:],
        lambda wire: wire[:-5] + b"\x03" + wire[-4:],
    ],
    ids=["too short", "too long", "data that goes on", "data that ends early"],
)
def test_what_does_not_add_up_is_refused(damage: Any) -> None:
    wire = response([("app.example.test.", 30, ("A", "10.0.0.1"))]).to_wire()
    with pytest.raises(dns.exception.DNSException):
        read(QUERY, damage(wire))
