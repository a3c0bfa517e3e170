# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a response is taken for: records, an alias, an honest nothing, or nothing at all."""

from __future__ import annotations

import subprocess
import sys

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common import resolver
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver import (
    Alias,
    QueryResult,
    RecordsAnswer,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver_exchange import (
    NameserverError,
    _parse,
)
from hypothesis import given
from hypothesis import strategies as st

QUERY = dns.message.make_query("app.example.test", "A")
CONFIG = {"nameservers": ["127.0.0.1:1"], "port": 53, "timeout": 1.0, "tcp": False}


def response(*answer: str, authority: str = "", additional: str = "", flags: int = 0, rcode: str = "NOERROR"):
    """:param answer: lines ``owner TYPE rdata``."""
    message = dns.message.make_response(QUERY)
    message.flags |= flags
    message.set_rcode(dns.rcode.from_text(rcode))
    for section, lines in (
        (message.answer, answer),
        (message.authority, [authority] if authority else []),
        (message.additional, additional.splitlines()),
    ):
        for line in lines:
            owner, rdtype, rdata = line.split(" ", 2)
            name = dns.name.from_text(owner)
            rrset = message.find_rrset(section, name, dns.rdataclass.IN, dns.rdatatype.from_text(rdtype), create=True)
            rrset.update(dns.rdataset.from_text("IN", rdtype, 30, rdata))
    return message


def interpret(message: dns.message.Message) -> RecordsAnswer | Alias:
    return resolver.interpret(_parse((QUERY,), message.to_wire())[0])


def addresses(answer: object) -> list[str]:
    """In order, since who writes a message shuffles its records."""
    assert isinstance(answer, RecordsAnswer)
    return sorted(answer.records)


def test_records_are_an_answer() -> None:
    given = response("app.example.test A 10.0.0.1", "app.example.test A 10.0.0.2")
    assert addresses(interpret(given)) == ["10.0.0.1", "10.0.0.2"]


def test_an_alias_is_followed_inside_the_response() -> None:
    given = response(
        "app.example.test CNAME a.example.test.",
        "a.example.test CNAME b.test.",
        "b.test A 10.0.0.1",
        "c.test A 10.0.0.9",
    )
    assert addresses(interpret(given)) == ["10.0.0.1"]


def records(given: dns.message.QueryMessage) -> RecordsAnswer:
    """What is no alias."""
    answer = interpret(given)
    assert isinstance(answer, RecordsAnswer)
    return answer


def test_an_alias_without_its_records_is_asked_for() -> None:
    assert interpret(response("app.example.test CNAME a.other.")) == Alias("a.other.", 30)


def test_records_of_another_name_are_none() -> None:
    assert records(response("other.test A 10.0.0.9", flags=dns.flags.AA)).records == ()


@pytest.mark.parametrize(
    "given",
    [
        response(flags=dns.flags.AA),
        response(flags=dns.flags.RA),
        response(authority="example.test SOA ns.test. h.test. 1 1 1 1 1"),
    ],
    ids=["authoritative", "recursive", "SOA"],
)
def test_no_data_from_one_who_knows_is_an_honest_nothing(given: dns.message.QueryMessage) -> None:
    assert records(given).records == ()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (response(rcode="NXDOMAIN", flags=dns.flags.AA), "NXDOMAIN: the name does not exist there"),
        (response(rcode="SERVFAIL"), "SERVFAIL: "),
        (response(rcode="REFUSED"), "REFUSED: "),
        (response(rcode="FORMERR"), "FORMERR: "),
        (response(rcode="NOTIMP"), "NOTIMP: "),
        (response("app.example.test A 10.0.0.1", rcode="NXDOMAIN"), "NXDOMAIN"),
        (response("app.example.test A 10.0.0.1", rcode="SERVFAIL"), "SERVFAIL"),
        (response(authority="example.test NS ns.other."), "recursive nameserver"),
        (response(authority="example.test NS ns.other.", flags=dns.flags.RA), "recursive nameserver"),
        (response(), "recursive nameserver"),
        (
            response("app.example.test CNAME b.test.", "b.test CNAME app.example.test."),
            "the aliases go round in a circle",
        ),
    ],
)
def test_everything_else_tells_nothing(given: dns.message.QueryMessage, reason: str) -> None:
    with pytest.raises(NameserverError, match=reason):
        interpret(given)


