# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role schedule with the backend awx and the true awx.awx, against a double of AWX's API."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.ansible.bundle import with_bundle
from tests.harness.ansible.command import Ansible, Run
from tests.harness.awx.api import PASSWORD, TOKEN, USER, Awx, awx
from tests.harness.http_service import status
from tests.harness.paths import ROOT

URL = "https://git.test/clusters.git"
MARK = "Made by the role selfheal.cluster.schedule for selfheal"
SECRET, ANOTHER = "hush-nobody-may-see-this", "nor-may-anybody-see-this"
OURS = [
    "organizations",
    "execution_environments",
    "credential_types",
    "credentials",
    "projects",
    "inventories",
    "inventory_sources",
    "job_templates",
    "schedules",
]


class Scheduler:
    """The role, with options that make a schedule, and a repository as that of docs/examples/awx."""

    def __init__(self, directory: Path, controller: Awx) -> None:
        self.controller = controller
        self.repository = directory / "repository"
        shutil.copytree(ROOT / "docs" / "examples" / "awx", self.repository)
        controller.repositories[URL] = self.repository
        self.ansible = Ansible(directory, ANSIBLE_PIPELINING="1", **with_bundle())
        self._options = directory / "options.json"
        self.options: dict[str, Any] = {
            "schedule_backend": "awx",
            "schedule_awx_host": controller.url,
            "schedule_awx_token": controller.token,
            "schedule_awx_image": "registry.test/selfheal-ee:1",
            "schedule_awx_project_url": URL,
            "schedule_awx_inventories": ["chat.cluster.yml"],
            "schedule_secrets": {"CHAT_COOKIE": SECRET},
        }

    def run(self, *arguments: str, **options: Any) -> Run:
        """
        :param options: whose names lack the ``schedule_`` at their beginning.
        """
        given = {**self.options, **{f"schedule_{key}": value for key, value in options.items()}}
        self._options.write_text(json.dumps(given))
        return self.ansible.playbook("selfheal.cluster.schedule", "-e", f"@{self._options}", *arguments)

    def runs(self, *arguments: str, **options: Any) -> list[str]:
        """
        :returns: what was changed, as the names of modules.
        """
        return _changes(self.run(*arguments, **options).ok())

    def fails(self, *reasons: str, **options: Any) -> None:
        run = self.run(**options)
        assert run.code != 0, run.output
        message = " ".join(str(run.results[-1]["result"]["msg"]).split())
        for reason in ("schedule 'selfheal': ", *reasons):
            assert reason in message, message

    def ours(self) -> dict[str, Any]:
        """What the double has of this schedule."""
        return {kind: found for kind in OURS if (found := [i for i in self.controller.all(kind) if _is_ours(i)])}


def _changes(run: Run) -> list[str]:
    return [line["action"] for line in run.results if line["result"].get("changed")]


def _is_ours(item: dict[str, Any]) -> bool:
    return item["description"] == MARK


@pytest.fixture
def controller() -> Iterator[Awx]:
    with awx() as running:
        yield running


@pytest.fixture
def schedule(controller: Awx, tmp_path: Path) -> Scheduler:
    return Scheduler(tmp_path, controller)


@pytest.mark.long
def test_from_nothing_to_nothing(schedule: Scheduler, controller: Awx) -> None:
    would = schedule.run("--check").ok()
    assert "would make the execution environment, credential, project, inventory, job template, schedule" in would.text
    assert controller.made == []
    _comes_to_be_although_the_beginning_fails(schedule, controller)
    # Nobody but AWX knows which secret it has
    assert schedule.runs(secrets={"CHAT_COOKIE": ANOTHER}) == []
    assert controller.secrets("selfheal") == {"CHAT_COOKIE": SECRET}
    _changes_what_is_meant_to_change(schedule, controller)
    _goes(schedule, controller)


