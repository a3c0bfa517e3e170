# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX does with the objects of ``api`` when a schedule is due, with ansible-runner as AWX has it.

    jobs = Jobs(controller, tmp_path)
    jobs.update_inventory("chat.cluster.yml")             # hosts of the inventory, or UpdateFailed and they stay
    one, two = jobs.launch("selfheal")                    # a job for each slice, or for the whole inventory
    one.status, one.stats, one.output, one.files          # "successful", …, its output, and whatever it left behind

The directory of a job is laid out as AWX 24.6.1 lays it out (awx/main/tasks/jobs.py); there it is /runner in the
container of the execution environment, and here there is no container. The collection is where AWX installs those of
the project's collections/requirements.yml.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from tests.harness.awx.api import Awx
from tests.harness.paths import ROOT

_CONTAINER = "/runner"
_PLACES = "~/.ansible/collections:/usr/share/ansible/collections"
_BLOCKED = ("HOME", "USER", "_", "TERM", "PATH")


class UpdateFailed(Exception):
    """An update of an inventory failed, so that AWX starts no job."""


@dataclass(frozen=True)
class Job:
    status: str
    stats: Mapping[str, Any]
    output: str
    files: Mapping[Path, bytes]

    @property
    def changed(self) -> dict[str, int]:
        return dict(self.stats["changed"])


