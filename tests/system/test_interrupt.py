# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that somebody ends while it waits: it ends soon, changes nothing, says so, and leaves no process behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.harness.ansible import Ansible
from tests.harness.beam import COOKIE, Beam, beams, is_whole, join, wait_until
from tests.harness.clusters import heal, lost
from tests.harness.nameserver_faults import faulty_nameserver, silence

MEMBERSHIP = "selfheal.cluster.membership"
LONG = 60
"""Seconds that the run would take, or more."""
SOON = 8


class Run:
    """One ``ansible-playbook`` in the background."""

    def __init__(self, ansible: Ansible, options: dict[str, Any]) -> None:
        self._results = ansible.home / "results.jsonl"
        plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [{MEMBERSHIP: options}]}]
        playbook = ansible.home / "playbook.yml"
        playbook.write_text(json.dumps(plays))
        self.process = subprocess.Popen(
            [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook)],
            env={**ansible.environment, "RESULTS_FILE": str(self._results)},
            cwd=ansible.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.output = ""
        self._seen: set[int] = set()

    @property
    def module(self) -> int:
        """The process in which the module runs: the last one of the chain."""
        chain = self.descendants()
        parents = {_parent_of(pid) for pid in chain}
        (last,) = [pid for pid in chain if pid not in parents and b"AnsiballZ_membership" in _command_of(pid)]
        return last

    def descendants(self) -> list[int]:
        found = [self.process.pid]
        children: dict[int | None, list[int]] = {}
        for pid in _processes():
            children.setdefault(_parent_of(pid), []).append(pid)
        for pid in found:
            found.extend(children.get(pid, ()))
        self._seen.update(found)
        return found[1:]

    def ends(self) -> str:
        """Its output, once it and all that it started is gone."""
        output, _nothing = self.process.communicate(timeout=SOON)
        wait_until(lambda: not any(_is_alive(pid) for pid in self._seen), SOON, "the processes of the run to end")
        return output.decode()

    @property
    def result(self) -> dict[str, Any]:
        return dict(json.loads(self._results.read_text().splitlines()[-1])["result"])

    def kill(self) -> None:
        for pid in self._seen:
            if _is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@contextmanager
def run(ansible: Ansible, options: dict[str, Any]) -> Iterator[Run]:
    running = Run(ansible, options)
    try:
        yield running
    finally:
        running.kill()


def topology(nodes: list[Beam], **policy: Any) -> dict[str, Any]:
    return {
        "topology": "chat",
        "strategy": "static",
        "config": {"nodes": [node.name for node in nodes]},
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
        "policy": {"scope": ["app@*"], "confirmation_interval": LONG, **policy},
    }


@pytest.mark.parametrize(
    ("whom", "number"),
    [
        pytest.param("module", signal.SIGTERM, id="module"),
        pytest.param("playbook", signal.SIGTERM, id="playbook"),
        pytest.param("playbook", signal.SIGINT, id="Ctrl-C"),
    ],
)
def test_a_run_that_waits_for_a_confirmation(ansible: Ansible, whom: str, number: signal.Signals) -> None:
    with beams(3) as nodes:
        join(nodes)
        *staying, stray = nodes
        with run(ansible, topology(staying)) as running:
            # It asks the stray last, and after that it waits.
            wait_until(lambda: stray.names("nodes(hidden)") != frozenset(), 60, "the module to ask the stray")
            module = running.module
            os.kill(module if whom == "module" else running.process.pid, number)
            output = running.ends()
            assert running.process.returncode != 0
            if whom == "module":
                assert "topology 'chat': interrupted" in running.result["msg"]
                assert (running.result["changed"], running.result["pruned"]) == (False, [])
        assert "Traceback" not in output
        assert is_whole(nodes)
        assert lost(nodes) == {}
        wait_until(lambda: stray.names("nodes(hidden)") == frozenset(), SOON, "the connection to be closed")
        again = heal(staying)
        assert (again["changed"], again["converged"]) == (True, True)


def test_a_run_whose_source_does_not_answer_is_ended_without_waiting_for_it(ansible: Ansible) -> None:
    with beams(1) as nodes, faulty_nameserver(silence) as server:
        config = {**server.config, "query": "app.example.test", "node_basename": "app", "timeout": LONG}
        with run(ansible, {**topology(nodes), "strategy": "dns", "config": config}) as running:
            wait_until(lambda: bool(server.queries), 60, "the module to ask the nameserver")
            os.kill(running.module, signal.SIGINT)
            running.ends()
            assert "topology 'chat': interrupted" in running.result["msg"]
            assert running.result["changed"] is False


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def _stat_of(pid: int) -> list[str]:
    """State, parent and so on, or nothing if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _parent_of(pid: int) -> int | None:
    stat = _stat_of(pid)
    return int(stat[1]) if stat else None


def _is_alive(pid: int) -> bool:
    return _stat_of(pid)[:1] not in ([], ["Z"])


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