def _comes_to_be_although_the_beginning_fails(schedule: Scheduler, controller: Awx) -> None:
    del controller.repositories[URL]
    told = ("could not update the project", f"repository '{URL}/' not found", f"{controller.url}/#/jobs")
    schedule.fails(*told, secrets={"CHAT_COOKIE": ANOTHER})
    assert controller.secrets("selfheal") == {"CHAT_COOKIE": ANOTHER}
    assert controller.all("inventories") == []

    controller.repositories[URL] = schedule.repository
    file = schedule.repository / "chat.cluster.yml"
    file.rename(file.with_name("x"))
    told = ("schedule_awx_inventories: chat.cluster.yml", "Unable to parse chat.cluster.yml")
    schedule.fails(*told, awx_update_secrets=True)
    assert controller.secrets("selfheal") == {"CHAT_COOKIE": SECRET}
    assert controller.all("schedules") == []

    file.with_name("x").rename(file)
    fresh = schedule.run("-vvv", "--diff").ok()
    assert list(dict.fromkeys(kind for kind in controller.made if kind in OURS)) == OURS
    for secret in (SECRET, TOKEN):
        assert secret not in fresh.output
        assert secret not in json.dumps(fresh.results)
    _check_objects(controller)


def _changes_what_is_meant_to_change(schedule: Scheduler, controller: Awx) -> None:
    # AWX changes no type of a credential that is in use, and keeps the hosts of a source that is removed
    file = schedule.repository / "chat.cluster.yml"
    (schedule.repository / "web.cluster.yml").write_text(file.read_text().replace("chat:", "web:"))
    file.unlink()
    two = {"CHAT_COOKIE": ANOTHER, "WEB_COOKIE": ANOTHER}
    by_user = {"awx_token": "", "awx_username": USER, "awx_password": PASSWORD}
    run = schedule.run(
        "-vvv", interval=900, awx_slices=3, awx_inventories=["web.cluster.yml"], secrets=two, **by_user
    ).ok()
    assert controller.secrets("selfheal") == two
    assert controller.one("job_templates")["credentials"] == [controller.one("credentials", name="selfheal")["id"]]
    assert controller.one("job_templates")["job_slice_count"] == 3
    assert controller.one("schedules")["rrule"] == "DTSTART:20260101T000000Z RRULE:FREQ=MINUTELY;INTERVAL=15"
    assert [source["name"] for source in controller.all("inventory_sources")] == ["web.cluster.yml"]
    assert [host["name"] for host in controller.all("hosts")] == ["web"]
    for secret in (ANOTHER, PASSWORD):
        assert secret not in run.output
        assert secret not in json.dumps(run.results)
    assert controller.tokens == {TOKEN}, "each token that was made for the run is gone"


def _goes(schedule: Scheduler, controller: Awx) -> None:
    before = json.dumps(schedule.ours())
    would_remove = schedule.runs("--check", state="absent")
    assert json.dumps(schedule.ours()) == before

    ours = controller.one("organizations", name="selfheal")["id"]
    team = controller.add("teams", {"name": "people", "organization": ours})
    controller.jobs_to_wait_for = 1
    removed = schedule.runs(state="absent")
    assert removed == [f"awx.awx.{module}" for module in _REMOVED]
    assert list(schedule.ours()) == ["organizations"], "in which there is something of others"
    controller.remove("teams", team["id"])
    removed += schedule.runs(state="absent")
    assert removed == would_remove
    assert schedule.ours() == {}
    assert [item["name"] for item in controller.all("credentials")] == ["Ansible Galaxy"]
    assert schedule.runs(state="absent") == []


_REMOVED = [
    "schedule",
    "job_template",
    "inventory",
    "project",
    "credential",
    "credential_type",
    "execution_environment",
]


