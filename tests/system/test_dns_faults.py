# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A nameserver that fails never makes members disappear: what it says then is no complete discovery."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, FAILED, PARTIAL, Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.harness.clock import within
from tests.harness.dns import faults
from tests.harness.dns.faults import Fault, faulty_nameserver
from tests.harness.dns.nameserver import nameserver

APP = "app.example.test"
ONE = {"A": ["127.0.8.1"], "AAAA": ["::1"], "SRV": ["0 0 1 a.test."]}


# Of what answers: a busy machine may take long. Where only silence is expected, or also an answer.
PATIENCE, SHORT, LONGER = 30, 0.3, 2
# What comes over UDP and answers nothing is waited past: anybody can send it.
WAITED_PAST = (faults.garbage, faults.wrong_id, faults.wrong_question, faults.cut_in_half)


def read(config: Mapping[str, object], strategy: str = "dns", attempt: int = 0) -> Discovery:
    config = {"query": APP, "node_basename": "app", "timeout": PATIENCE, **config}
    return discover(source_of({"topology": "chat", "strategy": strategy, "config": config}), attempt)


def timeout_of(fault: Fault) -> float:
    return LONGER if fault in (faults.silence, *WAITED_PAST) else PATIENCE


@pytest.mark.parametrize("strategy", ["dns", "dns_srv"])
@pytest.mark.parametrize("tcp", [False, True], ids=["UDP", "TCP"])
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.silence, "no answer in"),
        (faults.garbage, "no DNS message"),
        (faults.wrong_id, "does not answer this question"),
        (faults.wrong_question, "does not answer this question"),
        (faults.cut_in_half, "no DNS message"),
        (faults.truncated, "truncated even over TCP"),
        (faults.rcode("SERVFAIL"), "SERVFAIL: "),
        (faults.rcode("NXDOMAIN"), "NXDOMAIN: "),
        (faults.rcode("REFUSED"), "REFUSED: "),
        (faults.rcode("FORMERR"), "FORMERR: "),
        (faults.records({}, flags=0), "recursive nameserver"),
    ],
    ids=lambda value: "" if callable(value) else value.strip(": ").replace(" ", "_"),
)
def test_no_answer_is_a_failure_that_says_why(fault: Fault, reason: str, tcp: bool, strategy: str) -> None:
    with faulty_nameserver(fault) as ns:
        timeout = SHORT if fault is faults.silence else timeout_of(fault)
        found = read({**ns.config, "tcp": tcp, "timeout": timeout}, strategy)
    assert (found.status, found.nodes) == (FAILED, ())
    for rdtype, text in zip(["SRV"] if strategy == "dns_srv" else ["A", "AAAA"], found.reasons):
        assert text.startswith(f"DNS query {APP} {rdtype}: nameserver {ns.spec}: ")
        assert reason in text
    assert {transport for transport, _name, _rdtype in ns.queries} >= {"tcp" if tcp else "udp"}


@pytest.mark.parametrize("fault", [faults.silence, faults.garbage, faults.rcode("SERVFAIL"), faults.cut_in_half])
def test_a_truncated_answer_is_never_used_when_tcp_fails(fault: Fault) -> None:
    with faulty_nameserver(faults.by_transport(udp=faults.truncated, tcp=fault)) as ns:
        found = read({**ns.config, "timeout": timeout_of(fault)})
    assert (found.status, found.nodes) == (FAILED, ())
    assert ("tcp", f"{APP}.", "A") in ns.queries


def test_a_truncated_answer_is_never_used_when_tcp_is_closed() -> None:
    with faulty_nameserver(faults.truncated, tcp=False) as ns:
        found = read(ns.config)
    assert (found.status, found.nodes) == (FAILED, ())
    assert "the UDP answer is truncated, and TCP: Connection refused: open TCP port" in found.reasons[0]


