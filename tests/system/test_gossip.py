# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``gossip`` on one machine: real nodes whose heartbeats are multicast on loopback."""

from __future__ import annotations

import errno
import json
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.gossip.listener import (
    Channel,
    dropped,
    open_socket,
)

from tests.harness.ansible.command import Ansible
from tests.harness.clock import within
from tests.harness.erlang.beam import Beam, beams
from tests.harness.sources.gossip import (
    GROUP,
    LATIN_1_ATOMS,
    LOOPBACK,
    UTF_8_ATOMS,
    all_send,
    flood,
    free_udp_port,
    heartbeats,
    listing,
)

SECRET = "a-secret-of-the-tests"
SHORTLY = 0.5


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Beam]]:
    with beams(3) as nodes:
        yield nodes


@pytest.fixture
def port() -> int:
    return free_udp_port()


def hear(port: int, **config: Any) -> dict[str, Any]:
    config = {"multicast_if": LOOPBACK, "listen": SHORTLY, "port": port, **config}
    return listing({"topology": "chat", "strategy": "gossip", "config": config})


def failure(port: int, **config: Any) -> str:
    found = hear(port, **config)
    assert (found["status"], found["nodes"]) == ("failed", {})
    (reason,) = found["reasons"]
    return reason


def test_the_heartbeats_of_old_and_new_nodes(nodes: list[Beam], port: int) -> None:
    with (
        heartbeats(nodes[0], port),
        heartbeats(nodes[1], port, atoms=LATIN_1_ATOMS),
        heartbeats(nodes[2], port, atoms=UTF_8_ATOMS),
    ):
        found = hear(port)
    assert found["nodes"] == {node.name: node.address for node in nodes}
    assert set(map(tuple, found["heard_from"].values())) == {(LOOPBACK,)}
    assert (found["status"], found["reasons"], found["authoritative"]) == ("complete", [], False)


def test_the_same_with_a_secret(nodes: list[Beam], port: int) -> None:
    with (
        heartbeats(nodes[0], port, secret=SECRET),
        heartbeats(nodes[1], port, secret=SECRET, atoms=LATIN_1_ATOMS),
        heartbeats(nodes[2], port, secret=SECRET, atoms=UTF_8_ATOMS),
    ):
        found = hear(port, secret=SECRET)
        assert found["nodes"] == {node.name: node.address for node in nodes}
        assert (found["status"], found["reasons"]) == ("complete", [])

        reason = failure(port, secret="another secret")
        assert f"no node was heard in 0.5 s on multicast group {GROUP}, port {port}, interface 127.0.0.1: " in reason
        assert "packets from 127.0.0.1: not decrypted; check config.secret" in reason
        assert "another secret" not in reason
        assert "packets from 127.0.0.1: encrypted as it seems, and config.secret is not set" in failure(port)


def test_plain_heartbeats_are_not_believed_while_a_secret_is_set(nodes: list[Beam], port: int) -> None:
    with heartbeats(nodes[0], port):
        assert "127.0.0.1: plain heartbeats, not believed while config.secret is set" in failure(port, secret=SECRET)
        with heartbeats(nodes[1], port, secret=SECRET), heartbeats(nodes[2], port, secret="another secret"):
            found = hear(port, secret=SECRET)
    assert found["status"] == "partial"
    assert list(found["nodes"]) == [nodes[1].name]
    assert [reason.partition(": ")[2].split(";")[0] for reason in found["reasons"]] == [
        "not decrypted",
        "plain heartbeats, not believed while config.secret is set",
    ]


def test_an_erlang_without_a_name_is_no_node(nodes: list[Beam], port: int) -> None:
    with heartbeats(nodes[0], port, name="nonode@nohost"):
        assert "from an Erlang without a node name" in failure(port)


def test_silence(port: int) -> None:
    start = time.monotonic()
    with within(0.3, work=2):
        reason = failure(port, listen=0.3)
    assert time.monotonic() - start >= 0.3
    assert f"no node was heard in 0.3 s on multicast group {GROUP}, port {port}" in reason
    assert "no packet came at all; check config.port, config.multicast_addr and config.multicast_if" in reason


@pytest.mark.parametrize("secret", [None, SECRET], ids=["plain", "encrypted"])
def test_a_flood_of_hostile_packets(nodes: list[Beam], port: int, secret: str | None) -> None:
    with all_send(nodes, port, secret=secret), flood(port):
        start = time.monotonic()
        with within(3, work=4):
            found = hear(port, secret=secret, listen=3)
        assert time.monotonic() - start >= 3
    assert set(found["nodes"]) == {node.name for node in nodes}
    assert (found["status"], found["authoritative"]) == ("partial", False)
    assert any("one sender sent more than 1000 in a second" in reason for reason in found["reasons"])


def test_a_flood_of_heartbeats_of_one_node(nodes: list[Beam], port: int) -> None:
    """Nothing in it is unreadable, but what it crowded out is missing."""
    with heartbeats(nodes[0], port), flood(port, valid=True):
        found = hear(port, listen=1.5)
    assert found["status"] == "partial"
    assert set(found["nodes"]) == {nodes[0].name, "fake@host"}


