# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role schedule under a systemd that runs: what its units do, not what they say."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.erlang.beam import BASENAME, COOKIE, Beam, beams, is_whole
from tests.harness.kubernetes.double import kube_api
from tests.harness.schedule.booted import ANSIBLE_PLAYBOOK, Booted, Control, booted
from tests.harness.schedule.machine import AS_NOBODY
from tests.harness.schedule.role import Scheduler, changed, of_nodes
from tests.harness.waiting import wait_until

UNIT = "selfheal.service"
CREDENTIAL = f"/run/credentials/{UNIT}/CHAT_COOKIE"
OWN = "/etc/selfheal/selfheal"
PATIENCE = 120
LONG = 600
"""Seconds that no test waits for."""
pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        os.environ.get("TEST_SYSTEMD") != "1",
        reason="TEST_SYSTEMD=1 has a Debian installed and booted for it, which takes root and minutes",
    ),
]


@pytest.fixture(scope="module")
def host() -> Iterator[Booted]:
    with booted() as made:
        yield made


@pytest.fixture
def schedule(host: Booted) -> Iterator[Scheduler]:
    made = Scheduler(
        Control(host),
        host,
        schedule_backend="systemd",
        schedule_ansible_playbook=ANSIBLE_PLAYBOOK,
        schedule_collections_path=None,
        schedule_systemd_start=None,
        schedule_secrets={"CHAT_COOKIE": COOKIE},
    )
    yield made
    if host.exists(OWN):
        made.apply(schedule_state="absent").ok()


@pytest.fixture
def nodes() -> Iterator[list[Beam]]:
    with beams(3) as made:
        yield made


def shown(host: Booted, unit: str = UNIT) -> dict[str, str]:
    return dict(line.split("=", 1) for line in host.ok("systemctl", "show", unit).splitlines())


def journal(host: Booted, *arguments: str) -> list[dict[str, Any]]:
    """What was said since this machine was installed."""
    lines = host.ok("journalctl", "--quiet", "--no-pager", "--all", "--output=json", *arguments).splitlines()
    return [json.loads(line) for line in lines]


def said(host: Booted) -> str:
    """By the runs, and of them."""
    return host.ok("journalctl", "--quiet", "--no-pager", f"--unit={UNIT}")


def runs(host: Booted) -> list[tuple[int, int]]:
    """When each run that said something said so first and last, in order."""
    times: dict[str, list[int]] = {}
    for line in journal(host, f"_SYSTEMD_UNIT={UNIT}"):
        times.setdefault(line["_SYSTEMD_INVOCATION_ID"], []).append(int(line["__REALTIME_TIMESTAMP"]))
    return sorted((min(seen), max(seen)) for seen in times.values())


def wait(host: Booted, condition: Callable[[], bool], what: str) -> None:
    try:
        wait_until(condition, PATIENCE, what)
    except AssertionError as error:
        raise AssertionError(f"{error}: {shown(host)['ActiveState']}: {said(host)[-5000:]}") from None


def heals(host: Booted, nodes: list[Beam]) -> None:
    """Break the mesh, and wait until it is whole."""
    for node in nodes:
        node.forget()
    nodes[0].eval("global:disconnect()")
    wait_until(lambda: bool(nodes[0].downs()), PATIENCE, "the mesh to break")
    wait(host, lambda: is_whole(nodes), "a whole mesh")


def is_gone(host: Booted) -> None:
    listed = host.ok("systemctl", "list-units", "--all", "--plain", "--no-legend", "selfheal.*")
    found = host.ok("find", "/etc", "/run", "/var/lib", "-name", "selfheal*", "-not", "-path", "/run/host/*")
    assert (listed, found) == ("", "")


def nobody_else_knows(host: Booted, cookie: str = COOKIE) -> None:
    """Neither who may look at the system, nor who reads the journal."""
    for path in (f"{OWN}/CHAT_COOKIE.secret", f"{OWN}/app.cluster.yml", CREDENTIAL):
        denied = host.run(*AS_NOBODY, "cat", path)
        assert denied.returncode != 0, path
        assert "Permission denied" in denied.stdout, denied.stdout
    assert cookie not in host.ok("journalctl", "--quiet", "--no-pager", "--all", "--output=export")
    assert cookie not in host.ok("systemctl", "show", UNIT) + host.ok("systemctl", "cat", UNIT)


def test_a_timer_heals_every_few_seconds(schedule: Scheduler, host: Booted, nodes: list[Beam]) -> None:
    schedule.inventory(chat=of_nodes(nodes))
    assert changed(schedule.apply("--check", "--diff", schedule_interval=0.5)) > 0
    is_gone(host)
    assert changed(schedule.apply(schedule_interval=0.5)) > 0
    wait(host, lambda: is_whole(nodes), "a whole mesh")
    assert changed(schedule.apply(schedule_interval=0.5)) == 0
    assert changed(schedule.apply("--check", schedule_interval=0.5)) == 0
    heals(host, nodes)
    wait(host, lambda: len(runs(host)) > 3, "some runs")
    times = runs(host)
    assert all(before[1] <= after[0] for before, after in zip(times, times[1:])), times
    assert "connected 2" in said(host)
    wait(host, lambda: host.exists(CREDENTIAL), "a run")
    assert "selfheal.timer" in host.ok("systemctl", "list-timers", "selfheal.timer")

    host.reboot()
    heals(host, nodes)

    host.ok("systemctl", "stop", "selfheal.timer", UNIT)
    assert shown(host)["ActiveState"] == "inactive", said(host)
    assert changed(schedule.apply(schedule_interval=0.5)) == 1, "more than being started"
    heals(host, nodes)
    assert changed(schedule.apply(schedule_state="absent")) > 0
    is_gone(host)
    assert changed(schedule.apply(schedule_state="absent")) == 0


