# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role schedule with systemd: its units, and what they run."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.erlang.beam import COOKIE, beams, is_whole, wait_whole
from tests.harness.schedule.machine import Machine
from tests.harness.schedule.role import SECRET, Scheduler, Service, changed, of_nodes, scheduler
from tests.harness.waiting import wait_until

UNITS = "/etc/systemd/system"
OWN = "/etc/selfheal/selfheal"
PATIENCE = 100
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def schedule(tmp_path: Path) -> Iterator[Scheduler]:
    with scheduler(tmp_path, backend="systemd") as made:
        made.inventory(chat={"strategy": "static", "config": {"nodes": ["a@127.0.0.1"]}})
        yield made


def written(schedule: Scheduler) -> dict[str, str]:
    return {path: what for path, what in schedule.host.written().items() if not path.startswith("/run/")}


def is_sound(host: Machine, *units: str) -> None:
    """systemd has nothing to say of the units, and of their exposure not more than this."""
    files = [f"{UNITS}/{unit}" for unit in units]
    verified = host.run("systemd-analyze", "verify", *files)
    assert (verified.returncode, verified.stdout) == (0, "")
    judged = host.run("systemd-analyze", "security", "--offline=true", "--no-pager", files[0]).stdout
    (exposure,) = re.findall(r"Overall exposure level for .*: ([\d.]+)", judged)
    assert float(exposure) < 1.5, judged


@pytest.mark.long
def test_from_nothing_to_a_timer_to_a_loop_and_back_to_nothing(schedule: Scheduler) -> None:
    before = written(schedule)
    secret = {"schedule_secrets": {"CHAT_COOKIE": SECRET}}

    foreseen = schedule.apply("--check", "--diff", "-vvv", **secret)
    assert changed(foreseen) > 0
    assert written(schedule) == before
    made = schedule.apply("--diff", "-vvv", **secret)
    assert changed(made) == changed(foreseen) + 1, "more than what it foresaw and being started at boot"
    assert SECRET not in foreseen.output + made.output
    assert "+ExecStart=" in made.stdout
    assert "WARNING" not in made.output.replace("[WARNING]: No inventory", "").replace("[WARNING]: provided hosts", "")
    there = written(schedule)
    assert sorted(set(there) - set(before)) == [
        "/etc/selfheal",
        OWN,
        f"{OWN}/CHAT_COOKIE.secret",
        f"{OWN}/app.cluster.yml",
        f"{UNITS}/selfheal.service",
        f"{UNITS}/selfheal.timer",
        f"{UNITS}/timers.target.wants/selfheal.timer",
    ]
    assert there[OWN].startswith("d700")
    assert there[f"{OWN}/CHAT_COOKIE.secret"].startswith("f600 root")
    assert there[f"{OWN}/app.cluster.yml"].startswith("f600 root")
    is_sound(schedule.host, "selfheal.service", "selfheal.timer")
    assert changed(schedule.apply(**secret)) == 0
    assert written(schedule) == there

    assert changed(schedule.apply(schedule_secrets={"CHAT_COOKIE": "rotated"})) == 1
    assert schedule.host.read(f"{OWN}/CHAT_COOKIE.secret") == "rotated"

    loop = {"schedule_loop": True, "schedule_watch": True, "schedule_interval": 0.5}
    schedule.apply(**loop, schedule_systemd_user="backup", schedule_systemd_settings={"ProtectProc": "default"}).ok()
    is_sound(schedule.host, "selfheal.service")
    service = Service(schedule.host, "selfheal")
    assert service.one("User") == "backup"
    assert service.all("ProtectProc") == ["invisible", "default"]
    assert " ".join(service.command).endswith(
        "--extra-vars topology_interval=0.5 --extra-vars topology_watch=auto selfheal.cluster.converge"
    )
    assert "internal_poll_interval" in schedule.host.read(f"{OWN}/ansible.cfg")
    now = written(schedule)
    assert f"{UNITS}/multi-user.target.wants/selfheal.service" in now
    assert [path for path in now if "timer" in path or "COOKIE" in path] == []

    schedule.apply(**secret).ok()
    assert written(schedule) == there
    assert changed(schedule.apply("--check", schedule_state="absent")) > 0
    assert written(schedule) == there
    assert changed(schedule.apply(schedule_state="absent")) > 0
    assert written(schedule) == before
    assert changed(schedule.apply(schedule_state="absent")) == 0


def test_what_the_timer_starts_heals_as_somebody_without_rights(schedule: Scheduler) -> None:
    with beams(3) as nodes:
        schedule.inventory(chat=of_nodes(nodes))
        schedule.apply(schedule_secrets={"CHAT_COOKIE": COOKIE}).ok()
        process = Service(schedule.host, "selfheal").start()
        output = process.communicate(timeout=PATIENCE)[0]
        assert process.returncode == 0, output
        assert "connected 2" in output
        assert COOKIE not in output
        assert is_whole(nodes)


def test_what_loops_heals_again_and_ends_when_it_is_told_to(schedule: Scheduler) -> None:
    with beams(3) as nodes:
        schedule.inventory(chat=of_nodes(nodes))
        loop = {"schedule_loop": True, "schedule_interval": 0.5}
        # For other topologies, which this one with nothing to watch goes on beside
        schedule.apply(schedule_secrets={"CHAT_COOKIE": COOKIE}, **loop, schedule_watch=True).ok()
        service = Service(schedule.host, "selfheal")
        process = service.start()
        try:
            wait_whole(nodes, PATIENCE)
            nodes[0].eval("global:disconnect()")
            wait_until(lambda: nodes[0].peers() == frozenset() or bool(nodes[0].downs()), PATIENCE, "the mesh to break")
            wait_whole(nodes, PATIENCE)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
        output = process.communicate(timeout=int(service.one("TimeoutStopSec")))[0]
        assert "Traceback" not in output
        assert COOKIE not in output
        # Each is a clean end to systemd
        assert process.returncode in (0, -signal.SIGTERM), json.dumps([process.returncode, output])
        wait_until(lambda: not any(node.names("nodes(hidden)") for node in nodes), PATIENCE, "the module to end")
