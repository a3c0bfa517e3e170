# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks converge and status print: little where all is well, each cause once where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.ansible.command import Ansible
from tests.harness.erlang.beam import COOKIE, Beam, beams, join

CONVERGE = "selfheal.cluster.converge"
STATUS = "selfheal.cluster.status"
HEADINGS = "TOPOLOGY  VERDICT  NODES  ISLANDS  UNREACHABLE  REFUSED  DONE"


def _inventory(directory: Path, topologies: dict[str, Any]) -> str:
    file = directory / "app.cluster.yml"
    content = {"plugin": "selfheal.cluster.nodes", "discover": False, "topologies": topologies}
    file.write_text(yaml.safe_dump(content))
    return str(file)


def _topology(nodes: list[Beam], *others: str) -> dict[str, Any]:
    return {
        "strategy": "static",
        "config": {"nodes": [*(node.name for node in nodes), *others]},
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
        "policy": {"scope": ["*@*"]},
    }


@pytest.mark.parametrize("playbook", [CONVERGE, STATUS])
def test_a_healthy_topology_takes_twenty_lines_and_each_further_one_three(
    ansible: Ansible, tmp_path: Path, playbook: str
) -> None:
    with beams(2) as nodes:
        join(nodes)
        one = ansible.playbook(playbook, "-i", _inventory(tmp_path, {"chat": _topology(nodes)})).ok()
        three = dict.fromkeys(("chat", "pay", "web"), _topology(nodes))
        many = ansible.playbook(playbook, "-i", _inventory(tmp_path, three)).ok()
    lines = one.output.splitlines()
    assert len(lines) <= 20, one.output
    assert len(many.output.splitlines()) <= len(lines) + 6, many.output
    table = lines.index(HEADINGS)
    assert lines[table + 1].split() == ["chat", "whole", "2/2", "1", "0", "0", "-"]
    assert lines[table + 4].startswith("PLAY RECAP"), "the table is right before the recap"


def test_who_was_connected_and_pruned_is_named_and_a_failure_is_told_once(ansible: Ansible, tmp_path: Path) -> None:
    config = {"query": "x.test", "node_basename": "x", "nameservers": ["127.0.0.1"], "port": 1}
    silent = {"strategy": "dns", "config": config, "driver_config": {"cookie": COOKIE}}
    with beams(4) as nodes:
        join(nodes[1:])
        file = _inventory(tmp_path, {"chat": _topology(nodes[:3], "app@127.0.0.99"), "pay": silent})
        checked = ansible.playbook(CONVERGE, "-i", file, "--check")
        run = ansible.playbook(CONVERGE, "-i", file)
    first, pruned = nodes[0].name, nodes[3].name
    assert f"  chat: would prune {pruned}" in checked.stdout.splitlines()
    assert run.code == 2
    shown = run.stdout.splitlines()
    assert f"  chat: connected {first}" in shown
    assert f"  chat: pruned {pruned}" in shown
    assert any(line.startswith("  chat: no answer from app@127.0.0.99: ") for line in shown)
    assert run.output.count("pay: discovery failed, so nothing was changed") == 1
    assert COOKIE not in run.output


def test_the_table_is_shown_where_healthy_hosts_are_not_and_does_not_spoil_json(
    ansible: Ansible, tmp_path: Path
) -> None:
    with beams(2) as nodes:
        join(nodes)
        file = _inventory(tmp_path, {"chat": _topology(nodes)})
        quiet = ansible.playbook(STATUS, "-i", file, ANSIBLE_DISPLAY_OK_HOSTS="false").ok()
        for_programs = ansible.playbook(STATUS, "-i", file, ANSIBLE_STDOUT_CALLBACK="stats_json").ok()
    assert HEADINGS in quiet.stdout
    assert HEADINGS in for_programs.stderr
    assert for_programs.stdout.startswith("{")


def test_the_picture_and_the_plan_are_there_with_v(ansible: Ansible, tmp_path: Path) -> None:
    with beams(2) as nodes:
        file = _inventory(tmp_path, {"chat": _topology(nodes)})
        short = ansible.playbook(STATUS, "-i", file).ok()
        long = ansible.playbook(STATUS, "-i", file, "-v").ok()
    assert f"  chat: would connect {nodes[1].name}" in short.stdout.splitlines()
    assert "2 desired, 2 members" not in short.stdout
    assert "chat: 2 desired, 2 members, 2 islands" in long.stdout


def test_ad_hoc_a_topology_needs_no_arguments(ansible: Ansible, tmp_path: Path) -> None:
    """R9"""
    with beams(2) as nodes:
        file = _inventory(tmp_path, {"chat": {**_topology(nodes), "max_rounds": 0}})

        def ad_hoc(module: str, *arguments: str) -> Any:
            run = ansible.run("ansible", "chat", "-i", file, "-m", f"selfheal.cluster.{module}", *arguments)
            assert COOKIE not in run.output
            return run.results[-1]["result"]

        assert ad_hoc("nodes_info")["status"] == "complete"
        assert ad_hoc("membership_info")["verdict"] == "split"
        assert ad_hoc("membership")["msg"] == "topology 'chat': max_rounds: 0 is less than 1"
        assert ad_hoc("membership", "-a", "max_rounds=5")["verdict"] == "whole"
        told = ad_hoc("membership_info", "-a", 'driver_config={"timeout":1}')["msg"]
        assert told.startswith("topology 'chat': driver_config.cookie: no cookie"), "an argument replaces all of it"
        own = ad_hoc("membership_info", "-a", "strategy=static")["msg"]
        assert own == "topology 'default': config.nodes: is required by 'static'", "a strategy takes no variable"
