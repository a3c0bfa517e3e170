# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task files on_join and on_leave, on real nodes: each called once for each event, whatever else fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.ansible.command import Ansible
from tests.harness.erlang.beam import COOKIE, Beam, beams, is_whole, join

CONVERGE = "selfheal.cluster.converge"
TOLD = "told.txt"


def _topology(nodes: list[Beam], **options: Any) -> dict[str, Any]:
    return {
        "strategy": "static",
        "config": {"nodes": [node.name for node in nodes]},
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
        "policy": {"scope": ["app@*"], "confirmation_interval": 0, **options.pop("policy", {})},
        **options,
    }


def _inventory(directory: Path, **topology: Any) -> Path:
    file = directory / "app.cluster.yml"
    content = {"plugin": "selfheal.cluster.nodes", "discover": False, "topologies": {"chat": topology}}
    file.write_text(yaml.safe_dump(content))
    return file


def _write_down(directory: Path, name: str, *more: dict[str, Any]) -> str:
    """A task file that adds a line for each event to a file, by a task file of its own beside it."""
    text = "{{ converge_event.event }} {{ converge_event.node }} {{ converge_event.observer }}"
    write = {"ansible.builtin.shell": f"echo '{text}' >> {directory / TOLD}"}
    (directory / "hooks").mkdir(exist_ok=True)
    (directory / "hooks" / f"write_{name}").write_text(yaml.safe_dump([write]))
    (directory / "hooks" / name).write_text(yaml.safe_dump([{"include_tasks": f"write_{name}"}, *more]))
    return f"hooks/{name}"


def _told(directory: Path) -> list[str]:
    return (directory / TOLD).read_text().splitlines() if (directory / TOLD).exists() else []


@pytest.mark.long
def test_each_event_calls_its_task_file_once_and_check_mode_calls_none(ansible: Ansible, tmp_path: Path) -> None:
    files = {"on_join": _write_down(tmp_path, "joined.yml"), "on_leave": _write_down(tmp_path, "left.yml")}
    with beams(4) as nodes:
        hub, *newcomers, stray = nodes
        join([hub, stray])
        file = _inventory(tmp_path, **_topology([hub, *newcomers], **files, policy={"max_prune": "1"}))

        checked = ansible.playbook(CONVERGE, "-i", str(file), "--check").ok()
        assert checked.of("chat", "selfheal.cluster.membership")["changed"] is True
        assert checked.of("chat", "selfheal.cluster.membership")["events"] == []
        assert _told(tmp_path) == []

        ansible.playbook(CONVERGE, "-i", str(file)).ok()
        assert is_whole([hub, *newcomers])
        assert _told(tmp_path) == [
            *(f"joined {node.name} {hub.name}" for node in newcomers),
            f"left {stray.name} {stray.name}",
        ]

        again = ansible.playbook(CONVERGE, "-i", str(file)).ok()
        assert "changed=0" in again.stdout
        assert len(_told(tmp_path)) == 3


def test_neither_a_task_file_that_fails_nor_a_run_that_fails_loses_the_other_events(
    ansible: Ansible, tmp_path: Path
) -> None:
    with beams(4) as nodes:
        hub, first, second, dead = nodes
        dead.kill()
        fails = {
            "ansible.builtin.fail": {"msg": "the balancer is away"},
            "when": f"converge_event.node == '{first.name}'",
        }
        # fmt: off
        topology = _topology(
            nodes, policy={"on_unreachable": "fail"}, on_join=_write_down(tmp_path, "joined.yml", fails)
        )
        # fmt: on
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {f"topology_{key}": value for key, value in topology.items()},
            "tasks": [
                {
                    "block": [{"include_role": {"name": "selfheal.cluster.converge"}}],
                    "rescue": [
                        {"ansible.builtin.debug": {"msg": "{{ [converge_result.msg, ansible_failed_result.msg] }}"}}
                    ],
                }
            ],
        }
        run = ansible.playbook([play]).ok()
        assert sorted(_told(tmp_path)) == sorted(f"joined {node.name} {hub.name}" for node in (first, second))
        of_the_run, of_the_role = run.of("localhost", "ansible.builtin.debug")["msg"]
        assert "policy.on_unreachable is 'fail'" in of_the_run
        assert f"on_join of {first.name} failed: the balancer is away" in of_the_role
        assert is_whole([hub, first, second])


@pytest.mark.parametrize("key", ["on_join", "list_nodes_tasks"])
def test_a_task_file_that_is_missing_is_an_error_before_anything_is_changed(
    ansible: Ansible, tmp_path: Path, key: str
) -> None:
    with beams(2) as nodes:
        file = _inventory(tmp_path, **_topology(nodes, **{key: "hooks/nowhere.yml"}))
        run = ansible.playbook(CONVERGE, "-i", str(file))
        assert run.code != 0
        assert f"topology 'chat': {key}: there is no file {tmp_path}/hooks/nowhere.yml" in run.text
        assert not nodes[0].peers()
