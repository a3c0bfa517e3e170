# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exec driver's commands, and all that can go wrong with them."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError, RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import inspect

from tests.harness.ansible.background import MEMBERSHIP, SOON, is_alive, run
from tests.harness.ansible.command import Ansible
from tests.harness.clock import within
from tests.harness.erlang.clusters import with_warnings
from tests.harness.exec.files import Files, reason, shell
from tests.harness.waiting import wait_until


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path, 4)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "echo 'no route' >&2; echo more >&2; exit 3",
            "list_nodes (sh) ended with exit code 3: no route more",
        ),
        ("echo 10.0.0.2; echo on its output; exit 1", "ended with exit code 1: 10.0.0.2 on its output"),
        ("exit 1", "list_nodes (sh) ended with exit code 1"),
        ("echo 10.0.0.2; kill -9 $$", "list_nodes (sh) was ended by SIGKILL: 10.0.0.2"),
        ("printf 'a\\033[1mb\\377' >&2; exit 1", "exit code 1: a?[1mb�"),
        ("printf '\\377'", "list_nodes printed something that is not UTF-8"),
        ("echo -rf", "list_nodes gave '-rf', which is no name of a node"),
        ("yes 10.0.0.2", "list_nodes (sh) printed more than 4 MB"),
        ("yes oops >&2", "list_nodes (sh) did not end within 1 s"),
        ("cat; sleep 60", "list_nodes (sh) did not end within 1 s"),
        ("sleep 60 & echo 10.0.0.2", "ended, but something that it started did not close its output within 3 s"),
    ],
)
def test_only_a_list_is_a_view(files: Files, script: str, said: str) -> None:
    waits = re.search(r"within (\d+) s", said)
    found = reason(files, script, driver_config={"timeout": int(waits[1]) if waits else 60})
    assert said in found
    assert found.isprintable()
    assert len(found) < 300


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 10.0.0.2", "list_nodes printed no JSON: Extra data in line 1"),
        ("true", "list_nodes printed no JSON"),
        ("echo '{}'", "driver_config.path finds nothing in the output of list_nodes"),
        ("""echo '{"n": "10.0.0.2"}'""", "driver_config.path gives no list of strings"),
    ],
)
def test_only_what_the_path_finds_is_a_view(files: Files, script: str, said: str) -> None:
    one = files.names[0]
    test = f"""if [ "$1" = {one} ]; then {script}; else echo '{{"n": []}}'; fi"""
    options = {"list_nodes": shell(test, "{observer}"), "driver_config": {"format": "json", "path": "n"}}
    result = with_warnings(inspect(topology_of(files.topology(**options))))
    assert said in result["unreachable_nodes"][one]
    assert set(result["views"]) == set(files.names[1:])


def test_what_a_hanging_command_has_started_is_killed_too(files: Files) -> None:
    pids = files.directory / "pids"
    assert "did not end" in reason(files, f"sleep 61 & echo $! >>{pids}; sleep 62", driver_config={"timeout": 1})
    for pid in pids.read_text().split():
        wait_until(lambda pid=pid: not is_alive(int(pid)), SOON, "the command's child to end")


def test_no_answer_from_anybody_is_an_error(files: Files) -> None:
    with pytest.raises(RoundError, match="none of the 4 desired nodes answered, so nothing was changed"):
        files.heal(list_nodes=["false"])


def test_slow_observers_hold_up_nobody(files: Files) -> None:
    script = f'case "$1" in *.1|*.2) sleep 60;; *) ls {files.directory}/"$1";; esac'
    with within(6, work=1.5):
        result = files.heal(list_nodes=shell(script, "{observer}"), driver_config={"timeout": 6, "parallel": 3})
    assert set(result["unreachable_nodes"]) == set(files.names[:2])
    assert files.peers("10.0.0.3") >= {"10.0.0.4"}


