# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates of projects and inventory sources: pending, running, then successful or failed, one at a time."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from tests.harness.awx.api import Awx

REQUIREMENTS = Path("collections/requirements.yml")
COLLECTIONS = "/runner/requirements_collections"
_NEXT = {"pending": "running", "running": "over"}
# AWX looks for plays in every file of a project
_PLAYBOOK = re.compile(r"^\s*-?\s*(hosts|(ansible\.builtin\.)?import_playbook):", re.MULTILINE)


def start_update(awx: Awx, kind: str, item: dict[str, Any]) -> dict[str, Any]:
    """
    :param kind: ``projects`` or ``inventory_sources``.
    """
    which = "project_updates" if kind == "projects" else "inventory_updates"
    update = awx.add(which, {"name": item["name"], "of": (kind, item["id"]), "status": "pending", "failed": False})
    update |= {"event_processing_finished": False, "finished": None, "scm_revision": "", "stdout": ""}
    item["status"] = "pending"
    return update


def advance(awx: Awx) -> None:
    """Whoever asks finds the update that is running, or is the next to run, one step further."""
    waiting = [
        update
        for which in ("project_updates", "inventory_updates")
        for update in awx.all(which)
        if update["status"] in _NEXT
    ]
    if not waiting:
        return
    update = waiting[0]
    kind, number = update["of"]
    item = awx.get(kind, number)
    update["status"] = _NEXT[update["status"]]
    if update["status"] == "over":
        (_update_project if kind == "projects" else _update_source)(awx, item, update)
        update["failed"] = update["status"] == "failed"
        update["event_processing_finished"] = True
        update["finished"] = "2026-01-01T00:00:00Z"
    item["status"] = update["status"]


def _update_project(awx: Awx, project: dict[str, Any], update: dict[str, Any]) -> None:
    directory = awx.repositories.get(project["scm_url"])
    if directory is None:
        reason = f"fatal: repository '{project['scm_url']}/' not found"
        update["stdout"] = (
            f"TASK [Update project using git]\nfatal: [localhost]: FAILED! => {json.dumps({'msg': reason})}\n"
        )
        update["status"] = "failed"
        return
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    digest = hashlib.sha1(b"".join(path.read_bytes() for path in files)).hexdigest()
    update |= {"status": "successful", "scm_revision": digest}
    project |= {
        "scm_revision": digest,
        "playbooks": [str(path.relative_to(directory)) for path in files if _is_playbook(path)],
        "has_collections": (directory / REQUIREMENTS).exists()
        and bool(awx.get("organizations", project["organization"]).get("galaxy_credentials")),
    }


def _is_playbook(path: Path) -> bool:
    return path.suffix == ".yml" and bool(_PLAYBOOK.search(path.read_text()))


def _update_source(awx: Awx, source: dict[str, Any], update: dict[str, Any]) -> None:
    """What AWX's run of ansible-inventory comes to, with an execution environment that does not have the collection."""
    project = awx.get("projects", source["source_project"])
    path = awx.repositories[project["scm_url"]] / source["source_path"]
    environment = json.loads(source["source_vars"] or "{}")
    places = environment.get("ANSIBLE_COLLECTIONS_PATH", "").split(":")
    problem = ""
    if not path.exists():
        problem = f"Unable to parse {source['source_path']} as an inventory source"
    elif COLLECTIONS not in places or not project.get("has_collections"):
        problem = "inventory config specifies unknown plugin 'selfheal.cluster.nodes'"
    elif environment.get("SELFHEAL_CLUSTER_DISCOVER") != "false":
        problem = "topology 'chat': no nameserver answers"
    if problem:
        update |= {"status": "failed", "stdout": f"ansible-inventory [core 2.21.5]\n[ERROR]: {problem}\n"}
        return
    update["status"] = "successful"
    known = [host for host in awx.all("hosts") if host["inventory_source"] == source["id"]]
    for host in known:
        awx.remove("hosts", host["id"])
    for topology in yaml.safe_load(path.read_text())["topologies"]:
        awx.add("hosts", {"name": topology, "inventory": source["inventory"], "inventory_source": source["id"]})
