# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guide of AWX has its readers make, run by ansible-runner the way AWX runs it, on real nodes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.ansible.bundle import with_bundle
from tests.harness.ansible.command import Ansible
from tests.harness.awx.api import TOKEN, Awx, awx
from tests.harness.awx.jobs import Job, Jobs, UpdateFailed
from tests.harness.erlang.beam import COOKIE, Beam, beams, is_whole
from tests.harness.paths import ROOT

_URL = "https://git.example.net/clusters.git"
_WEB = """  web:
    strategy: static
    config: {nodes: [%s]}
    driver_config: {cookie_file: "{{ lookup('ansible.builtin.env', 'CHAT_COOKIE_FILE') }}", port: %d}
"""


@pytest.fixture
def controller() -> Iterator[Awx]:
    with awx() as running:
        yield running


@pytest.fixture
def clusters() -> Iterator[tuple[list[Beam], list[Beam]]]:
    with beams(2, basename="chat") as chat, beams(2, basename="web") as web:
        yield chat, web


def _replace(file: Path, old: str, new: str) -> None:
    """What readers replace by their own."""
    assert old in file.read_text(), f"{old} is not in {file}"
    file.write_text(file.read_text().replace(old, new))


def _names(nodes: list[Beam]) -> str:
    return ", ".join(node.name for node in nodes)


def _repository(directory: Path, chat: list[Beam], web: list[Beam]) -> Path:
    """docs/examples/awx, with a second cluster."""
    repository = directory / "repository"
    shutil.copytree(ROOT / "docs" / "examples" / "awx", repository)
    file = repository / "chat.cluster.yml"
    _replace(file, "strategy: dns", "strategy: static")
    _replace(file, "{query: chat.example.net, node_basename: chat}", f"{{nodes: [{_names(chat)}]}}")
    _replace(file, "'CHAT_COOKIE_FILE') }}\"}", f"'CHAT_COOKIE_FILE') }}}}\", port: {chat[0].port}}}")
    file.write_text(file.read_text() + _WEB % (_names(web), web[0].port))
    return repository


def _schedule(directory: Path, controller: Awx) -> None:
    """docs/examples/awx/schedule.yml, as its readers run it."""
    playbook = directory / "repository" / "schedule.yml"
    cookie = directory / "cookie"
    cookie.write_text(COOKIE)
    _replace(playbook, "/etc/chat/cookie", str(cookie))
    _replace(playbook, "https://awx.example.net", controller.url)
    ansible = Ansible(directory, ANSIBLE_PIPELINING="1", CONTROLLER_OAUTH_TOKEN=TOKEN, **with_bundle())
    run = ansible.playbook(str(playbook), "-e", json.dumps({"schedule_awx_slices": 2})).ok()
    assert TOKEN not in run.output + json.dumps(run.results)
    assert COOKIE not in run.output + json.dumps(run.results)


def _check(job: Job, topology: str, changed: bool) -> None:
    assert job.status == "successful", job.output
    assert set(job.changed) == ({topology} if changed else set()), job.output
    row = f"{topology} whole 2/2 1 0 0 {'connected 1' if changed else '-'}"
    assert row in " ".join(job.output.split()), job.output
    for file, content in job.files.items():
        assert COOKIE.encode() not in content, f"the cookie is in {file.name}"


@pytest.mark.long
def test_from_an_empty_awx_to_healed_clusters(
    tmp_path: Path, controller: Awx, clusters: tuple[list[Beam], list[Beam]]
) -> None:
    chat, web = clusters
    controller.repositories[_URL] = _repository(tmp_path, chat, web)
    _schedule(tmp_path, controller)
    jobs = Jobs(controller, tmp_path)

    # A slice has its share of the topologies, and sees no other
    jobs.update_inventory("chat.cluster.yml")
    assert list(jobs.hosts()) == ["chat", "web"]
    first, second = jobs.launch("selfheal")
    _check(first, "chat", changed=True)
    _check(second, "web", changed=True)
    assert "web" not in first.output
    assert is_whole(chat)
    assert is_whole(web)
    (limited,) = jobs.launch("selfheal", limit="chat", job_slice_count=1)
    _check(limited, "chat", changed=False)
    assert "web" not in limited.output

    # The environment that AWX itself gives to an update of an inventory names no place of collections
    with pytest.raises(UpdateFailed, match=r"unknown plugin 'selfheal\.cluster\.nodes'"):
        jobs.update_inventory("chat.cluster.yml", ANSIBLE_COLLECTIONS_PATH="")


def test_a_discovery_that_fails_fails_the_update_and_removes_no_host(
    tmp_path: Path, controller: Awx, clusters: tuple[list[Beam], list[Beam]]
) -> None:
    chat, web = clusters
    repository = controller.repositories[_URL] = _repository(tmp_path, chat, web)
    project = controller.add("projects", {"name": "clusters", "scm_url": _URL})
    path = "/runner/requirements_collections"
    controller.add(
        "inventory_sources",
        {
            "name": "chat",
            "source_path": "chat.cluster.yml",
            "source_project": project["id"],
            "source_vars": json.dumps({"ANSIBLE_COLLECTIONS_PATH": path}),
        },
    )
    jobs = Jobs(controller, tmp_path)
    jobs.update_inventory("chat.cluster.yml")
    before = jobs.hosts()
    assert set(before) == {"chat", "web", *(f"{node.name.partition('@')[0]}.{node.name}" for node in chat + web)}

    _replace(repository / "chat.cluster.yml", f"{{nodes: [{_names(chat)}]}}", "{nodes: '{{ nobody_knows }}'}")
    with pytest.raises(UpdateFailed, match="topology 'chat'"):
        jobs.update_inventory("chat.cluster.yml")
    assert jobs.hosts() == before

    # Without discovery the same file is read, and its template is resolved in the job
    jobs.update_inventory("chat.cluster.yml", SELFHEAL_CLUSTER_DISCOVER="false")
    assert sorted(jobs.hosts()) == ["chat", "web"]
