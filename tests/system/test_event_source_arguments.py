# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the event source is given: files and arguments."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.harness.eda.event_source import chat_topology, refusal
from tests.harness.eda.rulebook import BIN
from tests.harness.kubernetes.double import TOKEN, kube_api
from tests.harness.paths import ROOT

SOURCE = ".build/collections/ansible_collections/selfheal/cluster/extensions/eda/plugins/event_source/membership.py"
STATIC = {"strategy": "static", "config": {"nodes": ["a@127.0.0.1"]}}


def test_it_reads_the_files_that_are_converged(tmp_path: Path) -> None:
    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        config = {**chat_topology(api)["config"], "api_key": "{{ lookup('ansible.builtin.env', 'CHAT_API_KEY') }}"}
        chat = {"strategy": "kubernetes", "config": config, "driver_config": {"cookie": "{{ not_there }}"}}
        content = {"plugin": "selfheal.cluster.nodes", "discover": False, "topologies": {"chat": chat}}
        (tmp_path / "app.cluster.yml").write_text(json.dumps(content))
        result = _in_a_process(tmp_path, {"inventory": [str(tmp_path)]}, CHAT_API_KEY=TOKEN)
    assert '"desired": ["chat@10.1.0.1"]' in result.stdout, result.stdout + result.stderr
    assert TOKEN not in result.stdout + result.stderr


def test_it_reads_what_is_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    password = tmp_path / "password"
    password.write_text("a password of the tests")
    file = tmp_path / "app.cluster.yml"
    content = {"plugin": "selfheal.cluster.nodes", "topologies": {"chat": STATIC}}
    file.write_text(json.dumps(content))
    encrypt = [str(BIN / "ansible-vault"), "encrypt", "--vault-password-file", str(password), str(file)]
    subprocess.run(encrypt, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    result = _in_a_process(tmp_path, {"inventory": str(file)}, ANSIBLE_VAULT_PASSWORD_FILE=str(password))
    assert '"desired": ["a@127.0.0.1"]' in result.stdout, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "one of the following is required: inventory, topologies"),
        ({"topologies": {"a": STATIC}, "inventory": "x"}, "mutually exclusive: inventory|topologies"),
        ({"topologies": {}}, "topologies: is empty"),
        ({"topologies": {"a": STATIC}, "intervall": 1}, "intervall"),
        ({"topologies": {"a": STATIC}, "interval": "often"}, "topology 'a': interval: 'often'"),
        ({"topologies": {"a": STATIC}, "interval": "ttl"}, "topology 'a': interval: 'ttl' is for records of DNS"),
        ({"topologies": {"a": STATIC}, "pause": -1}, "pause: -1.0 is not between 0 and"),
        ({"topologies": {"a b": STATIC}}, "topology 'a b': a topology's name is"),
        ({"topologies": {"a": {"strategy": "dns", "confg": {}}}}, "topology 'a': confg: is not an option"),
        ({"topologies": {"a": {"strategy": "dns"}}}, "topology 'a': config.query: is required by 'dns'"),
        ({"topologies": {"a": {"strategy": "dsn"}}}, "topology 'a': strategy: 'dsn' is unknown"),
        ({"inventory": "/nonexistent/app.cluster.yml"}, "inventory: /nonexistent/app.cluster.yml is not there"),
    ],
)
def test_wrong_arguments_are_refused_at_once(args: dict[str, Any], message: str) -> None:
    assert message in refusal(**args)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("all: {hosts: {a: }}", "is no inventory of topologies"),
        ("plugin: selfheal.cluster.nodes", "topologies: is required"),
        ("plugin: [selfheal", "YAML"),
        ("plugin: selfheal.cluster.nodes\ntopologies: {chat: {strategy: dns}}", "chat': config.query: is required"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "app.cluster.yml"
    file.write_text(content)
    problem = refusal(inventory=str(file))
    assert str(file) in problem
    assert message in problem


def test_a_topology_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        content = {"plugin": "selfheal.cluster.nodes", "topologies": {"chat": STATIC}}
        (tmp_path / f"{name}.cluster.yml").write_text(json.dumps(content))
    refused = refusal(inventory=str(tmp_path))
    assert re.search(r"topology 'chat': is in two files, \S+\.cluster\.yml and \S+\.cluster\.yml: rename one", refused)


def test_a_secret_does_not_show_in_an_error() -> None:
    config = {"host": "https://127.0.0.1:1", "api_key": "a-secret", "lookup": "a-secret"}
    problem = refusal(topologies={"chat": {"strategy": "kubernetes", "config": config}})
    assert "config.lookup" in problem
    assert "a-secret" not in problem


def _in_a_process(home: Path, args: dict[str, Any], **environment: str) -> subprocess.CompletedProcess[str]:
    """Its first event, the file run by its path in a process that knows nothing of collections, as EDA does it."""
    program = (
        "import asyncio, json, runpy, sys\n"
        "main = runpy.run_path(sys.argv[1])['main']\n"
        "async def run():\n"
        "    queue = asyncio.Queue(1)\n"
        "    source = asyncio.create_task(main(queue, json.loads(sys.argv[2])))\n"
        "    taken = asyncio.create_task(queue.get())\n"
        "    await asyncio.wait({source, taken}, return_when=asyncio.FIRST_COMPLETED)\n"
        "    source.done() and source.result()\n"
        "    print(json.dumps(taken.result()))\n"
        "asyncio.run(run())\n"
    )
    return subprocess.run(
        [str(BIN / "python"), "-c", program, str(ROOT / SOURCE), json.dumps(args)],
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", **environment},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("is_hidden", [False, True])
def test_it_runs_by_its_path_alone(tmp_path: Path, is_hidden: bool) -> None:
    environment = {}
    if is_hidden:  # as by the bundle of collections that pip installs
        (tmp_path / "ansible_collections").mkdir()
        (tmp_path / "ansible_collections" / "__init__.py").touch()
        environment["PYTHONPATH"] = str(tmp_path)
    result = _in_a_process(tmp_path, {"topologies": {"chat": STATIC}}, **environment)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["desired"] == ["a@127.0.0.1"]