@pytest.mark.parametrize(
    "fault", [faults.silence, faults.garbage, faults.truncated, faults.rcode("SERVFAIL"), faults.rcode("NXDOMAIN")]
)
def test_one_type_that_fails_makes_the_other_partial(fault: Fault) -> None:
    with faulty_nameserver(faults.by_type(A=faults.records(ONE), AAAA=fault)) as ns:
        found = read({**ns.config, "timeout": timeout_of(fault)})
    assert (found.status, found.names) == (PARTIAL, {"app@127.0.8.1"})
    assert len(found.reasons) == 1
    assert found.reasons[0].startswith(f"DNS query {APP} AAAA: nameserver {ns.spec}: ")


def test_one_type_that_fails_beside_an_empty_one_is_a_failure() -> None:
    with faulty_nameserver(faults.by_type(A=faults.records({}), AAAA=faults.rcode("SERVFAIL"))) as ns:
        assert read(ns.config).status == FAILED


def test_the_address_of_a_filter_is_no_node() -> None:
    with faulty_nameserver(faults.records({"A": ["0.0.0.0"], "AAAA": ["::"]})) as ns:
        found = read(ns.config)
    assert (found.status, found.nodes) == (FAILED, ())
    assert "no host has this address" in found.reasons[0]


@pytest.mark.parametrize(
    "fault", [faults.silence, faults.garbage, faults.wrong_id, faults.rcode("SERVFAIL"), faults.rcode("NXDOMAIN")]
)
def test_after_a_failing_nameserver_the_next_is_asked(fault: Fault) -> None:
    with faulty_nameserver(fault) as bad, nameserver({APP: ["127.0.8.1"]}) as good:
        found = read({"nameservers": [bad.spec, good.spec], "timeout": 2 * timeout_of(fault)})
    assert (found.status, found.names) == (COMPLETE, {"app@127.0.8.1"})
    assert bad.queries


def test_the_reasons_of_all_are_told() -> None:
    with faulty_nameserver(faults.rcode("SERVFAIL")) as one, faulty_nameserver(faults.silence) as two:
        config = {"nameservers": [one.spec, two.spec], "types": ["A"], "timeout": LONGER}
        (reason,) = read(config).reasons
    assert f"nameserver {one.spec}: SERVFAIL: " in reason
    assert f"; nameserver {two.spec}: UDP: no answer" in reason


def test_an_attempt_that_starts_at_the_last_goes_round() -> None:
    with faulty_nameserver(faults.records(ONE)) as one, faulty_nameserver(faults.rcode("SERVFAIL")) as two:
        found = read({"nameservers": [one.spec, two.spec], "types": ["A"]}, attempt=1)
    assert found.status == COMPLETE
    # With EDNS and without it
    assert (len(one.queries), len(two.queries)) == (1, 2)


def test_a_lost_datagram_is_sent_again() -> None:
    asked: list[object] = []

    def loses_the_first(query: faults.dns.message.Message, transport: str) -> object:
        asked.append(query)
        return faults.records(ONE)(query, transport) if len(asked) > 1 else None

    with faulty_nameserver(loses_the_first) as ns:
        found = read({**ns.config, "types": ["A"]})
    assert (found.status, found.names) == (COMPLETE, {"app@127.0.8.1"})
    assert [transport for transport, _name, _rdtype in ns.queries] == ["udp", "udp"]


def test_an_answer_after_garbage_is_taken() -> None:
    """Anybody can send garbage: it must not keep the answer out."""
    asked: list[object] = []

    def garbage_first(query: faults.dns.message.Message, transport: str) -> object:
        asked.append(query)
        return faults.records(ONE)(query, transport) if len(asked) > 1 else faults.garbage(query, transport)

    with faulty_nameserver(garbage_first) as ns:
        assert read({**ns.config, "types": ["A"]}).names == {"app@127.0.8.1"}


def test_a_chain_of_aliases_without_end_is_left() -> None:
    def next_alias(query: faults.dns.message.Message, transport: str) -> faults.dns.message.Message:
        response = faults.dns.message.make_response(query)
        (question,) = query.question
        alias = [f"x{len(ns.queries)}.test."]
        response.answer.append(faults.dns.rrset.from_text_list(question.name, 30, "IN", "CNAME", alias))
        return response

    with faulty_nameserver(next_alias) as ns:
        found = read({**ns.config, "types": ["A"]})
    assert found.status == FAILED
    assert "more than 16 CNAMEs in a row" in found.reasons[0]
    assert len(ns.queries) == 16


