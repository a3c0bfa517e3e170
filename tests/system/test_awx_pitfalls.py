# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the backend awx has to get right: the double refuses, and passes over, what AWX 24.6.1 does."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.awx.api import API, TOKEN, Awx, awx
from tests.harness.paths import ROOT

_URL = "https://git.test/clusters.git"
_DUE = "DTSTART:20260101T000000Z RRULE:FREQ=MINUTELY;INTERVAL=1"


class Client:
    """With a project, an inventory and a job template."""

    def __init__(self, controller: Awx, directory: Path) -> None:
        self.controller = controller
        shutil.copytree(ROOT / "docs" / "examples" / "awx", directory / "repository")
        controller.repositories[_URL] = directory / "repository"
        self.organization = self.post("organizations", name="clusters")["id"]
        self.project = self._project()
        self.inventory = self.post("inventories", name="clusters", organization=self.organization)["id"]
        self.template = self.post("job_templates", **self.job_template(inventory=self.inventory))["id"]

    def post(self, path: str, **data: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._request("POST", path, data))
        return answer

    def get(self, path: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._request("GET", path))
        return answer

    def refused(self, path: str, **data: Any) -> str:
        with pytest.raises(urllib.error.HTTPError) as caught:
            self._request("POST", path, data)
        return str(json.loads(caught.value.read()))

    def updated(self, kind: str, number: int) -> str:
        """The log of an update that has ended."""
        update = self.post(f"{kind}/{number}/update")
        path = update["url"].removeprefix(API).rstrip("/")
        statuses = [update["status"]]
        while statuses[-1] in ("pending", "running"):
            statuses.append(self.get(path)["status"])
        assert statuses[-2:] in (["running", "successful"], ["running", "failed"]), statuses
        return f"{statuses[-1]}: {self._request('GET', f'{path}/stdout')}"

    def _project(self) -> int:
        project = self.post(
            "projects", name="clusters", organization=self.organization, scm_type="git", scm_url=_URL
        )["id"]  # fmt: skip
        assert self.updated("projects", project).startswith("successful")
        return int(project)

    def job_template(self, **fields: Any) -> dict[str, Any]:
        return {"name": "converge", "project": self.project, "playbook": "converge.yml", **fields}

    def _request(self, method: str, path: str, data: Any = None) -> str:
        body = None if data is None else json.dumps(data).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.controller.url}{API}{path}/", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with awx() as controller:
        yield Client(controller, tmp_path)


def test_schedules(client: Client) -> None:
    def refused(rrule: str = _DUE, **fields: Any) -> str:
        return client.refused(
            "schedules", **{"name": "x", "unified_job_template": client.template, "rrule": rrule, **fields}
        )

    assert "SECONDLY is not supported" in refused(_DUE.replace("MINUTELY", "SECONDLY"))
    assert "INTERVAL required in rrule" in refused(_DUE.replace(";INTERVAL=1", ""))
    assert "One or more rule required in rrule" in refused(_DUE.replace("RRULE:", ""))
    assert "DTSTART cannot be a naive datetime" in refused(_DUE.replace("Z ", " "))
    assert "Valid DTSTART required" in refused("RRULE:FREQ=MINUTELY;INTERVAL=1")
    assert "Prompt on Launch" in refused(extra_data={"x": 1})
    assert "not configured to prompt on launch" in refused(limit="chat")
    without = client.post("job_templates", **client.job_template(name="no inventory"))["id"]
    assert "inventory is missing or undefined" in refused(unified_job_template=without)
    assert client.post("schedules", name="x", unified_job_template=client.template, rrule=_DUE)["enabled"] is True


def test_credentials(client: Client) -> None:
    def of(env: dict[str, str], **fields: Any) -> dict[str, Any]:
        inputs = {"fields": [{"id": "COOKIE", "label": "COOKIE", "secret": True}]}
        injectors = {"file": {"template.COOKIE": "{{ COOKIE }}"}, "env": env}
        return {"name": "cookie", "kind": "cloud", "inputs": inputs, "injectors": injectors, **fields}

    path = "{{ tower.filename.COOKIE }}"
    assert "may affect Ansible configuration" in client.refused("credential_types", **of({"ANSIBLE_COOKIE": path}))
    assert "undefined field" in client.refused("credential_types", **of({"COOKIE_FILE": "{{ tower.filename.OTHER }}"}))
    assert "Must be 'cloud' or 'net'" in client.refused("credential_types", **of({}, kind="ssh"))
    made = client.post("credential_types", **of({"COOKIE_FILE": path}))
    shown = client.post("credentials", name="cookie", credential_type=made["id"], inputs={"COOKIE": "hush"})
    assert shown["inputs"] == {"COOKIE": "$encrypted$"}
    assert "unexpected" in client.refused("credentials", name="x", credential_type=made["id"], inputs={"OTHER": "x"})


def test_inventory_sources(client: Client) -> None:
    manual = client.post("projects", name="manual", organization=client.organization)["id"]
    fields = {"name": "x", "inventory": client.inventory, "source": "scm", "source_path": "chat.cluster.yml"}
    assert "manual project" in client.refused("inventory_sources", source_project=manual, **fields)
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": "/runner/requirements_collections",
        "SELFHEAL_CLUSTER_DISCOVER": "false",
    }

    def updated(**given: str) -> str:
        source = client.post(
            "inventory_sources", source_project=client.project, source_vars=json.dumps(given), **fields
        )
        return client.updated("inventory_sources", source["id"])

    # Without a Galaxy credential the update of the project succeeds, and has passed over its requirements
    assert "unknown plugin" in updated(**environment)
    galaxy = client.controller.one("credentials", name="Ansible Galaxy")["id"]
    client.controller.get("organizations", client.organization)["galaxy_credentials"] = [galaxy]
    assert client.updated("projects", client.project).startswith("successful")
    assert "unknown plugin" in updated(SELFHEAL_CLUSTER_DISCOVER="false")
    assert updated(**environment).startswith("successful")


def test_job_templates(client: Client) -> None:
    assert "Playbook not found" in client.refused("job_templates", **client.job_template(playbook="other.yml"))
    # A second update leaves a project that failed as it is, which is why the role looks
    del client.controller.repositories[_URL]
    assert "not found" in client.updated("projects", client.project)
    assert client.get(f"projects/{client.project}")["status"] == "failed"