def test_what_is_lost_because_it_came_too_fast_is_known(port: int) -> None:
    with open_socket(Channel(GROUP, port, True, LOOPBACK)) as sock, sender() as source:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        assert dropped(sock) == 0
        for _number in range(100):
            source.sendto(bytes(500), (GROUP, port))
        read = 0
        while True:
            try:
                sock.recv(1000)
            except BlockingIOError:
                break
            read += 1
        assert (read > 0, read + dropped(sock)) == (True, 100)


def sender() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
    return sock


def test_a_node_on_this_machine_keeps_what_is_sent_to_it_alone(nodes: list[Beam], port: int) -> None:
    """The listener has the same port as the node, and is the last that opened it."""
    nodes[0].eval(
        f"{{ok, Socket}} = gen_udp:open({port}, [binary, {{reuseaddr, true}}, {{active, false}}]), put(socket, Socket)"
    )
    with open_socket(Channel(GROUP, port, True, LOOPBACK)) as sock, sender() as source:
        source.sendto(b"to the node", (LOOPBACK, port))
        source.sendto(b"to all", (GROUP, port))
        assert sock.recv(100) == b"to all"
        with pytest.raises(BlockingIOError):
            sock.recv(100)
    received = nodes[0].eval(
        "{ok, {_, _, Data}} = gen_udp:recv(get(socket), 0, 5000), gen_udp:close(get(socket)), {text, Data}"
    )
    assert received == "to the node"


def test_a_port_that_another_program_keeps_for_itself(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", port))
        reason = failure(port)
    assert reason.startswith(f"config.port: cannot listen on multicast group {GROUP}, port {port}, ")
    assert "another program has the port and doesn't share it" in reason


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (
            {"multicast_if": "192.0.2.99"},
            "config.multicast_if: '192.0.2.99' is not the address of an interface of this",
        ),
        (
            {"multicast_if": None, "if_addr": "192.0.2.99"},
            "config.if_addr: '192.0.2.99' is not the address of an interface of this machine",
        ),
        (
            {"multicast_if": None, "broadcast_only": True, "multicast_addr": "198.51.100.255"},
            "config.multicast_addr: '198.51.100.255' is not the broadcast address of any network that this",
        ),
        (
            {"multicast_if": None, "broadcast_only": True, "multicast_addr": "127.0.0.1"},
            "config.multicast_addr: '127.0.0.1' is not the broadcast address of any network",
        ),
    ],
)
def test_an_address_that_is_not_here(port: int, config: dict[str, Any], text: str) -> None:
    assert hear(port, **config)["error"].startswith(text)


def test_broadcasts(nodes: list[Beam], port: int) -> None:
    address = "127.255.255.255"
    with all_send(nodes, port, address=address, broadcast=True, secret=SECRET):
        found = hear(port, multicast_if=None, broadcast_only=True, multicast_addr=address, secret=SECRET)
    assert (found["status"], set(found["nodes"])) == ("complete", {node.name for node in nodes})
    assert f"on broadcast address {address}, port {port}: " in failure(
        port, multicast_if=None, broadcast_only=True, multicast_addr=address
    )


def test_a_network_that_breaks_down_while_listening(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise OSError(errno.ENETDOWN, "Network is down")

    monkeypatch.setattr("socket.socket.recvfrom", broken)
    assert failure(port).endswith("interface 127.0.0.1 broke off: Network is down")


def test_without_cryptography_a_secret_is_a_clear_error(
    nodes: list[Beam], port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cryptography", "cryptography.hazmat.primitives.ciphers", "cryptography.hazmat.primitives.padding"):
        monkeypatch.setitem(sys.modules, name, None)
    assert hear(port, secret=SECRET)["error"] == "the Python library cryptography is missing"
    with heartbeats(nodes[0], port):
        assert hear(port)["status"] == "complete"


def test_the_module_and_the_inventory(nodes: list[Beam], port: int, ansible: Ansible) -> None:
    config = {"port": port, "multicast_if": LOOPBACK, "multicast_ttl": 1, "listen": SHORTLY, "secret": SECRET}
    file = ansible.home / "app.cluster.yml"
    file.write_text(
        json.dumps(
            {
                "plugin": "selfheal.cluster.nodes",
                "topologies": {"chat": {"strategy": "gossip", "config": config}},
            }
        )
    )
    with all_send(nodes, port, secret=SECRET):
        result = ansible.module("selfheal.cluster.nodes_info", strategy="gossip", config=config)
        hosts = ansible.inventory(Path(file))["_meta"]["hostvars"]
    assert result["status"] == "complete"
    assert [(node["name"], node["address"], node["attributes"]) for node in result["nodes"]] == [
        (node.name, node.address, {"heard_from": [LOOPBACK]}) for node in nodes
    ]
    assert {f"chat.{node.name}" for node in nodes} < set(hosts)