def test_a_run_that_fails_or_hangs_is_followed_by_another(schedule: Scheduler, host: Booted, nodes: list[Beam]) -> None:
    chat = {**of_nodes(nodes), "strategy": "erlang_hosts", "config": {"file": "/nowhere", "node_basename": BASENAME}}
    schedule.inventory(chat=chat)
    schedule.apply(schedule_interval=1).ok()
    wait(host, lambda: shown(host)["Result"] == "exit-code", "a failed run")
    assert host.run("systemctl", "is-failed", UNIT).stdout.strip() == "failed"
    schedule.inventory(chat=of_nodes(nodes))
    schedule.apply(schedule_interval=1, schedule_deadline=1).ok()
    wait(host, lambda: shown(host)["Result"] == "timeout", "a run that is ended")
    schedule.apply(schedule_interval=1).ok()
    wait(host, lambda: is_whole(nodes), "a whole mesh")
    wait(host, lambda: shown(host)["Result"] == "success", "a run that succeeds")


def test_a_loop_heals_at_once_until_it_is_stopped(schedule: Scheduler, host: Booted, nodes: list[Beam]) -> None:
    schedule.inventory(chat=of_nodes(nodes))
    loop = {"schedule_loop": True, "schedule_interval": 0.5}
    assert changed(schedule.apply(**loop)) > 0
    wait(host, lambda: is_whole(nodes), "a whole mesh")
    process = shown(host)["MainPID"]
    assert changed(schedule.apply(**loop)) == 0
    assert shown(host)["MainPID"] == process
    heals(host, nodes)
    wait(host, lambda: f"joined {nodes[1].name}" in said(host), "the events")
    nobody_else_knows(host)
    assert COOKIE not in host.ok("sh", "-c", f"cat /proc/{process}/environ /proc/{process}/cmdline | tr '\\0' '\\n'")
    assert shown(host)["MainPID"] == process, "it is the same one that healed"

    host.ok("systemctl", "kill", "--signal=KILL", UNIT)
    wait(host, lambda: shown(host)["MainPID"] not in (process, "0"), "another one in its place")
    heals(host, nodes)
    host.reboot()
    heals(host, nodes)

    host.ok("systemctl", "stop", UNIT)
    ended = shown(host)
    assert (ended["ActiveState"], ended["Result"]) == ("inactive", "success"), said(host)
    assert "Traceback" not in said(host)
    wait_until(lambda: not any(node.names("nodes(hidden)") for node in nodes), PATIENCE, "the module to end")
    assert changed(schedule.apply(schedule_state="absent")) > 0
    is_gone(host)
    assert changed(schedule.apply(schedule_state="absent")) == 0


def test_a_loop_that_watches_follows_the_source_and_a_new_secret(
    schedule: Scheduler, host: Booted, tmp_path: Path
) -> None:
    loop = {"schedule_loop": True, "schedule_watch": True, "schedule_interval": LONG}
    with kube_api() as api, beams(4) as nodes:
        first = [api.endpoint(node.address, f"chat-{number}") for number, node in enumerate(nodes)]
        api.add_slice("chat-1", first[:3], service="chat", labels={"app": "chat"})
        of_api = {
            "kubeconfig": "{{ lookup('ansible.builtin.env', 'CHAT_KUBECONFIG_FILE') }}",
            "namespace": api.namespace,
            "node_basename": BASENAME,
            "selector": "app=chat",
        }
        schedule.inventory(chat={**of_nodes(nodes), "strategy": "kubernetes", "config": of_api})
        kubeconfig = alone(Path(api.kubeconfig(tmp_path / "config")))
        wrong = {"CHAT_COOKIE": "another-cookie", "CHAT_KUBECONFIG": kubeconfig}
        schedule.apply(**loop, schedule_secrets=wrong).ok()
        wait(host, lambda: api.watches == 1, "the watch")
        assert not any(node.peers() for node in nodes)
        secrets = {"CHAT_COOKIE": COOKIE, "CHAT_KUBECONFIG": kubeconfig}
        assert changed(schedule.apply(**loop, schedule_secrets=secrets)) == 2, "more than the secret and the restart"
        wait(host, lambda: is_whole(nodes[:3]), "a whole mesh")
        api.set_slice("chat-1", first)
        wait(host, lambda: is_whole(nodes), "the newcomer")
        wait(host, lambda: f"joined {nodes[3].name}" in said(host), "the event")
        nobody_else_knows(host)
        nobody_else_knows(host, api.token)
        schedule.apply(schedule_secrets=secrets, schedule_interval=LONG).ok()
        wait(host, lambda: shown(host)["Type"] == "oneshot" and api.watches == 0, "the loop to give way to a timer")
        wait(host, lambda: shown(host)["ActiveState"] == "inactive", "the timer's run to end")
        assert shown(host)["Result"] == "success", said(host)


def alone(kubeconfig: Path) -> str:
    """What it says, with what is in the files that it names."""
    content = yaml.safe_load(kubeconfig.read_text())
    cluster = content["clusters"][0]["cluster"]
    authority = Path(cluster.pop("certificate-authority")).read_bytes()
    cluster["certificate-authority-data"] = base64.b64encode(authority).decode()
    return yaml.safe_dump(content)