def _check_objects(controller: Awx) -> None:
    """Of the first run, each with what AWX needs of it."""
    galaxy = controller.one("credentials", name="Ansible Galaxy")["id"]
    assert controller.one("organizations", name="selfheal")["galaxy_credentials"] == [galaxy]
    injected = controller.one("credential_types", name="selfheal")
    assert injected["injectors"] == {
        "file": {"template.CHAT_COOKIE": "{{ CHAT_COOKIE }}"},
        "env": {"CHAT_COOKIE_FILE": "{{ tower.filename.CHAT_COOKIE }}"},
    }
    assert [field["secret"] for field in injected["inputs"]["fields"]] == [True]
    assert controller.secrets("selfheal") == {"CHAT_COOKIE": SECRET}
    image = controller.one("execution_environments", image="registry.test/selfheal-ee:1")
    source = controller.one("inventory_sources", source_path="chat.cluster.yml")
    assert (source["source"], source["overwrite"], source["update_on_launch"]) == ("scm", True, True)
    assert source["execution_environment"] == image["id"]
    assert json.loads(source["source_vars"]) == {
        "ANSIBLE_COLLECTIONS_PATH": "/runner/requirements_collections:/usr/share/ansible/collections",
        "SELFHEAL_CLUSTER_DISCOVER": "false",
    }
    assert [host["name"] for host in controller.all("hosts")] == ["chat"]
    template = controller.one("job_templates", name="selfheal")
    assert (template["playbook"], template["allow_simultaneous"]) == ("converge.yml", False)
    assert template["credentials"] == [controller.one("credentials", name="selfheal")["id"]]
    due = controller.one("schedules")
    assert due["unified_job_template"] == template["id"]
    assert due["rrule"] == "DTSTART:20260101T000000Z RRULE:FREQ=MINUTELY;INTERVAL=1"


@pytest.mark.long
def test_what_somebody_else_made_stays_as_it_is(schedule: Scheduler, controller: Awx) -> None:
    default = controller.add("organizations", {"name": "Default", "description": "The default one"})
    schedule.options |= {"schedule_awx_organization": "Default", "schedule_secrets": {}}
    schedule.fails("schedule_awx_organization: Default", "no Galaxy credential")
    default["galaxy_credentials"] = [controller.one("credentials", name="Ansible Galaxy")["id"]]
    before = json.dumps(default)
    schedule.run().ok()
    assert controller.one("job_templates").get("credentials") in (None, [])
    assert schedule.runs("--check") == []
    schedule.run(state="absent").ok()
    assert schedule.ours() == {}
    assert json.dumps(controller.all("organizations")) == f"[{before}]"

    controller.add("execution_environments", {"name": "selfheal", "image": "theirs"})
    schedule.fails("already has execution environment of that name that was not made here", "another schedule_name")
    assert schedule.runs(state="absent") == []
    assert controller.one("execution_environments")["image"] == "theirs"


def test_what_awx_cannot_do_is_refused_with_the_way_out(schedule: Scheduler, controller: Awx) -> None:
    schedule.fails("schedule_loop", "systemd", loop=True)
    schedule.fails(
        "schedule_interval: 30: AWX starts jobs in whole minutes, so take 60 or a multiple of it",
        "schedule_awx_inventories: inventories, ../a.cluster.yml: is no path inside the project",
        "schedule_playbook: AWX runs playbooks of the project",
        "schedule_awx_image: is required",
        "schedule_awx_project_url: is required",
        "schedule_secrets: ANSIBLE_VAULT, tower: AWX refuses",
        interval=30,
        awx_inventories=["a/b.cluster.yml", "inventories", "../a.cluster.yml"],
        playbook="mine.yml",
        awx_image="",
        awx_project_url="",
        secrets={"ANSIBLE_VAULT": "x", "tower": "y"},
    )
    schedule.fails("schedule_interval: 90: ", "schedule_awx_inventories: is empty", interval=90, awx_inventories=[])
    assert controller.requests == []


def test_who_does_not_get_through_to_awx_is_told_why(schedule: Scheduler, controller: Awx) -> None:
    schedule.fails(f"{controller.url}: AWX lets in neither schedule_awx_token nor", "(HTTP 401)", awx_token="wrong")
    controller.fault = status(404)
    schedule.fails("is not the address of AWX (HTTP 404)")
    schedule.fails("http://127.0.0.1:9: ", "Connection refused", awx_host="http://127.0.0.1:9", state="absent")
    schedule.fails("schedule_awx_host: ", "is empty, give the address of AWX", awx_host="")
    controller.fault = status(500)
    schedule.fails("HTTP Error 500")
    assert controller.made == []


def test_whoever_has_no_awx_awx_is_told_where_it_is(schedule: Scheduler, tmp_path: Path) -> None:
    schedule.ansible = Ansible(tmp_path)
    schedule.fails("needs the collection awx.awx on the control host", "ansible-galaxy collection install")
