# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that somebody ends while it waits: it ends soon, changes nothing, says so, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.harness.ansible.background import SOON, run
from tests.harness.ansible.command import Ansible
from tests.harness.dns.faults import faulty_nameserver, silence
from tests.harness.erlang.beam import COOKIE, Beam, beams, is_whole, join
from tests.harness.erlang.clusters import heal, lost
from tests.harness.exec.files import Files, shell
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


@both_ways
@pytest.mark.parametrize("signals", [1, 2], ids=["once", "twice"])
def test_a_prune_that_has_begun_is_finished_and_nobody_joins_after_it(
    ansible: Ansible, signals: int, packed: bool
) -> None:
    """A node that is kept out is watched for ten seconds, in which the run is interrupted."""
    with beams(4) as nodes:
        *members, newcomer = nodes
        join(members)
        *staying, stray = members
        options = topology([*staying, newcomer], fence=True, confirmation_interval=0, max_prune="50%")
        with run(ansible, options, packed) as running:
            wait_until(lambda: not stray.peers(), 60, "the stray to leave")
            for _signal in range(signals):
                os.kill(running.worker, signal.SIGTERM)
                time.sleep(1)  # one signal that comes twice at once is one
            if signals == 1:
                running.process.wait(60)
            running.ends()
            assert "topology 'chat': interrupted" in running.result["msg"]
            done = [link["node"] for link in running.result["pruned"]]
            assert done == ([stray.name] if signals == 1 else []), "what was seen to the end"
            left = [(event["event"], event["node"]) for event in running.result["events"]]
            assert left == [("left", name) for name in done]
            assert running.result["connected"] == []
        assert not newcomer.peers(), "a stage that had not begun"
        assert lost(staying, but=[stray]) == {}
        assert heal([*staying, newcomer], policy={"fence": True})["converged"]


@both_ways
def test_the_command_that_runs_is_verified_and_no_other_one_starts(
    ansible: Ansible, tmp_path: Path, packed: bool
) -> None:
    files = Files(tmp_path, 4)
    started, go = tmp_path / "started", tmp_path / "go"
    connect = f'echo "$1" >>{started}; while ! [ -e {go} ]; do sleep 0.05; done; touch "$1" "$2"'
    both_ends = [f"{tmp_path}/{{observer}}/{{node}}", f"{tmp_path}/{{node}}/{{observer}}"]
    options = files.topology(connect=shell(connect, *both_ends), driver_config={"parallel": 1})
    with run(ansible, options, packed) as running:
        wait_until(started.exists, 60, "the first command to start")
        os.kill(running.worker, signal.SIGTERM)
        time.sleep(1)  # for the run to take notice: it must not end by itself now
        assert running.process.poll() is None
        go.touch()
        running.ends()
        (link,) = running.result["connected"]
        assert files.peers(link["observer"]) == {link["node"]}
        assert started.read_text().splitlines() == [f"{tmp_path}/{link['observer']}/{link['node']}"]
    assert files.heal()["converged"]
