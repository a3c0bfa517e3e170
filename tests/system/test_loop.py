# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A loop over real nodes: it heals what breaks on the way, and tells each event when it happens."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.ansible.background import MEMBERSHIP, events_in, run
from tests.harness.ansible.command import Ansible
from tests.harness.dns.nameserver import Nameserver, nameserver
from tests.harness.erlang.beam import BASENAME, COOKIE, Beam, beams, is_whole, join
from tests.harness.erlang.clusters import lost
from tests.harness.kubernetes.double import kube_api
from tests.harness.waiting import wait_until

LONG = 300
"""Seconds that no test waits for."""
QUERY = "app.example.test"


def by_dns(server: Nameserver, nodes: list[Beam], **options: Any) -> dict[str, Any]:
    return {
        "topology": "chat",
        "strategy": "dns",
        "config": {**server.config, "query": QUERY, "node_basename": BASENAME, "types": ["A"]},
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
        "policy": {"confirmation_interval": 0.1, "absent_for": 0},
        "duration": LONG,
        "interval": 0.5,
        **options,
    }


def by_list(nodes: list[Beam], **options: Any) -> dict[str, Any]:
    return {
        "topology": "chat",
        "strategy": "static",
        "config": {"nodes": [node.name for node in nodes]},
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
        **options,
    }


