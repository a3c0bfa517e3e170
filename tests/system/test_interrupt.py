# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that somebody ends while it waits: it ends soon, changes nothing, says so, and leaves no process behind."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.harness.ansible.background import SOON, run
from tests.harness.ansible.command import Ansible
from tests.harness.dns.faults import faulty_nameserver, silence
from tests.harness.erlang.beam import COOKIE, Beam, beams, is_whole, join
from tests.harness.erlang.clusters import heal, lost
from tests.harness.sources.gossip import LOOPBACK, flood, free_udp_port, is_open
from tests.harness.waiting import wait_until

LONG = 60
"""Seconds that the run would take, or more."""

both_ways = pytest.mark.parametrize(
    "packed",
    [pytest.param(False, id="in process"), pytest.param(True, id="as a module", marks=pytest.mark.long)],
)


def topology(nodes: list[Beam], **policy: Any) -> dict[str, Any]:
    return {
        "topology": "chat",
        "strategy": "static",
        "config": {"nodes": [node.name for node in nodes]},
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
        "policy": {"scope": ["app@*"], "confirmation_interval": LONG, **policy},
    }


@both_ways
@pytest.mark.parametrize(
    ("whom", "number"),
    [
        pytest.param("worker", signal.SIGTERM, id="worker"),
        pytest.param("playbook", signal.SIGTERM, id="playbook"),
        pytest.param("playbook", signal.SIGINT, id="Ctrl-C"),
    ],
)
def test_a_run_that_waits_for_a_confirmation(ansible: Ansible, whom: str, number: signal.Signals, packed: bool) -> None:
    with beams(3) as nodes:
        join(nodes)
        *staying, stray = nodes
        with run(ansible, topology(staying), packed) as running:
            # It asks the stray last, and after that it waits.
            wait_until(lambda: stray.names("nodes(hidden)") != frozenset(), 60, "the run to ask the stray")
            worker = running.worker
            os.kill(worker if whom == "worker" else running.process.pid, number)
            output = running.ends()
            assert running.process.returncode != 0
            if whom == "worker":
                assert "topology 'chat': interrupted" in running.result["msg"]
                assert (running.result["changed"], running.result["pruned"]) == (False, [])
        assert "Traceback" not in output
        assert is_whole(nodes)
        assert lost(nodes) == {}
        wait_until(lambda: stray.names("nodes(hidden)") == frozenset(), SOON, "the connection to be closed")
        again = heal(staying)
        assert (again["changed"], again["converged"]) == (True, True)


@both_ways
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_a_loop_does_not_outlive_the_terminal_that_it_was_started_in(
    ansible: Ansible, number: signal.Signals, packed: bool
) -> None:
    with beams(2) as nodes:
        with run(ansible, {**topology(nodes), "duration": LONG}, packed) as running:
            wait_until(lambda: is_whole(nodes), 60, "the loop to heal")
            assert running.worker
            running.process.send_signal(number)
            running.ends()
        assert is_whole(nodes)
        wait_until(lambda: nodes[0].names("nodes(hidden)") == frozenset(), SOON, "the connection to be closed")


@both_ways
def test_a_run_whose_source_does_not_answer_is_ended_without_waiting_for_it(ansible: Ansible, packed: bool) -> None:
    with beams(1) as nodes, faulty_nameserver(silence) as server:
        config = {**server.config, "query": "app.example.test", "node_basename": "app", "timeout": LONG}
        with run(ansible, {**topology(nodes), "strategy": "dns", "config": config}, packed) as running:
            wait_until(lambda: bool(server.queries), 60, "the run to ask the nameserver")
            os.kill(running.worker, signal.SIGINT)
            running.ends()
            assert "topology 'chat': interrupted" in running.result["msg"]
            assert running.result["changed"] is False


@both_ways
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_run_that_listens_under_a_flood_is_ended_without_waiting_for_it(
    ansible: Ansible, number: signal.Signals, packed: bool
) -> None:
    port = free_udp_port()
    config = {"port": port, "multicast_if": LOOPBACK, "listen": LONG}
    options = {"topology": "chat", "strategy": "gossip", "config": config, "driver_config": {"cookie": COOKIE}}
    with flood(port), run(ansible, options, packed) as running:
        wait_until(lambda: is_open(port), 60, "the run to listen")
        os.kill(running.worker, number)
        running.ends()
        assert "topology 'chat': interrupted" in running.result["msg"]
        assert running.result["changed"] is False
