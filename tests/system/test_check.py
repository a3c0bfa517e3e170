# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook check: a line a topology, and an exit code for monitors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.ansible.command import Ansible
from tests.harness.erlang.beam import COOKIE, Beam, beams, join
from tests.harness.paths import ROOT

CHECK = "selfheal.cluster.check"
UNTOLD = {
    "strategy": "dns",
    "config": {"query": "x.test", "node_basename": "x", "nameservers": ["127.0.0.1"], "port": 1},
    "driver_config": {"cookie": COOKIE},
}
NAMES = ("chat", "gone", "pay", "web")


def _topology(nodes: list[Beam]) -> dict[str, Any]:
    return {
        "strategy": "static",
        "config": {"nodes": [node.name for node in nodes]},
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
    }


@pytest.fixture(scope="module")
def topologies() -> Iterator[Mapping[str, Any]]:
    """One that is whole, one that is split, one whose nodes are gone, one whose source is silent."""
    with beams(2) as whole, beams(2, basename="web") as split:
        join(whole)
        gone = {**_topology(whole), "config": {"nodes": ["app@127.0.0.99"]}}
        yield {"chat": _topology(whole), "web": _topology(split), "gone": gone, "pay": UNTOLD}


@pytest.fixture
def inventory(tmp_path: Path, topologies: Mapping[str, Any]) -> str:
    file = tmp_path / "app.cluster.yml"
    content = {"plugin": "selfheal.cluster.nodes", "discover": False, "topologies": dict(topologies)}
    file.write_text(yaml.safe_dump(content))
    return str(file)


@pytest.mark.parametrize(
    ("limit", "allow", "code"),
    [
        ("chat", None, 0),
        ("chat:web", None, 2),
        ("chat:web", "split", 0),
        ("chat:web", '{"check_allow": ["split", "changing"]}', 0),
        ("web:gone", "split", 4),
        ("gone", "no_node_answers", 0),
        ("pay:web", None, 4),
        ("all", "split,discovery_failed,no_node_answers", 0),
    ],
)
def test_the_exit_code(ansible: Ansible, inventory: str, limit: str, allow: str | None, code: int) -> None:
    allowed = [] if allow is None else ["-e", allow if allow.startswith("{") else f"check_allow={allow}"]
    run = ansible.playbook(CHECK, "-i", inventory, "--limit", limit, *allowed)
    assert run.code == code, run.output


@pytest.mark.parametrize(
    ("callback", "stream"),
    [("default", "stdout"), ("minimal", "stdout"), ("oneline", "stdout"), ("stats_json", "stderr")],
)
def test_each_topology_is_a_line_under_each_callback(
    ansible: Ansible, inventory: str, tmp_path: Path, callback: str, stream: str
) -> None:
    output = tmp_path / "check.json"
    environment = {"ANSIBLE_STDOUT_CALLBACK": callback, "ANSIBLE_DISPLAY_OK_HOSTS": "false"}
    run = ansible.playbook(CHECK, "-i", inventory, "-e", f"check_output={output}", **environment)
    assert run.code == 4, run.output
    lines = [
        line for line in getattr(run, stream).splitlines() if line.startswith(("chat: ", "gone: ", "pay: ", "web: "))
    ]
    assert [line.split(": ")[:2] for line in lines] == [
        ["chat", "whole"],
        ["gone", "no node answers"],
        ["pay", "discovery failed"],
        ["web", "split"],
    ]
    if stream == "stderr":
        assert json.loads(run.stdout)["stats"]
    told = json.loads(output.read_text())
    assert told["code"] == 4
    assert {name: (of["code"], of["verdict"]) for name, of in told["topologies"].items()} == {
        "chat": (0, "whole"),
        "gone": (4, "no_node_answers"),
        "pay": (4, "discovery_failed"),
        "web": (2, "split"),
    }
    assert COOKIE not in run.output + output.read_text()


def test_an_inventory_without_topologies_could_not_be_told(ansible: Ansible, inventory: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.cluster.yml")
    for sources in (
        ["-i", missing],
        ["-i", missing, "-i", inventory],
        ["-i", "chat,"],
        ["-i", "chat,", "--limit", "chat"],
    ):
        run = ansible.playbook(CHECK, *sources)
        assert run.code == 4, run.output
        assert "missing.cluster.yml is not there" in run.text or "has no topologies" in run.text


def test_a_wrong_topology_could_not_be_told(ansible: Ansible, tmp_path: Path) -> None:
    file = tmp_path / "app.cluster.yml"
    wrong = {"strategy": "static", "config": {"nodes": []}, "drivr": "x"}
    file.write_text(yaml.safe_dump({"plugin": "selfheal.cluster.nodes", "topologies": {"chat": wrong}}))
    run = ansible.playbook(CHECK, "-i", str(file))
    assert run.code == 4, run.output
    assert "chat: run failed: " in run.stdout
    assert "did you mean driver?" in run.stdout


def test_an_output_that_cannot_be_written_and_a_verdict_that_is_none_are_errors(
    ansible: Ansible, inventory: str, tmp_path: Path
) -> None:
    for variables, expected in (
        (f"check_output={tmp_path}/no/such/place.json", "check_output: "),
        ("check_allow=spilt", "value of allow must be one or more of"),
    ):
        run = ansible.playbook(CHECK, "-i", inventory, "--limit", "chat", "-e", variables)
        assert run.code == 2, run.output
        assert expected in run.text


@pytest.mark.parametrize(("limit", "code", "word"), [("chat", 0, "OK"), ("web", 2, "CRITICAL"), ("pay", 3, "UNKNOWN")])
def test_the_plugin_for_nagios(ansible: Ansible, inventory: str, limit: str, code: int, word: str) -> None:
    plugin = ROOT / "docs" / "examples" / "nagios" / "check_clusters.sh"
    run = ansible.run(str(plugin), inventory, "--limit", limit)
    assert (run.code, run.stdout.split(":")[0]) == (code, word), run.output
    assert len(run.output.splitlines()) == 1
