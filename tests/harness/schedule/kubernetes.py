# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``schedule`` with its backend kubernetes, run by the playbook that comes with it.

schedule = Schedule(ansible, loop=True, secrets={"CHAT_COOKIE": COOKIE})
schedule.topologies({"chat": {"strategy": "kubernetes", …}})
schedule.run("--check", **connection(api))            # through the API
schedule.rendered()["Deployment", "ops"]              # as files
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.harness.ansible.bundle import with_bundle
from tests.harness.ansible.command import Ansible, Run
from tests.harness.kubernetes.api import KubeApi

NAMESPACE = "ops"
NAME = "selfheal"
IMAGE = "registry.example.com/selfheal-ee:1.0.0"


class Schedule:
    """Its ``options`` are those of the role without ``schedule_`` in front."""

    def __init__(self, ansible: Ansible, **options: Any) -> None:
        self.directory = ansible.home / "manifests"
        self.inventory = ansible.home / "app.cluster.yml"
        self.options: dict[str, Any] = {
            "backend": "kubernetes",
            "inventories": [str(self.inventory)],
            "kubernetes_namespace": NAMESPACE,
            "kubernetes_image": IMAGE,
            **options,
        }
        self._ansible = ansible

    def topologies(self, topologies: Mapping[str, Any]) -> None:
        self.inventory.write_text(yaml.safe_dump({"plugin": "selfheal.cluster.nodes", "topologies": dict(topologies)}))

    def run(self, *arguments: str, **options: Any) -> Run:
        file = self._ansible.home / "variables.json"
        file.write_text(json.dumps(self._variables(options)))
        return self._play("-e", f"@{file}", *arguments)

    def run_each(self, cases: Mapping[str, Mapping[str, Any]]) -> Run:
        """One run with a host for each case of options."""
        hosts = {name: self._variables(options) for name, options in cases.items()}
        here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        file = self._ansible.home / "hosts.yml"
        file.write_text(json.dumps({"all": {"hosts": hosts, "vars": here}}))
        return self._play("-i", str(file), "-e", "schedule_hosts=all")

    def _variables(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {f"schedule_{key}": value for key, value in {**self.options, **options}.items()}

    def _play(self, *arguments: str) -> Run:
        # The API's discovery is kept in the directory for temporary files.
        environment = {**with_bundle(), "TMPDIR": str(self._ansible.home)}
        return self._ansible.playbook("selfheal.cluster.schedule", *arguments, **environment)

    def rendered(self, **options: Any) -> dict[tuple[str, str], dict[str, Any]]:
        """The manifests, by kind and namespace."""
        self.run(**{"kubernetes_output": str(self.directory), **options}).ok()
        return manifests_in(self.directory)

    def mounted(self, manifests: Mapping[tuple[str, str], dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
        """What the pod finds, by kind and name, with the Secret that somebody else has made."""
        data = {key: base64.b64encode(value.encode()).decode() for key, value in self.options["secrets"].items()}
        return {("ConfigMap", NAME): manifests["ConfigMap", NAMESPACE], ("Secret", NAME): {"data": data}}


def manifests_in(directory: Path) -> dict[tuple[str, str], dict[str, Any]]:
    found = [yaml.safe_load(file.read_text()) for file in directory.glob("*.yml")]
    return {(body["kind"], body["metadata"]["namespace"]): body for body in found}


def connection(api: KubeApi) -> dict[str, Any]:
    """The options that lead to the API."""
    return {f"kubernetes_{key}": value for key, value in api.auth.items()}