def test_addresses_that_come_along_are_kept_ipv4_first() -> None:
    given = response(
        "app.example.test A 10.0.0.1", additional="b.test AAAA fd00::1\nb.test A 10.0.0.3\nb.test A 10.0.0.2"
    )
    assert records(given).addresses == {"b.test.": ["10.0.0.2", "10.0.0.3", "fd00::1"]}


def test_the_least_time_to_live_is_that_of_the_discovery() -> None:
    given = [response("app.example.test A 10.0.0.1"), response(flags=dns.flags.AA)]
    answers = [records(one) for one in given]
    assert answers[0].ttl == 30
    assert QueryResult(dict(zip(("A", "AAAA"), answers)), ()).discovery([Node("app@10.0.0.1")]).ttl == 30


@given(st.data())
def test_a_damaged_message_is_a_message_or_a_reason(data: st.DataObject) -> None:
    good = response("app.example.test A 10.0.0.1", "app.example.test A 10.0.0.2", flags=dns.flags.AA).to_wire()
    wire = bytearray(good)
    for _change in range(data.draw(st.integers(0, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(wire[: data.draw(st.integers(0, len(wire)))])
    try:
        resolver.interpret(_parse((QUERY,), cut)[0])
    except NameserverError:
        return
    assert len(cut) == len(good)


NODE = Node("app@10.0.0.1", "10.0.0.1")


@pytest.mark.parametrize(
    ("reasons", "nodes", "left_out", "status"),
    [
        ((), [NODE], [], "complete"),
        ((), [], [], "complete"),
        (("AAAA: SERVFAIL",), [NODE], [], "partial"),
        ((), [NODE], ["0.0.0.0"], "partial"),
        (("AAAA: SERVFAIL",), [], [], "failed"),
        ((), [], ["0.0.0.0"], "failed"),
    ],
)
def test_a_doubt_is_never_complete(
    reasons: tuple[str, ...], nodes: list[Node], left_out: list[str], status: str
) -> None:
    found = QueryResult({}, reasons).discovery(nodes, left_out)
    assert (found.status, list(found.nodes)) == (status, nodes)
    assert found.reasons == (*reasons, *left_out)


@pytest.mark.parametrize("query", ["a..b", "x" * 64, ".".join(["x" * 60] * 5), "\\300.test"])
def test_what_is_no_domain_name_is_said(query: str) -> None:
    with pytest.raises(OptionError, match="config.query: .* is not a domain name"):
        resolver.read(CONFIG, 0, "config.query", query, ["A"])


def _run(code: str) -> str:
    prelude = f"import sys; sys.path[:] = {sys.path!r}\n"
    return subprocess.run([sys.executable, "-c", prelude + code], check=True, capture_output=True, text=True).stdout


_DISCOVER = """
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
"""


def test_a_missing_dnspython_is_said() -> None:
    code = f"""
sys.modules["dns"] = None
{_DISCOVER}
try:
    discover(source_of({{"strategy": "dns", "config": {{"query": "a.test", "node_basename": "app"}}}}))
except Exception as error:
    print(type(error).__name__, error.library, "Traceback" in error.traceback)
"""
    assert _run(code).strip() == "MissingLibraryError dnspython >= 2.1 True"


def test_no_other_strategy_pays_for_dnspython() -> None:
    code = f"""
{_DISCOVER}
discover(source_of({{"strategy": "static", "config": {{"nodes": ["app@a"]}}}}))
print("dns" in sys.modules)
"""
    assert _run(code).strip() == "False"
