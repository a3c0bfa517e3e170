# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory files, and what Ansible makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.harness.ansible.command import Ansible, Run
from tests.harness.dns.faults import FaultyNameserver
from tests.harness.dns.nameserver import Nameserver

SECRET = "a-cookie-nobody-may-see"
TEMPLATE_TEXT = "{{ 1 + 1 }}"


def static(*nodes: Any, **options: Any) -> dict[str, Any]:
    return {"strategy": "static", "config": {"nodes": list(nodes)}, **options}


def dns(server: Nameserver | FaultyNameserver, query: str = "app.example.test", **options: Any) -> dict[str, Any]:
    return {"strategy": "dns", "config": {**server.config, "query": query, "node_basename": "app"}, **options}


def write(directory: Path, topologies: dict[str, Any] | str, name: str = "app.cluster.yml", **options: Any) -> Path:
    """An inventory file; topologies may be YAML text, for tags."""
    file = directory / name
    head = yaml.safe_dump({"plugin": "selfheal.cluster.nodes", **options})
    text = topologies if isinstance(topologies, str) else yaml.safe_dump(topologies)
    body = "".join(f"  {line}\n" for line in text.splitlines())
    file.write_text(f"{head}topologies:\n{body}")
    return file


def bare(value: Any) -> Any:
    """Without the marks that ansible-inventory puts around what is not trusted as a template."""
    if isinstance(value, dict):
        return (
            bare(value["__ansible_unsafe"])
            if set(value) == {"__ansible_unsafe"}
            else {key: bare(inner) for key, inner in value.items()}
        )
    return [bare(inner) for inner in value] if isinstance(value, list) else value


def is_untrusted(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"__ansible_unsafe"}


def evaluate(ansible: Ansible, file: Path, host: str, expression: str, *arguments: str) -> Any:
    task = {"ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"}}
    run = ansible.playbook([{"hosts": host, "gather_facts": False, "tasks": [task]}], "-i", str(file), *arguments)
    return run.ok().of(host, "ansible.builtin.debug")["msg"]


def listed(ansible: Ansible, file: Path, **environment: str) -> tuple[Run, dict[str, Any]]:
    """Also where the source fails."""
    run = ansible.run("ansible-inventory", "--list", "-i", str(file), **environment)
    return run, json.loads(run.stdout)