class Events:
    """Those in a file, each expected once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._expected: list[tuple[str, str | None]] = []

    @property
    def all(self) -> list[tuple[str, str | None]]:
        return [(event["event"], event["node"]) for event in events_in(self._file)]

    def follow(self, *events: tuple[str, str | None]) -> None:
        """The next ones are these, in any order."""
        known = len(self._expected)
        self._expected += sorted(events, key=str)
        wait_until(lambda: len(self.all) >= len(self._expected), 60, f"{events} after {self.all}")
        assert [*self.all[:known], *sorted(self.all[known:], key=str)] == self._expected


@pytest.fixture
def events(tmp_path: Path) -> Iterator[Events]:
    return Events(tmp_path / "events")


def test_it_heals_what_breaks_on_the_way_over_the_same_connections(
    ansible: Ansible, tmp_path: Path, events: Events
) -> None:
    with beams(5) as nodes, nameserver({QUERY: [node.address for node in nodes[:4]]}) as server:
        *staying, gone, newcomer = nodes
        with run(ansible, by_dns(server, nodes, events_file=str(tmp_path / "events"))) as running:
            events.follow(*(("joined", node.name) for node in nodes[1:4]))
            ours = staying[0].names("nodes(hidden)")
            server.set_addresses(QUERY, [node.address for node in nodes])
            events.follow(("joined", newcomer.name))
            server.set_addresses(QUERY, [node.address for node in (*staying, newcomer)])
            events.follow(("left", gone.name))
            server.remove(QUERY)
            events.follow(("round_failed", None))
            assert is_whole([*staying, newcomer])
            server.set_addresses(QUERY, [node.address for node in nodes])
            events.follow(("joined", gone.name), ("recovered", None))
            assert is_whole(nodes)
            assert lost([*staying, newcomer], but=[gone]) == {}
            assert staying[0].names("nodes(hidden)") == ours
            told = f"round_failed: discovery failed, so nothing was changed: DNS query {QUERY} A"
            assert running.shows(told), running.output
            assert running.process.poll() is None
            os.kill(running.worker, signal.SIGTERM)
            output = running.ends()
            result = running.result
        assert is_whole(nodes)
    assert "topology 'chat': interrupted" in result["msg"]
    assert [(event["event"], event["node"]) for event in result["events"]] == events.all
    assert (result["changed"], result["converged"], result["status"]) == (True, True, "complete"), json.dumps(result)
    assert COOKIE not in output


def test_a_file_that_is_gone_for_a_moment_ends_nothing(ansible: Ansible, tmp_path: Path, events: Events) -> None:
    with kube_api() as api, beams(2) as nodes:
        api.add_slice("chat-1", [api.endpoint(node.address) for node in nodes])
        certificates, elsewhere = tmp_path / "ca.crt", tmp_path / "elsewhere"
        shutil.copy(api.ca_cert, certificates)
        options = by_list(nodes, interval=0.5, duration=LONG, events_file=str(tmp_path / "events"))
        config = {"namespace": api.namespace, "node_basename": BASENAME, **api.auth, "ca_cert": str(certificates)}
        with run(ansible, {**options, "strategy": "kubernetes", "config": config}) as running:
            events.follow(("joined", nodes[1].name))
            certificates.rename(elsewhere)
            told = "round_failed: config.ca_cert: "
            wait_until(lambda: running.shows(told), 60, f"{told!r} in {running.output}")
            elsewhere.rename(certificates)
            wait_until(lambda: events.all[-1] == ("recovered", None), 60, f"the end of it after {events.all}")
            # Who was about to read it when it went away says so in other words
            assert set(events.all[1:-1]) == {("round_failed", None)}
            assert is_whole(nodes)


def test_members_that_come_and_go_leave_nothing_behind(ansible: Ansible, tmp_path: Path, events: Events) -> None:
    with beams(3) as nodes, nameserver({QUERY: [node.address for node in nodes]}) as server:
        options = by_dns(server, nodes, events_file=str(tmp_path / "events"))
        with run(ansible, options) as running:
            *staying, other = nodes
            events.follow(*(("joined", node.name) for node in nodes[1:]))
            # A query of the nameserver may be among them: three that were left behind would still show
            before = sockets_of(running.worker)
            for _time in range(3):
                server.set_addresses(QUERY, [node.address for node in staying])
                events.follow(("left", other.name))
                wait_until(lambda: other.names("nodes(hidden)") == frozenset(), 30, "the line to who left to close")
                server.set_addresses(QUERY, [node.address for node in nodes])
                events.follow(("joined", other.name))
            wait_until(lambda: sockets_of(running.worker) <= before, 30, f"no more than {before} sockets")


def sockets_of(pid: int) -> int:
    links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
    return sum(1 for link in links if link.startswith("socket:"))


def test_it_ends_on_time_and_changes_nothing_that_is_whole(ansible: Ansible) -> None:
    with beams(3) as nodes:
        join(nodes)
        result = ansible.module(MEMBERSHIP, **by_list(nodes, duration=3, interval=0.5))
        assert (result["changed"], result["converged"]) == (False, True), json.dumps(result)
        assert 1 < result["rounds"] <= 6
        assert result["events"] == []

        nodes[2].kill()
        nodes[1].kill()
        nodes[0].kill()
        run_ = ansible.task(MEMBERSHIP, **by_list(nodes, duration=1, interval=0.3, driver_config={"cookie": COOKIE}))
        assert "none of the 3 desired nodes answered" in run_.output


def test_in_check_mode_it_looks_once(ansible: Ansible) -> None:
    with beams(2) as nodes:
        run_ = ansible.task(MEMBERSHIP, "--check", **by_list(nodes, duration=LONG))
        assert not nodes[0].peers()
        assert "joined" not in run_.ok().output


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"duration": -1}, "duration: -1.0 is not between 0 and 31622400 seconds"),
        ({"interval": "often"}, "interval: 'often' is neither 0.1 to 86400 seconds nor 'ttl'"),
        ({"interval": "0"}, "interval: '0' is neither 0.1 to 86400 seconds nor 'ttl'"),
        ({"interval": "ttl"}, "interval: 'ttl' is for records of DNS, and strategy 'static' has none: give seconds"),
        ({"watch": True}, "watch: strategy 'static' cannot be watched, only 'kubernetes' can: set watch to auto or"),
        ({"watch": "maybe"}, "watch: 'maybe' is none of 'auto', true and false"),
        ({"events_file": "/nowhere/at/all"}, "events_file: '/nowhere/at/all': No such file or directory"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_done(
    ansible: Ansible, options: dict[str, Any], problem: str
) -> None:
    options = {"strategy": "static", "config": {"nodes": ["app@127.0.0.1"]}, "duration": LONG, **options}
    run_ = ansible.task(MEMBERSHIP, topology="chat", **options)
    assert f"topology 'chat': {problem}" in run_.text
