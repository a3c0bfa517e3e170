# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX 24.6.1 fills in by itself, what it hides, and what it refuses, in its own words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.harness.awx.api import Awx

HIDDEN = "$encrypted$"

DEFAULTS: dict[str, dict[str, Any]] = {
    "organizations": {"description": "", "max_hosts": 0},
    "execution_environments": {"description": "", "organization": None, "credential": None, "pull": ""},
    "credential_types": {"description": "", "kind": "cloud", "inputs": {}, "injectors": {}, "managed": False},
    "credentials": {"description": "", "organization": None, "inputs": {}, "managed": False},
    "projects": {
        "description": "",
        "scm_type": "",
        "scm_branch": "",
        "scm_revision": "",
        "playbooks": [],
        "status": "never updated",
    },
    "inventories": {"description": "", "kind": "", "host_filter": None, "variables": "", "pending_deletion": False},
    "inventory_sources": {"description": "", "source_vars": "", "status": "never updated"},
    "job_templates": {
        "description": "",
        "inventory": None,
        "extra_vars": "",
        "limit": "",
        "job_slice_count": 1,
        "allow_simultaneous": False,
        "ask_inventory_on_launch": False,
        "ask_limit_on_launch": False,
        "ask_variables_on_launch": False,
    },
    "schedules": {"description": "", "enabled": True, "extra_data": {}, "limit": None, "inventory": None},
}

_REQUIRED = {
    "execution_environments": ("name", "image"),
    "credentials": ("name", "credential_type"),
    "inventories": ("name", "organization"),
    "inventory_sources": ("name", "inventory"),
    "schedules": ("name", "unified_job_template", "rrule"),
}


class Refusal(Exception):
    def __init__(self, code: int, body: dict[str, Any]) -> None:
        super().__init__(code, body)
        self.code = code
        self.body = body


def refuse(field: str, *reasons: str) -> None:
    raise Refusal(400, {field: list(reasons)})


def check(awx: Awx, kind: str, data: dict[str, Any], before: dict[str, Any]) -> None:
    """
    :param before: the object that is changed, or nothing if it is a new one.
    :raises Refusal: AWX would not take it.
    """
    for field in _REQUIRED.get(kind, ("name",)):
        if not before and data.get(field) in (None, ""):
            refuse(field, "This field is required.")
    if checker := _CHECKERS.get(kind):
        checker(awx, {**DEFAULTS[kind], **before, **data}, before)


def hidden(awx: Awx, credential: dict[str, Any]) -> dict[str, Any]:
    """The inputs, as the API shows them."""
    fields = awx.get("credential_types", credential["credential_type"])["inputs"].get("fields", [])
    secret = {field["id"] for field in fields if field.get("secret")}
    return {key: HIDDEN if key in secret else value for key, value in credential["inputs"].items()}


