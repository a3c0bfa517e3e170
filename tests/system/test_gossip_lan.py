# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``gossip`` among hosts on one network segment, and whole rounds from what is heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.harness.erlang.beam import COOKIE, Beam, is_whole
from tests.harness.erlang.clusters import lost
from tests.harness.sources.gossip import Host, Lan, all_send, flood, heartbeats, lan, members

SECRET = "a-secret-of-the-tests"
LISTEN = 1.0


@pytest.fixture(scope="module")
def net() -> Iterator[Lan]:
    """The controller's host, three hosts with a node, and somebody else's."""
    with lan(5) as net:
        yield net


@pytest.fixture(scope="module")
def controller(net: Lan) -> Host:
    return net.hosts[0]


@pytest.fixture(scope="module")
def nodes(net: Lan) -> Iterator[list[Beam]]:
    with members(net.hosts[1:4]) as nodes:
        yield nodes


def hear(host: Host, **config: Any) -> dict[str, Any]:
    return host.run("discover", {"config": {"listen": LISTEN, **config}})


def converge(host: Host, nodes: Sequence[Beam], policy: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    return host.run(
        "converge",
        {
            "config": {"listen": LISTEN, **config},
            "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
            "policy": {"scope": ["app@*"], "confirmation_interval": 0, **(policy or {})},
        },
    )


def test_with_libclusters_defaults_everybody_on_the_segment_is_heard(controller: Host, nodes: list[Beam]) -> None:
    with all_send(nodes, interface=None):
        found = hear(controller)
    assert (found["status"], found["authoritative"]) == ("complete", False)
    assert found["heard_from"] == {node.name: [node.address] for node in nodes}


def test_broadcasts(net: Lan, controller: Host, nodes: list[Beam]) -> None:
    for address in (net.broadcast, "255.255.255.255"):
        with all_send(nodes, address=address, broadcast=True):
            found = hear(controller, broadcast_only=True, multicast_addr=address)
        assert (found["status"], found["nodes"]) == ("complete", {node.name: node.address for node in nodes})


def test_what_is_sent_on_another_interface_is_not_heard(net: Lan, nodes: list[Beam]) -> None:
    """The node has joined the group on loopback, and runs where the listener does."""
    with heartbeats(nodes[0]):
        found = hear(net.hosts[1], multicast_if=nodes[0].address)
        assert "no packet came at all" in found["reasons"][0]
        assert list(hear(net.hosts[1], multicast_if="127.0.0.1")["nodes"]) == [nodes[0].name]


@pytest.mark.parametrize("secret", [None, SECRET], ids=["plain", "encrypted"])
def test_a_hostile_host_keeps_nobody_from_being_heard(
    net: Lan, controller: Host, nodes: list[Beam], secret: str | None
) -> None:
    config = {"secret": secret} if secret else {}
    with all_send(nodes, interface=None, secret=secret), flood(host=net.hosts[4]):
        found = hear(controller, **config)
    assert found["status"] == "partial"
    assert found["nodes"] == {node.name: node.address for node in nodes}
    assert all(net.hosts[4].address in reason for reason in found["reasons"] if " packets from " in reason)


def test_a_secret_that_does_not_fit_changes_nothing_and_says_so(controller: Host, nodes: list[Beam]) -> None:
    with all_send(nodes, interface=None, secret=SECRET):
        result = converge(controller, nodes, {"prune_unauthoritative": True, "allow_empty": True}, secret="another")
    assert (result["failed"], result["changed"]) == (True, False)
    assert "from 10.65.0.2, 10.65.0.3, 10.65.0.4: not decrypted; check config.secret" in result["msg"]
    assert not any(node.peers() for node in nodes)


def test_a_host_without_a_way_to_the_group(net: Lan) -> None:
    host = net.hosts[4]
    host.remove_route()
    try:
        assert hear(host)["error"].startswith(
            "config.multicast_if: the system has no route to 233.252.1.32: set this to the address of"
        )
        assert "no packet came at all" in hear(host, multicast_if=host.address)["reasons"][0]
    finally:
        host.add_route()


def test_nodes_that_gossip_are_connected_and_one_that_does_not_is_kept(net: Lan, controller: Host) -> None:
    with (
        members(net.hosts[1:4], port=9101) as nodes,
        all_send(nodes[:2], interface=None, secret=SECRET),
    ):
        *gossiping, quiet = nodes
        result = converge(controller, nodes, secret=SECRET)
        assert (result["changed"], result["converged"], result["status"]) == (True, True, "complete")
        assert is_whole(gossiping)
        assert not quiet.peers()

        gossiping[0].connect(quiet)
        result = converge(controller, nodes, secret=SECRET)
        assert (result["changed"], result["pruned"]) == (False, [])
        assert [(refused["node"], refused["reason"]) for refused in result["refused"]] == [
            (quiet.name, "unauthoritative")
        ]
        # A packet that could not be read may have been its own.
        with heartbeats(quiet, interface=None):
            result = converge(controller, nodes, {"prune_unauthoritative": True}, secret=SECRET)
        assert (result["status"], result["pruned"]) == ("partial", [])
        assert [refused["reason"] for refused in result["refused"]] == ["partial"]
        assert is_whole(nodes)
        assert lost(nodes) == {}

        result = converge(controller, nodes, {"prune_unauthoritative": True}, secret=SECRET)
        assert [pruned["node"] for pruned in result["pruned"]] == [quiet.name]
        assert is_whole(gossiping)
