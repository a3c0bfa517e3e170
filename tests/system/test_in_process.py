# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two homes of the modules' work: it is the same in Ansible's own process and in one of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.harness.ansible.command import PACKED, Ansible, Run
from tests.harness.erlang.beam import COOKIE, Beam, beams, join

INFO, MEMBERSHIP, NODES_INFO = (
    f"selfheal.cluster.{module}" for module in ("membership_info", "membership", "nodes_info")
)
OF_ITS_RUN = {"invocation", "time", "timings"}
"""Keys of a result that differ from run to run, or with Ansible's version."""

PRUNE_OFF = {"policy": {"prune": False, "scope": ["app@*"]}}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "whole": (INFO, {}),
    "nothing to do": (MEMBERSHIP, {"full": True}),
    "refused": (MEMBERSHIP, {"desired": 2, **PRUNE_OFF}),
    "a cookie that reads as a value": (INFO, {"cookie": "True"}),
    "failed discovery": (NODES_INFO, {"strategy": "dns", "config": {"query": "", "node_basename": "app"}}),
    "nodes": (NODES_INFO, {}),
    "wrong policy": (MEMBERSHIP, {"policy": {"max_prune": "most"}}),
    "wrong type": (MEMBERSHIP, {"max_rounds": "abc"}),
    "unknown option": (NODES_INFO, {"drivr": "erlang"}),
}
JUDGED_BY_THE_MODULE = ["wrong type", "unknown option"]


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Beam]]:
    with beams(3) as nodes:
        join(nodes)
        yield nodes


def topology(
    nodes: Sequence[Beam], module: str = INFO, desired: int = 3, cookie: str = COOKIE, **options: Any
) -> dict[str, Any]:
    source = {"topology": "chat", "strategy": "static", "config": {"nodes": [node.name for node in nodes[:desired]]}}
    if module == NODES_INFO:
        return {**source, **options}
    driver_config = {"cookie": cookie, "port": nodes[0].port}
    policy = {"scope": ["app@*"], "confirmation_interval": 0.1}
    return {**source, "driver_config": driver_config, "policy": policy, **options}


def play(ansible: Ansible, *tasks: dict[str, Any], **keywords: Any) -> Run:
    return ansible.playbook([{"hosts": "localhost", "gather_facts": False, "tasks": [*tasks], **keywords}], "-vvv").ok()


def times_packed(run: Run) -> int:
    return run.output.count("Using module file")


@pytest.fixture(scope="module")
def both(nodes: list[Beam], tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """All cases, in Ansible's own process and as modules."""
    tasks = [
        {module: topology(nodes, module, **options), "name": name, "ignore_errors": True}
        for name, (module, options) in CASES.items()
    ]
    here, packed = (play(Ansible(tmp_path_factory.mktemp("home")), *tasks, **keywords) for keywords in ({}, PACKED))
    return here, packed


@pytest.mark.parametrize("case", CASES)
def test_the_result_is_the_same(both: tuple[Run, Run], case: str) -> None:
    here, packed = ([line["result"] for line in run.results if line["task"] == case and line["result"]] for run in both)
    assert len(here) == 1
    assert [_plain(result) for result in here] == [_plain(result) for result in packed]


def test_the_messages_are_the_same(both: tuple[Run, Run]) -> None:
    here, packed = (
        [line for line in run.output.splitlines() if line.startswith(("[WARNING]", "[ERROR]"))] for run in both
    )
    assert len(here) >= 5
    assert [line.replace("Action failed", "Module failed") for line in here] == packed


def test_what_the_module_has_to_say_is_left_to_it(both: tuple[Run, Run]) -> None:
    assert [times_packed(run) for run in both] == [len(JUDGED_BY_THE_MODULE), len(CASES)]


@pytest.mark.long
@pytest.mark.parametrize(
    "keywords",
    [
        pytest.param({"environment": {"A": "b"}}, id="environment"),
        pytest.param({"timeout": 60}, id="timeout"),
        pytest.param(
            {"become": True, "become_method": "ansible.builtin.su", "become_exe": "{{ home }}/su"}, id="become"
        ),
        pytest.param({"async": 60, "poll": 1, "vars": {"ansible_async_dir": "{{ home }}/async"}}, id="async"),
        pytest.param({"vars": {"ansible_python_interpreter": "{{ home }}/python"}}, id="another Python"),
    ],
)
def test_what_makes_a_difference_has_a_process_of_its_own(
    ansible: Ansible, nodes: list[Beam], keywords: dict[str, Any]
) -> None:
    (ansible.home / "python").symlink_to(Path(sys.executable).resolve())
    su = ansible.home / "su"
    su.write_text('#!/bin/sh\nfor command; do :; done\nexec /bin/sh -c "$command"\n')
    su.chmod(0o755)
    task = {INFO: topology(nodes), "failed_when": "not result.converged", "register": "result", **keywords}
    assert times_packed(play(ansible, task, vars={"home": str(ansible.home)})) > 0


def test_what_makes_none_has_not(ansible: Ansible, nodes: list[Beam]) -> None:
    task = {INFO: topology(nodes), "failed_when": "not result.converged", "register": "result"}
    defaults = {"module_defaults": {"group/selfheal.cluster.cluster": {"topology": "other"}}}
    names = [{"delegate_to": "localhost"}, {"check_mode": True}, {"no_log": True}, {"become": False}, defaults]
    assert times_packed(play(ansible, *({**task, **keywords} for keywords in names))) == 0


def test_paths_begin_where_the_playbook_is_and_a_vault_is_opened(ansible: Ansible, nodes: list[Beam]) -> None:
    place = ansible.home / "plays"
    place.mkdir()
    (place / "cookie").write_text(COOKIE)
    (place / "cookie").chmod(0o600)
    (ansible.home / "password").write_text("open sesame")
    vault = VaultLib([("default", VaultSecret(b"open sesame"))]).encrypt(COOKIE).decode()
    (place / "secrets.yml").write_text("cookie: !vault |\n" + "".join(f"  {line}\n" for line in vault.splitlines()))
    port = nodes[0].port
    configs = [{"cookie_file": "cookie", "port": port}, {"cookie": "{{ cookie }}", "port": port}]
    tasks = [
        {
            INFO: topology(nodes, driver_config=config),
            "failed_when": "not result.converged",
            "register": "result",
            **way,
        }
        for config in configs
        for way in ({}, PACKED)
    ]
    plays = [{"hosts": "localhost", "gather_facts": False, "vars_files": ["secrets.yml"], "tasks": tasks}]
    (place / "play.yml").write_text(yaml.safe_dump(plays))
    run = ansible.playbook(
        str(place / "play.yml"), "-vvv", "--vault-password-file", str(ansible.home / "password")
    ).ok()
    assert times_packed(run) == len(configs)
    assert COOKIE not in run.output


def _plain(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in OF_ITS_RUN}
