# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role schedule refuses what cannot work, and says what would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness.ansible.command import Run
from tests.harness.schedule.machine import ANSIBLE_PLAYBOOK
from tests.harness.schedule.role import SECRET, Scheduler, scheduler

ROLE = "selfheal.cluster.schedule"
pytestmark = pytest.mark.timeout(600)


def refusals(schedule: Scheduler, cases: list[dict[str, Any]]) -> tuple[list[str], Run]:
    """What the role says to each case, all of them in one play: `-` if it takes it."""
    good = {
        "schedule_ansible_playbook": ANSIBLE_PLAYBOOK,
        "schedule_collections_path": schedule.ansible.environment["ANSIBLE_COLLECTIONS_PATH"],
        "schedule_systemd_start": False,
        "schedule_inventories": [str(schedule.file)],
    }
    tasks = []
    for number, case in enumerate(cases):
        options = {key: value for key, value in {**good, **case}.items() if value is not None}
        said = (
            "{{ [ansible_failed_result.msg] + ansible_failed_result.results | default([]) | map(attribute='msg')"
            " | select('string') | list }}"
        )
        tasks.append(
            {
                "block": [{"ansible.builtin.include_role": {"name": ROLE}, "vars": options}],
                "rescue": [{"name": f"said {number}", "ansible.builtin.debug": {"msg": said}}],
            }
        )
    run = schedule.ansible.playbook([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], "-vvv")
    said = {line["task"]: " ".join(line["result"]["msg"]) for line in run.results if line["task"].startswith("said ")}
    return [said.get(f"said {number}", "-") for number in range(len(cases))], run


def test_each_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    twin = other / "app.cluster.yml"
    twin.write_text("{}")
    plain = tmp_path / "hosts.yml"
    plain.write_text("{}")
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("systemd", {"schedule_name": "Self Heal"}, "schedule_name: is not of 1 to 52 lower-case letters"),
        ("systemd", {"schedule_inventories": []}, "schedule_inventories: is empty"),
        ("cron", {"schedule_inventories": [str(tmp_path / "no.cluster.yml")]}, "there is no such file"),
        ("cron", {"schedule_inventories": [str(plain)]}, "its name does not end in .cluster.yml"),
        (
            "systemd",
            {"schedule_inventories": [str(twin), str(tmp_path / "app.cluster.yml")]},
            "another one has the same name",
        ),
        ("systemd", {"schedule_interval": 0}, "schedule_interval: 0.0 is not more than 0"),
        ("systemd", {"schedule_deadline": -1}, "schedule_deadline: -1.0 is not more than 0"),
        ("systemd", {"schedule_watch": True}, "schedule_watch: only a process that stays can watch"),
        ("systemd", {"schedule_watch": "maybe"}, "schedule_watch: maybe is none of auto, true and false"),
        # H3
        ("systemd", {"schedule_intervall": 5}, "schedule_intervall: did you mean schedule_interval?"),
        ("cron", {"schedule_loop": True}, "schedule_loop: the backend cron starts runs and keeps none alive"),
        ("systemd", {"schedule_secrets": {"CHAT-COOKIE": SECRET}}, "CHAT-COOKIE: is no name of an environment"),
        ("systemd", {"schedule_secrets": {"CHAT_COOKIE": ""}}, "CHAT_COOKIE: is empty or no text"),
        ("systemd", {"schedule_secrets": SECRET}, "schedule_secrets"),
        ("cron", {"schedule_interval": 5}, "cron cannot start something every 5 seconds"),
        ("cron", {"schedule_interval": 90}, "cron cannot start something every 90 seconds"),
        ("cron", {"schedule_interval": 420}, "The backend systemd can do any interval"),
        ("systemd", {"schedule_name": "systemd-journald"}, "systemd-journald.service already"),
        ("systemd", {"schedule_systemd_start": True}, "systemd does not run on localhost; use the backend cron"),
        ("systemd", {"schedule_ansible_playbook": "/nowhere/it"}, "localhost has no /nowhere/it; install"),
        ("cron", {"schedule_collections_path": "/nowhere"}, "finds no selfheal.cluster.converge"),
        ("systemd", {"schedule_playbook": "/nowhere.yml"}, "finds no /nowhere.yml"),
    ]
    with scheduler(tmp_path) as schedule:
        schedule.inventory(chat={"strategy": "static", "config": {"nodes": ["a@127.0.0.1"]}})
        before = schedule.host.written()
        said, run = refusals(schedule, [{"schedule_backend": backend, **case} for backend, case, _wanted in cases])
        for (_backend, case, wanted), words in zip(cases, said):
            assert wanted in words, f"{case}: {words}"
            assert words != "-", case
        assert schedule.host.written() == before
        assert SECRET not in run.output