def test_the_time_out_is_one_for_all() -> None:
    with faulty_nameserver(faults.silence) as ns, within(0.5):
        found = read({"nameservers": [ns.spec] * 20, "timeout": 0.5})
    assert [reason.count("no answer in") for reason in found.reasons] == [20, 20]


def test_a_type_that_was_not_answered_is_not_among_the_answers() -> None:
    with faulty_nameserver(faults.by_type(A=faults.records(ONE), AAAA=faults.rcode("SERVFAIL"))) as ns:
        found = read(ns.config)
    assert [(one.question, one.server) for one in found.answers] == [(f"{APP} A", ns.spec)]


def test_the_least_ttl_of_a_chain_of_aliases_counts_and_a_cache_keeps_the_records_for_their_own() -> None:
    def alias(query: faults.dns.message.Message, transport: str) -> faults.dns.message.Message:
        (question,) = query.question
        if question.name.to_text() != f"{APP}.":
            return faults.records(ONE)(query, transport)
        response = faults.dns.message.make_response(query)
        response.answer.append(faults.dns.rrset.from_text(question.name, 7, "IN", "CNAME", "x.test."))
        return response

    with faulty_nameserver(alias) as ns:
        found = read({**ns.config, "types": ["A"]})
    assert found.names == {"app@127.0.8.1"}
    assert found.ttl == 7
    assert [(one.question, one.ttl) for one in found.answers] == [(f"{APP} A", 30.0)]


def test_a_cache_gives_the_same_sample_until_its_ttl_is_over() -> None:
    now = [0.0]
    addresses = [f"127.0.8.{number}" for number in range(1, 13)]
    fault = faults.cached(faults.samples(addresses, 8, seed=1), ttl=20, clock=lambda: now[0])
    with faulty_nameserver(fault) as ns:
        first = read(ns.config)
        now[0] = 19.9
        second = read(ns.config)
        now[0] = 20.0
        third = read(ns.config)
    assert (first.status, len(first.nodes)) == (COMPLETE, 8)
    assert first.nodes == second.nodes != third.nodes
    assert [[one.ttl for one in found.answers] for found in (first, second, third)] == [[20], [1], [20]]


@pytest.mark.parametrize("tcp", [False, True], ids=["UDP", "TCP"])
@pytest.mark.parametrize(
    "refusal",
    [
        *map(faults.rcode, ("FORMERR", "NOTIMP", "SERVFAIL", "BADVERS", "REFUSED")),
        faults.without_question("FORMERR"),
        faults.garbage,
        faults.cut_in_half,
        faults.wrong_question,
    ],
    ids=["FORMERR", "NOTIMP", "SERVFAIL", "BADVERS", "REFUSED", "header", "garbage", "half", "another"],
)
def test_a_nameserver_that_does_not_take_edns_is_asked_without_it(refusal: Fault, tcp: bool) -> None:
    """D3: one query more, not one of the discovery's."""
    with faulty_nameserver(faults.for_edns(refusal, faults.records(ONE))) as ns:
        found = read({**ns.config, "types": ["A"], "tcp": tcp})
    assert (found.status, found.names) == (COMPLETE, {"app@127.0.8.1"})
    assert [transport for transport, _name, _rdtype in ns.queries] == ["tcp" if tcp else "udp"] * 2


def test_a_nameserver_that_drops_what_has_edns_is_asked_without_it() -> None:
    """D3: the first silence may be a lost datagram, the second one is taken for a refusal."""
    with faulty_nameserver(faults.for_edns(faults.silence, faults.records(ONE))) as ns:
        found = read({**ns.config, "types": ["A"]})
    assert (found.status, found.names) == (COMPLETE, {"app@127.0.8.1"})
    assert len(ns.queries) == 3


