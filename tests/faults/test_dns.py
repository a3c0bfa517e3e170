# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The source is DNS."""

from __future__ import annotations

import re
from collections.abc import Iterator

import dns.message
import pytest

from tests.faults.scene import ROUNDS, Row, Scene, scene
from tests.harness.dns.faults import (
    Fault,
    FaultyNameserver,
    by_transport,
    faulty_nameserver,
    garbage,
    rcode,
    records,
    silence,
    truncated,
    wrong_id,
)
from tests.harness.dns.nameserver import Nameserver, nameserver
from tests.harness.erlang.beam import BASENAME

QUERY = "app.example.test"


class DnsScene:
    """``zone`` has the records of all nodes; the runs ask it alone, unless told otherwise."""

    def __init__(self, scene_: Scene, zone: Nameserver) -> None:
        self.scene = scene_
        self.zone = zone
        self.heal()

    def heal(self) -> None:
        self.set_nodes(len(self.scene.nodes))
        self.ask(self.zone.spec)

    def set_nodes(self, count: int) -> None:
        self.zone.set_addresses(QUERY, [node.address for node in self.scene.nodes[:count]])

    def ask(self, *nameservers: str) -> None:
        self.scene.topology["config"] = {
            "query": QUERY,
            "node_basename": BASENAME,
            "types": ["A"],
            "nameservers": list(nameservers),
            "timeout": 3,
        }


@pytest.fixture(scope="module")
def mesh(rows: list[Row]) -> Iterator[DnsScene]:
    with scene(rows, "DNS", "dns") as scene_, nameserver() as zone:
        # The zone lists everybody: what stands against its faults is the rest of the policy.
        scene_.topology["policy"]["absent_for"] = 0
        yield DnsScene(scene_, zone)


@pytest.fixture
def five(mesh: DnsScene) -> Iterator[DnsScene]:
    mesh.heal()
    mesh.scene.heals()
    yield mesh
    mesh.heal()
    mesh.scene.heals()


def failed(five: DnsScene, said: str) -> None:
    """Each run failed, and for this reason."""
    assert {result["status"] for result in five.scene.results} == {"failed"}
    for result in five.scene.results:
        assert any(re.search(said, reason) for reason in result["reasons"]), result["reasons"]


def was_asked(nameserver_: FaultyNameserver, *transports: str) -> None:
    """In each run, over all of these."""
    for transport in transports:
        asked = [name for over, name, _rdtype in nameserver_.queries if over == transport]
        assert asked.count(f"{QUERY}.") >= ROUNDS, nameserver_.queries


def test_nxdomain(five: DnsScene) -> None:
    with five.scene.fault("NXDOMAIN"):
        five.zone.remove(QUERY)
    failed(five, "NXDOMAIN")


def test_nxdomain_for_one_round(five: DnsScene) -> None:
    with five.scene.fault("NXDOMAIN in one round of several", rounds=2):
        five.zone.remove(QUERY)
        failed_run = five.scene.run()
        five.set_nodes(5)
    assert "NXDOMAIN" in failed_run["reasons"][0]
    assert [result["status"] for result in five.scene.results] == ["failed", "complete", "complete"]


def test_an_empty_answer(five: DnsScene) -> None:
    with five.scene.fault("empty NOERROR"):
        five.zone.replace(QUERY, TXT=['"nothing"'])
    # D7: an empty list is no whole cluster.
    assert all(result["converged"] is False and result["reasons"] for result in five.scene.results)


def test_a_server_that_is_down(five: DnsScene) -> None:
    with five.scene.fault("nameserver stopped"):
        five.zone.stop()
    five.zone.start()
    failed(five, "Connection refused")


def answers_half(query: dns.message.Message, transport: str) -> bytes:
    wire = records({"A": ["127.0.8.1", "127.0.8.2"]})(query, transport).to_wire()
    return wire[: len(wire) - 10]


FAULTS: dict[str, tuple[Fault, list[str], str]] = {
    "SERVFAIL": (rcode("SERVFAIL"), ["udp"], "SERVFAIL"),
    "REFUSED": (rcode("REFUSED"), ["udp"], "REFUSED"),
    "time-out": (silence, ["udp"], "no answer in"),
    "garbage": (garbage, ["udp"], "no DNS message"),
    "an answer to another question (wrong ID)": (wrong_id, ["udp"], "a message that does not answer"),
    "an answer that is cut off": (answers_half, ["udp"], "no DNS message"),
    "truncated, and silence over TCP": (
        by_transport(udp=truncated, tcp=silence),
        ["udp", "tcp"],
        "truncated, and TCP: no answer",
    ),
    "truncated, and REFUSED over TCP": (by_transport(udp=truncated, tcp=rcode("REFUSED")), ["udp", "tcp"], "REFUSED"),
}
"""What is answered, over what it is asked, and what is said of it."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_server_that_fails(five: DnsScene, name: str) -> None:
    fault, transports, said = FAULTS[name]
    with faulty_nameserver(fault) as broken, five.scene.fault(name):
        five.ask(broken.spec)
    failed(five, said)
    was_asked(broken, *transports)


def test_truncated_and_no_tcp_at_all(five: DnsScene) -> None:
    with faulty_nameserver(truncated, tcp=False) as broken, five.scene.fault("truncated, and TCP refused"):
        five.ask(broken.spec)
    failed(five, "truncated, and TCP: Connection refused")
    was_asked(broken, "udp")


@pytest.mark.parametrize("gone", [2, 3])
def test_more_records_gone_than_may_go(five: DnsScene, gone: int) -> None:
    with five.scene.fault(f"{gone} of 5 records gone (above max_prune)"):
        five.set_nodes(5 - gone)
    assert all(not result["pruned"] for result in five.scene.results)
    assert all(len(result["desired"]) == 5 - gone for result in five.scene.results)
    assert {refused["reason"] for refused in five.scene.results[-1]["refused"]} == {"max_prune"}


def test_one_of_five_records_gone(five: DnsScene) -> None:
    gone = five.scene.nodes[-1]
    with five.scene.fault("1 of 5 records gone (pruned, as it should be)", broken=[gone]):
        five.set_nodes(4)
    assert not gone.peers()


def test_an_alias_to_the_same_records(five: DnsScene) -> None:
    with five.scene.fault("CNAME to the same records"):
        five.zone.set_addresses("real.example.test", [node.address for node in five.scene.nodes])
        five.zone.replace(QUERY, CNAME=["real.example.test."])
    assert all(result["converged"] and len(result["desired"]) == 5 for result in five.scene.results)
    assert five.zone.types(QUERY) == {"CNAME"}


@pytest.mark.parametrize("says", ["NXDOMAIN", "4 of the 5 records"])
def test_one_nameserver_of_two_is_wrong(five: DnsScene, says: str) -> None:
    fault = rcode("NXDOMAIN") if says == "NXDOMAIN" else records({"A": [n.address for n in five.scene.nodes[:4]]})
    with faulty_nameserver(fault) as wrong, five.scene.fault(f"one nameserver of two says: {says}"):
        five.ask(wrong.spec, five.zone.spec)
    assert all(not result["pruned"] for result in five.scene.results)
    was_asked(wrong, "udp")