class Jobs:
    def __init__(self, controller: Awx, directory: Path) -> None:
        self._controller = controller
        self._directory = directory / "awx"
        self._number = 0
        self._hosts: dict[str, dict[str, Any]] = {}

    def hosts(self) -> dict[str, dict[str, Any]]:
        """Name to variables."""
        return dict(self._hosts)

    def update_inventory(self, path: str, **environment: str) -> None:
        """
        :param environment: of the update, beside the source's own.
        :raises UpdateFailed: with its output. No host has changed.
        """
        source = self._controller.one("inventory_sources", source_path=path)
        root = self._runner_directory(source["source_project"])
        given = {**json.loads(source["source_vars"]), **environment}
        env = {
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
            "ANSIBLE_INVENTORY_EXPORT": "True",
            "ANSIBLE_VERBOSE_TO_STDERR": "True",
            # The plural alone, which ansible-core does not know any more
            "ANSIBLE_COLLECTIONS_PATHS": f"{root}/requirements_collections:{_PLACES}",
            **{key: value.replace(_CONTAINER, str(root)) for key, value in given.items() if key not in _BLOCKED},
        }
        output = root / "artifacts" / "output.json"
        inventory = root / "project" / path
        arguments = ("--list", "--export", "-i", inventory, "--output", output, "--playbook-dir", inventory.parent)
        done = self._run_command(root, env, "ansible-inventory", *arguments)
        if done.returncode:
            raise UpdateFailed(done.stdout + done.stderr)
        self._import(source, json.loads(output.read_text()))

    def launch(self, template: str, **prompts: Any) -> list[Job]:
        """What a schedule starts: the updates that are due, then the job, or one for each slice.

        :param prompts: ``limit`` and ``job_slice_count`` of a launch by hand, if the template asks for them.
        :raises UpdateFailed: no job was started.
        """
        wanted = self._controller.one("job_templates", name=template)
        assert all(wanted.get(f"ask_{prompt}_on_launch") for prompt in prompts), "AWX would pass over it"
        wanted = {**wanted, **prompts}
        for source in self._controller.all("inventory_sources"):
            if source["inventory"] == wanted["inventory"] and source["update_on_launch"]:
                self.update_inventory(source["source_path"])
        count = max(1, min(wanted["job_slice_count"], len(self._hosts)))
        names = sorted(self._hosts)
        return [self._run(wanted, names[number::count]) for number in range(count)]

    def _run(self, template: Mapping[str, Any], hosts: list[str]) -> Job:
        root = self._runner_directory(template["project"])
        env = {"ANSIBLE_COLLECTIONS_PATH": f"{root}/requirements_collections:{_PLACES}"}
        for number in template.get("credentials", []):
            env |= self._inject(self._controller.get("credentials", number), root)
        inventory = self._inventory_script(root, hosts)
        options = f"--forks {template['forks']}" + (f" --limit {template['limit']}" if template["limit"] else "")
        (root / "env" / "cmdline").write_text(options)
        (root / "env" / "extravars").write_text(json.dumps({"awx_job_template_name": template["name"]}))
        (root / "env" / "envvars").write_text(json.dumps(env))
        arguments = ("--ident", "job", "--inventory", inventory, "--playbook", template["playbook"], "--quiet")
        self._run_command(root, {}, "ansible-runner", "run", root, *arguments)
        return _job(root / "artifacts" / "job")

    def _runner_directory(self, project: int) -> Path:
        self._number += 1
        root = self._directory / f"awx_{self._number}"
        for part in ("inventory", "env", "artifacts"):
            (root / part).mkdir(parents=True)
        repository = self._controller.repositories[self._controller.get("projects", project)["scm_url"]]
        shutil.copytree(repository, root / "project")
        (root / "requirements_collections").symlink_to(ROOT / ".build" / "collections")
        return root

    def _run_command(
        self, root: Path, env: Mapping[str, str], command: str, *arguments: object
    ) -> subprocess.CompletedProcess[str]:
        binaries = Path(sys.executable).parent
        return subprocess.run(
            [binaries / command, *(str(argument) for argument in arguments)],
            env={
                "ANSIBLE_HOST_KEY_CHECKING": "False",
                "HOME": str(root / "home"),
                "LANG": "C.UTF-8",
                "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
                **env,
            },
            cwd=root / "project",
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def _import(self, source: Mapping[str, Any], listed: Mapping[str, Any]) -> None:
        """With ``overwrite``: the hosts are those of the update, and no others."""
        self._hosts = {name: vars for name, vars in self._hosts.items() if vars["_source"] != source["id"]}
        for name, variables in listed["_meta"]["hostvars"].items():
            groups = [group for group, content in listed.items() if name in content.get("hosts", [])]
            self._hosts[name] = {"_source": source["id"], "_groups": groups, **variables}

    def _inventory_script(self, root: Path, hosts: list[str]) -> Path:
        """Hosts of one slice, as the program that prints them, which AWX hands to Ansible."""
        data: dict[str, Any] = {"all": {"hosts": [], "children": []}, "_meta": {"hostvars": {}}}
        for name in hosts:
            variables = {key: value for key, value in self._hosts[name].items() if key not in ("_source", "_groups")}
            data["_meta"]["hostvars"][name] = {**variables, "remote_tower_enabled": "true", "remote_tower_id": 1}
            for group in self._hosts[name]["_groups"]:
                data.setdefault(group, {"hosts": []})["hosts"].append(name)
                data["all"]["children"] = sorted({*data["all"]["children"], group})
        script = root / "inventory" / "hosts"
        script.write_text(f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({json.dumps(data)!r})\n")
        script.chmod(0o700)
        return script

    def _inject(self, credential: Mapping[str, Any], root: Path) -> dict[str, str]:
        """Its files, and the variables that say where they are."""
        injectors = self._controller.get("credential_types", credential["credential_type"])["injectors"]
        names: dict[str, str] = {}
        for template, text in injectors["file"].items():
            file = root / "env" / f"tmp{len(names)}"
            file.touch(0o600)
            file.write_text(jinja2.Template(text).render(credential["inputs"]))
            names[template.partition(".")[2]] = str(file)
        return {
            variable: jinja2.Template(text).render(tower={"filename": names})
            for variable, text in injectors["env"].items()
        }


def _job(artifacts: Path) -> Job:
    files = {path: path.read_bytes() for path in artifacts.rglob("*") if path.is_file()}
    events = [json.loads(content) for path, content in files.items() if path.parent.name == "job_events"]
    stats = [event["event_data"] for event in events if event["event"] == "playbook_on_stats"]
    output = (artifacts / "stdout").read_text()
    return Job((artifacts / "status").read_text(), stats[0] if stats else {"changed": {}}, output, files)