def test_without_edns_a_truncated_answer_still_goes_to_tcp() -> None:
    """D3: and over TCP it is asked at once as it is taken."""
    fault = faults.by_transport(udp=faults.truncated, tcp=faults.records({"A": ["127.0.8.1", "127.0.8.2"]}))
    with faulty_nameserver(faults.for_edns(faults.rcode("FORMERR"), fault)) as ns:
        found = read({**ns.config, "types": ["A"]})
    assert (found.status, len(found.nodes)) == (COMPLETE, 2)
    assert [transport for transport, _name, _rdtype in ns.queries] == ["udp", "udp", "tcp"]


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (faults.rcode("SERVFAIL"), "SERVFAIL: "),
        (faults.silence, "SERVFAIL: "),
        (faults.garbage, "SERVFAIL: "),
        (faults.rcode("NXDOMAIN"), "NXDOMAIN: "),
        (faults.truncated, "truncated even over TCP"),
    ],
    ids=["the same", "silence", "garbage", "NXDOMAIN", "truncated"],
)
def test_an_error_stays_one_whatever_comes_without_edns(second: Fault, reason: str) -> None:
    """D3"""
    with faulty_nameserver(faults.for_edns(faults.rcode("SERVFAIL"), second)) as ns:
        found = read({**ns.config, "types": ["A"], "timeout": timeout_of(second)})
    assert (found.status, found.nodes) == (FAILED, ())
    assert reason in found.reasons[0]


def test_an_error_that_is_none_of_edns_is_not_asked_again() -> None:
    """D3"""
    with faulty_nameserver(faults.rcode("NXDOMAIN")) as ns:
        read({**ns.config, "types": ["A"]})
    assert len(ns.queries) == 1


@pytest.mark.parametrize(("answered", "denied"), [("A", "AAAA"), ("AAAA", "A")])
def test_a_name_that_exists_for_one_type_only_is_said_with_the_way_out(answered: str, denied: str) -> None:
    """D4"""
    fault = faults.by_type(**{answered: faults.records(ONE), denied: faults.rcode("NXDOMAIN")})
    with faulty_nameserver(fault) as ns:
        found = read(ns.config)
        asked_as_told = read({**ns.config, "types": [answered]})
    assert (found.status, asked_as_told.status) == (PARTIAL, COMPLETE)
    assert found.names == asked_as_told.names
    assert found.reasons == (
        f"DNS query {APP} {denied}: nameserver {ns.spec}: NXDOMAIN: it answered {answered} for this name and says that"
        f" the name does not exist for {denied}: where all nodes have {answered} records, set config.types to"
        f" [{answered}]",
    )


def test_a_name_that_another_nameserver_has_is_said_to_be_its() -> None:
    """D4"""
    with (
        faulty_nameserver(faults.rcode("NXDOMAIN")) as none,
        faulty_nameserver(faults.by_type(A=faults.records(ONE), AAAA=faults.rcode("REFUSED"))) as one,
    ):
        found = read({"nameservers": [none.spec, one.spec]})
    assert found.status == PARTIAL
    assert f"NXDOMAIN: nameserver {one.spec} answered A for this name and this one says that" in found.reasons[0]


def test_an_empty_answer_beside_nxdomain_shows_no_way_to_an_empty_cluster() -> None:
    """D4"""
    with faulty_nameserver(faults.by_type(A=faults.records({}), AAAA=faults.rcode("NXDOMAIN"))) as ns:
        found = read(ns.config)
    assert found.status == FAILED
    assert "types" not in found.reasons[0]


@pytest.mark.parametrize(
    "fault", [faults.silence, faults.garbage, faults.rcode("REFUSED"), faults.records({}, flags=0)]
)
def test_where_nobody_says_whether_a_service_is_headless_its_one_address_is_a_node(fault: Fault) -> None:
    by_type = faults.by_type(A=faults.records(ONE), AAAA=faults.records({}), PTR=fault)
    with faulty_nameserver(by_type) as ns:
        service = {"service": "app.prod.svc.cluster.local", "node_basename": "app"}
        config = {**service, "timeout": timeout_of(fault), **ns.config}
        found = discover(source_of({"topology": "chat", "strategy": "kubernetes_dns", "config": config}))
    assert (found.status, found.names) == (COMPLETE, {"app@127.0.8.1"})
    assert ("udp", "1.8.0.127.in-addr.arpa.", "PTR") in ns.queries
