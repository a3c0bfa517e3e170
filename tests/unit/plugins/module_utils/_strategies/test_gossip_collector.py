# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator, Sized

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, PARTIAL, Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.gossip.collector import (
    MAX_NAMES,
    MAX_NAMES_OF_ONE,
    MAX_PACKETS_A_SECOND,
    MAX_SENDERS,
    HeartbeatCollector,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.gossip.packet import UnreadableError

PORT = 45892


def node_of(packet: bytes) -> str:
    if b"@" in packet:
        return packet.decode()
    raise UnreadableError(packet.decode())


@pytest.fixture
def collector() -> HeartbeatCollector:
    return HeartbeatCollector(node_of)


def result(collector: HeartbeatCollector, dropped: int = 0) -> Discovery:
    return collector.discovery("a channel", 6.0, dropped)


def test_everybody_who_was_heard_is_a_node_once(collector: HeartbeatCollector) -> None:
    for now, (packet, sender) in enumerate([(b"app@b", "10.0.0.2"), (b"app@a", "10.0.0.1"), (b"app@b", "10.0.0.2")]):
        collector.collect(packet, sender, PORT, now)
    found = result(collector)
    assert (found.status, found.authoritative) == (COMPLETE, False)
    assert found.nodes == (
        Node("app@a", "a", attributes={"heard_from": ["10.0.0.1"]}),
        Node("app@b", "b", attributes={"heard_from": ["10.0.0.2"]}),
    )


def test_a_name_that_is_heard_from_several_addresses_may_be_several_nodes(collector: HeartbeatCollector) -> None:
    """D2: such as app@127.0.0.1 on each of them."""
    for number in (3, 1, 2, 4):
        collector.collect(b"app@127.0.0.1", f"10.0.0.{number}", PORT, 0)
    collector.collect(b"app@b", "10.0.0.9", PORT, 0)
    found = result(collector)
    assert (found.status, found.names) == (PARTIAL, {"app@127.0.0.1", "app@b"})
    assert found.reasons == (
        "'app@127.0.0.1' was heard from 4 addresses (10.0.0.1, 10.0.0.2, 10.0.0.3, …): several nodes with one name,"
        " unless its host has all of them",
    )


def test_silence_is_a_failure_that_says_where_and_how_long(collector: HeartbeatCollector) -> None:
    with pytest.raises(DiscoveryError) as error:
        result(collector)
    text = str(error.value)
    assert text.startswith("no node was heard in 6 s on a channel: no packet came at all; check config.port, ")


def test_packets_that_name_nobody_are_a_failure_that_counts_them(collector: HeartbeatCollector) -> None:
    for number in range(5):
        collector.collect(b"undecipherable", f"10.0.0.{number}", PORT, 0)
        collector.collect(b"alien", "10.0.0.1", PORT, 0)
    collector.collect(b"noise", "10.0.0.1", PORT, 0)
    with pytest.raises(DiscoveryError) as error:
        result(collector, dropped=7)
    assert str(error.value) == (
        "no node was heard in 6 s on a channel: 5 packets from 10.0.0.1: alien; 1 packet from 10.0.0.1: noise;"
        " 5 packets from 5 senders (10.0.0.0, 10.0.0.1, 10.0.0.2, …): undecipherable;"
        " 7 packets came faster than they could be read and were lost"
    )


@pytest.mark.parametrize(("packet", "dropped"), [(b"noise", 0), (b"app@b", 1)])
def test_doubts_make_it_partial(collector: HeartbeatCollector, packet: bytes, dropped: int) -> None:
    collector.collect(b"app@a", "10.0.0.1", PORT, 0)
    collector.collect(packet, "10.0.0.2", PORT, 0)
    found = result(collector, dropped)
    assert (found.status, found.authoritative, len(found.reasons)) == (PARTIAL, False, 1)
    assert "app@a" in found.names


def test_one_sender_is_read_so_often_in_a_second_and_no_more(collector: HeartbeatCollector) -> None:
    for number in range(MAX_PACKETS_A_SECOND + 5):
        collector.collect(b"app@a", "10.0.0.9", PORT, 3.0 + number / 10_000)
    collector.collect(b"app@late", "10.0.0.9", PORT, 3.9)
    collector.collect(b"app@beside", "10.0.0.9", 4000, 3.9)
    collector.collect(b"app@b", "10.0.0.2", PORT, 3.9)
    collector.collect(b"app@c", "10.0.0.9", PORT, 4.0)
    found = result(collector)
    assert found.names == {"app@a", "app@beside", "app@b", "app@c"}
    assert found.status == PARTIAL
    (reason,) = found.reasons
    assert reason.startswith("6 packets from 10.0.0.9: not read, since one sender sent more than 1000")


def test_one_sender_gives_so_many_names_and_no_more(collector: HeartbeatCollector) -> None:
    for number in range(MAX_NAMES_OF_ONE + 3):
        collector.collect(f"fake@{number}".encode(), "10.0.0.9", PORT, number)
    collector.collect(b"fake@0", "10.0.0.9", PORT, 0)
    collector.collect(b"app@a", "10.0.0.1", PORT, 0)
    found = result(collector)
    assert len(found.nodes) == MAX_NAMES_OF_ONE + 1
    assert "app@a" in found.names
    assert found.reasons == ("3 packets from 10.0.0.9: left out, since one sender sent more than 256 names",)


def test_all_senders_together_are_limited_too(collector: HeartbeatCollector) -> None:
    """Whoever sends names by the thousand under addresses by the thousand makes this neither grow nor fail."""
    for number in range(3 * MAX_SENDERS):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        collector.collect(f"fake@{number}".encode(), address, PORT, 0)
        collector.collect(b"noise", address, PORT, 0)
    collector.collect(b"fake@1", "10.255.0.1", PORT, 0)
    found = result(collector)
    assert (found.status, len(found.nodes)) == (PARTIAL, MAX_NAMES)
    assert any("at least 4096 senders (10.0.0.0, " in reason for reason in found.reasons)
    remembered = list(sizes(collector))
    assert len(remembered) > 2
    assert max(remembered) <= max(MAX_NAMES, MAX_SENDERS)


def sizes(thing: object) -> Iterator[int]:
    """Of all collections in an object, and in the objects in them."""
    for value in vars(thing).values():
        if isinstance(value, Sized):
            yield len(value)
        for inner in value.values() if isinstance(value, dict) else ():
            if hasattr(inner, "__dict__"):
                yield from sizes(inner)


def test_a_name_that_everybody_claims_remembers_few_of_them(collector: HeartbeatCollector) -> None:
    for number in range(100):
        collector.collect(b"app@a", f"10.0.0.{number}", PORT, 0)
    assert len(result(collector).nodes[0].attributes["heard_from"]) == 8