def test_no_more_commands_than_allowed_run_at_once(files: Files) -> None:
    log = files.directory / "log"
    script = f'echo + >>{log}; sleep 0.1; echo - >>{log}; ls {files.directory}/"$1"'
    inspect(topology_of(files.topology(list_nodes=shell(script, "{observer}"), driver_config={"parallel": 2})))
    running = [0]
    for sign in log.read_text().split():
        running.append(running[-1] + (1 if sign == "+" else -1))
    assert (max(running), len(running)) == (2, 9)


def test_words_reach_the_program_as_they_are(files: Files) -> None:
    log = files.directory / "log"
    words = ["{observer_address}:{{x}}", "", "a b", "$(id) `id` ; * \" ' \\"]
    files.heal(files.names[:1], list_nodes=shell(f'printf "%s|" "$@" >{log}', *words))
    assert log.read_text() == "10.0.0.1:{x}||a b|$(id) `id` ; * \" ' \\|"


def test_a_stray_is_asked_where_its_name_says_how(files: Files) -> None:
    files.heal()
    *staying, stray = files.names
    by_address = ["ls", f"{files.directory}/{{observer_address}}"]
    assert stray in inspect(topology_of(files.topology(staying, list_nodes=by_address))).values["views"]
    for name in files.names:
        (files.directory / name / "other").touch()
    seen = inspect(topology_of(files.topology(staying, list_nodes=by_address, policy={"scope": ["*"]}))).values
    assert seen["unreachable_nodes"] == {
        "other": "list_nodes needs {observer_address}, and discovery gives other no address"
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"list_nodes": ["ls", "{nod}"]}, "list_nodes[1]: '{nod}' is no placeholder here"),
        ({"disconnect": ["rm", "{"]}, "disconnect[1]: a brace stands alone"),
        ({"connect": None}, "connect: is required by driver 'exec'"),
        ({"disconnect": ["no-such-program"]}, "disconnect[0]: no program 'no-such-program'"),
        ({"driver_config": {"format": "json"}}, "driver_config.path: is required"),
        ({"driver_config": {"format": "xml"}}, "driver_config.format: 'xml' is not one of lines, json"),
        ({"driver_config": {"cookie": "x"}}, "driver_config.cookie: is not an option of 'exec'"),
    ],
)
def test_what_cannot_work_is_told_before_anything_runs(files: Files, options: dict[str, Any], said: str) -> None:
    ran = files.directory / "ran"
    with pytest.raises(OptionError) as caught:
        files.heal(**{"list_nodes": ["touch", str(ran)], **options})
    assert said in str(caught.value)
    assert not ran.exists()


def test_the_environment_carries_the_secrets(ansible: Ansible, files: Files) -> None:
    script = f'test "$TOKEN" = a-token-of-the-tests && ls {files.directory}/"$1"'
    task = {MEMBERSHIP: files.topology(list_nodes=shell(script, "{observer}"))}
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    without = ansible.playbook(plays)
    assert without.code != 0
    assert "list_nodes (sh) ended with exit code 1" in without.text
    assert "a-token" not in without.output, "the words of a command are not shown"
    plays[0]["environment"] = {"TOKEN": "a-token-of-the-tests"}
    ansible.playbook(plays).ok()
    assert files.is_whole


@pytest.mark.parametrize("command", ["list_nodes", "connect"])
def test_an_interrupted_run_leaves_no_process_behind(ansible: Ansible, files: Files, command: str) -> None:
    started = files.directory / "started"
    hanging = shell(f"sleep 63 & echo $! >>{started}; sleep 64")
    with run(ansible, files.topology(**{command: hanging}, driver_config={"timeout": 5})) as running:
        wait_until(lambda: started.exists() and running.descendants() != [], 60, "the command to run")
        wait_until(lambda: len(started.read_text().split()) >= 4, 60, "all of them to run")
        running.descendants()
        os.kill(running.worker, signal.SIGTERM)
        running.ends()
        assert "topology 'files': interrupted" in running.result["msg"]
        assert running.result["changed"] is False
    for pid in started.read_text().split():
        wait_until(lambda pid=pid: not is_alive(int(pid)), SOON, "the command's child to end")
