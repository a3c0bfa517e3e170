# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role schedule with cron: Debian's cron runs the job, on a machine that has no other job."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness.dns.faults import faulty_nameserver, silence
from tests.harness.erlang.beam import COOKIE, beams, is_whole
from tests.harness.schedule.machine import AS_NOBODY, Machine
from tests.harness.schedule.role import SECRET, Scheduler, changed, of_nodes, scheduler
from tests.harness.waiting import wait_until

OWN = "/etc/selfheal/selfheal"
HOME = "/var/lib/selfheal/selfheal"
LOG = "/var/log/selfheal.log"
PATIENCE = 100
pytestmark = pytest.mark.timeout(600)
AS_CRON = {"HOME": "/", "LOGNAME": "nobody", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
"""What cron gives a job."""


@pytest.fixture
def schedule(tmp_path: Path) -> Iterator[Scheduler]:
    with scheduler(tmp_path, backend="cron", cron_user="nobody", cron_log=LOG) as made:
        made.inventory(chat={"strategy": "static", "config": {"nodes": ["a@127.0.0.1"]}})
        yield made


@contextmanager
def cron(host: Machine) -> Iterator[subprocess.Popen[str]]:
    """It and all that it starts end with us: they have process numbers of their own, and the first one is killed."""
    others = "rm -rf /etc/cron.*/.[!.]* /etc/crontab /etc/anacrontab /var/spool/cron/crontabs/*"
    keep = "for file in /etc/cron.d/*; do test $file = /etc/cron.d/selfheal || rm -f $file; done"
    done = host.run("sh", "-c", f"{others}; {keep}; ls /etc/cron.d /var/spool/cron/crontabs")
    assert [line for line in done.stdout.split() if line.startswith("/") is False] == ["selfheal"], done.stdout
    namespace = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    process = host.start(*namespace, "/usr/sbin/cron", "-f", "-L", "15", environment={"PATH": "/usr/bin:/bin"})
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.long
def test_a_tick_of_cron_heals(schedule: Scheduler) -> None:
    with beams(3) as nodes:
        schedule.inventory(chat=of_nodes(nodes))
        schedule.apply(schedule_secrets={"CHAT_COOKIE": COOKIE}).ok()
        with cron(schedule.host) as process:
            wait_until(lambda: is_whole(nodes) or process.poll() is not None, 60 + PATIENCE, "cron to heal the mesh")
            assert process.poll() is None, process.communicate()[0]
            wait_until(lambda: "connected 2" in schedule.host.read(LOG), PATIENCE, "the log")
        log = schedule.host.read(LOG)
        assert COOKIE not in log
        assert is_whole(nodes)


@pytest.mark.long
def test_no_run_starts_while_another_goes_on_and_none_goes_on_for_ever(schedule: Scheduler) -> None:
    with faulty_nameserver(silence) as server:
        config = {**server.config, "query": "app.example.test", "node_basename": "app", "timeout": 600}
        schedule.inventory(chat={"strategy": "dns", "config": config, "driver_config": {"cookie": COOKIE}})
        schedule.apply(schedule_deadline=20).ok()
        first = schedule.host.start(*AS_NOBODY, f"{OWN}/run", environment=AS_CRON)
        wait_until(lambda: bool(server.queries) or first.poll() is not None, PATIENCE, "the run to ask the nameserver")
        assert server.queries, first.communicate()[0]
        second = schedule.host.start(*AS_NOBODY, f"{OWN}/run", environment=AS_CRON)
        assert second.communicate(timeout=PATIENCE)[0] == ""
        assert second.returncode == 0
        assert "The run before has not ended yet." in schedule.host.read(LOG)
        output = first.communicate(timeout=PATIENCE)[0]
        assert first.returncode == 124
        assert "It was ended after 20 seconds." in output
        assert output in schedule.host.read(LOG)
        lock = f"flock --nonblock {HOME}/lock true"
        wait_until(lambda: schedule.host.run("sh", "-c", lock).returncode == 0, PATIENCE, "all processes to end")


def test_no_link_that_its_user_makes_leads_root_elsewhere(schedule: Scheduler) -> None:
    host, log = schedule.host, "/var/log/of-nobody/selfheal.log"
    host.write("/etc/of-root", "for root alone", 0o600)
    host.run("install", "-d", "-o", "nobody", "/var/log/of-nobody")
    done = host.run(*AS_NOBODY, "ln", "-s", "/etc/of-root", log)
    assert done.returncode == 0, done.stdout
    schedule.apply(schedule_cron_log=log).ok()
    assert host.run("stat", "-c", "%a %U", "/etc/of-root").stdout == "600 root\n"
    for name in ("run", "app.cluster.yml", "CHAT_COOKIE.secret"):
        done = host.run(*AS_NOBODY, "ln", "-sf", "/etc", f"{OWN}/{name}")
        assert "Permission denied" in done.stdout, done.stdout


@pytest.mark.long
def test_from_nothing_to_a_job_and_back_to_nothing(schedule: Scheduler) -> None:
    before = schedule.host.written()
    options = {
        "schedule_secrets": {"CHAT_COOKIE": SECRET},
        "schedule_cron_log": None,
        "schedule_interval": 900,
        "schedule_inventories": schedule.file.name,
    }
    foreseen = schedule.apply("--check", "--diff", "-vvv", **options)
    assert changed(foreseen) > 0
    assert schedule.host.written() == before
    made = schedule.apply("--diff", "-vvv", **options)
    assert changed(made) == changed(foreseen)
    assert SECRET not in foreseen.output + made.output
    there = schedule.host.written()
    assert {path: what.split()[:2] for path, what in there.items() if path not in before} == {
        "/etc/cron.d/selfheal": ["f644", "root"],
        "/etc/selfheal": ["d755"],
        OWN: ["d711"],
        f"{OWN}/CHAT_COOKIE.secret": ["f600", "nobody"],
        f"{OWN}/app.cluster.yml": ["f600", "nobody"],
        f"{OWN}/run": ["f700", "nobody"],
        "/var/lib/selfheal": ["d755"],
        HOME: ["d700"],
    }
    assert f"\n*/15 * * * * nobody {OWN}/run\n" in schedule.host.read("/etc/cron.d/selfheal")
    assert changed(schedule.apply(**options)) == 0
    assert schedule.host.written() == there

    for place in ("/etc/selfheal/other", "/var/lib/selfheal/other"):
        schedule.host.write(f"{place}/file", "of another schedule")
    assert changed(schedule.apply(schedule_state="absent")) > 0
    left = {path for path in schedule.host.written() if path not in before}
    schedule.host.run("rm", "-r", "/etc/selfheal/other", "/var/lib/selfheal/other")
    others = {f"{place}/other{file}" for place in ("/etc/selfheal", "/var/lib/selfheal") for file in ("", "/file")}
    assert left == {"/etc/selfheal", "/var/lib/selfheal", *others}
    assert changed(schedule.apply(schedule_state="absent")) > 0
    assert schedule.host.written() == before
    assert changed(schedule.apply(schedule_state="absent")) == 0