def kept_secrets(kind: str, data: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What is stored: a secret that comes back as it is shown stays as it was, and a kind that is null is none."""
    if kind == "inventories":
        return {key: value for key, value in data.items() if (key, value) != ("kind", None)}
    if kind != "credentials" or "inputs" not in data:
        return data
    known = before.get("inputs", {})
    return {**data, "inputs": {key: known[key] if value == HIDDEN else value for key, value in data["inputs"].items()}}


def _check_credential_type(awx: Awx, new: dict[str, Any], before: dict[str, Any]) -> None:
    in_use = before and any(one["credential_type"] == before["id"] for one in awx.all("credentials"))
    if in_use and new["inputs"] != before["inputs"]:
        raise Refusal(403, {"detail": "Modifications to inputs are not allowed for credential types that are in use"})
    if new["kind"] not in ("cloud", "net"):
        refuse("kind", f"Must be 'cloud' or 'net', not {new['kind']}")
    fields = [field["id"] for field in new["inputs"].get("fields", [])]
    for field in fields:
        if not re.fullmatch("[a-zA-Z_]+[a-zA-Z0-9_]*", field):
            refuse("inputs", f"{field} is an invalid variable name")
        if field == "tower":
            refuse("inputs", '"tower" is a reserved field name')
    files = new["injectors"].get("file", {})
    for name, template in files.items():
        if not re.fullmatch(r"template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?", name):
            refuse("injectors", f"{name} is not allowed here")
        _check_template(template, fields, [])
    for name, template in new["injectors"].get("env", {}).items():
        if name.startswith("ANSIBLE_"):
            refuse(
                "injectors",
                f"Environment variable {name} may affect Ansible configuration so its use is not allowed in"
                " credentials.",
            )
        _check_template(template, fields, [file.partition(".")[2] for file in files])


def _check_template(template: str, fields: list[str], files: list[str]) -> None:
    for name in re.findall(r"{{ *(\S+) *}}", template):
        if name not in [*fields, *(f"tower.filename.{file}" if file else "tower.filename" for file in files)]:
            refuse("injectors", f"{name} uses an undefined field")


def _check_credential(awx: Awx, new: dict[str, Any], before: dict[str, Any]) -> None:
    wanted = awx.get("credential_types", new["credential_type"])["inputs"]
    fields = {field["id"] for field in wanted.get("fields", [])}
    if unknown := set(new["inputs"]) - fields:
        refuse("inputs", f"Additional properties are not allowed ({', '.join(sorted(unknown))} was unexpected)")


def _check_inventory_source(awx: Awx, new: dict[str, Any], before: dict[str, Any]) -> None:
    if new.get("source") != "scm":
        return
    if not new.get("source_project"):
        refuse("source_project", "Project required for scm type sources.")
    if not awx.get("projects", new["source_project"])["scm_type"]:
        refuse("source_project", "Cannot use manual project for SCM-based inventory.")


def _check_job_template(awx: Awx, new: dict[str, Any], before: dict[str, Any]) -> None:
    if not new.get("project"):
        refuse("project", "This field is required.")
    if new.get("playbook") not in awx.get("projects", new["project"])["playbooks"]:
        refuse("playbook", "Playbook not found for project.")
    types = [awx.get("credentials", one)["credential_type"] for one in new.get("credentials", [])]
    if len(types) != len(set(types)):
        refuse("credentials", "Cannot assign multiple credentials of the same type.")


def _check_schedule(awx: Awx, new: dict[str, Any], before: dict[str, Any]) -> None:
    if reasons := _rrule_problems(new["rrule"]):
        refuse("rrule", *reasons)
    template = awx.get("job_templates", new["unified_job_template"])
    if template["inventory"] is None and not (new["inventory"] and template["ask_inventory_on_launch"]):
        refuse("resources_needed_to_start", "Job Template inventory is missing or undefined.")
    extra = new["extra_data"] if isinstance(new["extra_data"], dict) else json.loads(new["extra_data"] or "{}")
    if extra and not template["ask_variables_on_launch"]:
        names = ", ".join(extra)
        refuse(
            "extra_data",
            f"Variables {names} are not allowed on launch. Check the Prompt on Launch setting on the Job Template to"
            " include Extra Variables.",
        )
    if new["limit"] and not template["ask_limit_on_launch"]:
        refuse("limit", "Field is not configured to prompt on launch.")


def _rrule_problems(rrule: str) -> list[str]:
    problems = []
    starts = re.findall(r"DTSTART(?:;[^:]+)?:[0-9]+T[0-9]+Z?", rrule)
    if not starts:
        problems.append("Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ")
    if re.search(r"DTSTART:[0-9]+T[0-9]+(?!Z)(?= )", rrule):
        problems.append("DTSTART cannot be a naive datetime.  Specify ;TZINFO= or YYYYMMDDTHHMMSSZZ.")
    if len(starts) > 1:
        problems.append("Multiple DTSTART is not supported.")
    if "rrule:" not in rrule.lower():
        problems.append("One or more rule required in rrule.")
    for rule in re.findall(r"RULE:\S*", rrule):
        if "interval" not in rule.lower():
            problems.append(f"INTERVAL required in rrule: {rule}")
        elif "secondly" in rule.lower():
            problems.append(f"SECONDLY is not supported: {rule}")
    return problems


_CHECKERS = {
    "credential_types": _check_credential_type,
    "credentials": _check_credential,
    "inventory_sources": _check_inventory_source,
    "job_templates": _check_job_template,
    "schedules": _check_schedule,
}
