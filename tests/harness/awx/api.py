# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of AWX 24.6.1 as the modules of ``awx.awx`` use it, since no package has AWX.

with awx() as controller:
    controller.url, controller.token                      # who has it, or the user and the password, is let in
    controller.repositories["https://git.test/x"] = path  # what git has there; what is not here cannot be cloned
    controller.all("projects")                            # the objects of a kind, in the order in which they were made
    controller.made                                       # the kinds, in that order
    controller.secrets("selfheal")                        # the inputs of a credential, which the API never shows
    controller.jobs_to_wait_for = 2                       # as many attempts to remove a job template are refused
    controller.fault = status(500)                        # see tests.harness.http_service

It keeps what it is given and refuses what AWX refuses (``tests.harness.awx.rules``); its updates are pending, then
running, then successful or failed, a step each request (``tests.harness.awx.updates``). It starts no jobs;
``tests.harness.awx.jobs`` runs them.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.harness.awx.rules import DEFAULTS, Refusal, check, hidden, kept_secrets
from tests.harness.awx.updates import advance, start_update
from tests.harness.http_service import Handler, HttpService, running

API = "/api/v2/"
USER, PASSWORD = "admin", "a-password-of-the-tests"
TOKEN = "a-token-of-the-tests"

_TYPES = {
    "organizations": "organization",
    "execution_environments": "execution_environment",
    "credential_types": "credential_type",
    "credentials": "credential",
    "projects": "project",
    "inventories": "inventory",
    "inventory_sources": "inventory_source",
    "job_templates": "job_template",
    "schedules": "schedule",
    "hosts": "host",
    "project_updates": "project_update",
    "inventory_updates": "inventory_update",
    "teams": "team",
    "users": "user",
    "notification_templates": "notification_template",
    "workflow_job_templates": "workflow_job_template",
}
_UNIFIED = ("projects", "inventory_sources", "job_templates")
_OF = {"organization": "organizations", "unified_job_template": "job_templates"}
_ASSOCIATIONS = {("organizations", "galaxy_credentials"), ("job_templates", "credentials")}


class Awx(HttpService):
    def __init__(self) -> None:
        super().__init__()
        self.token = TOKEN
        self.tokens = {TOKEN}
        self.repositories: dict[str, Path] = {}
        self.made: list[str] = []
        self.jobs_to_wait_for = 0
        self._objects: dict[str, dict[int, dict[str, Any]]] = {kind: {} for kind in _TYPES}
        self._last = 0
        galaxy = self.add("credential_types", {"name": "Ansible Galaxy/Automation Hub API Token", "managed": True})
        self.add("credentials", {"name": "Ansible Galaxy", "credential_type": galaxy["id"], "managed": True})
        self.made.clear()

    def all(self, kind: str) -> list[dict[str, Any]]:
        return list(self._objects[kind].values())

    def one(self, kind: str, **fields: Any) -> dict[str, Any]:
        (found,) = [item for item in self.all(kind) if all(item[key] == value for key, value in fields.items())]
        return found

    def get(self, kind: str, number: Any) -> dict[str, Any]:
        if number not in self._objects[kind]:
            raise Refusal(404, {"detail": "Not found."})
        return self._objects[kind][number]

    def secrets(self, credential: str) -> dict[str, str]:
        return dict(self.one("credentials", name=credential)["inputs"])

    def add(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        """An object as AWX makes it, once it was found to be right."""
        self._last += 1
        url = f"{API}{kind}/{self._last}/"
        item = {"id": self._last, "type": _TYPES[kind], "url": url, **DEFAULTS.get(kind, {}), **data}
        item["related"] = {"update": f"{url}update/"}
        self._objects[kind][self._last] = item
        self.made.append(kind)
        if item.get("scm_type"):
            start_update(self, kind, item)
        return item

    def remove(self, kind: str, number: int) -> None:
        """With what is in it, and from what uses it."""
        del self._objects[kind][number]
        inside = {
            "organizations": [(other, "organization") for other in _TYPES],
            "inventories": [("inventory_sources", "inventory"), ("hosts", "inventory")],
            "job_templates": [("schedules", "unified_job_template")],
        }
        for other, field in inside.get(kind, []):
            for item in [item for item in self.all(other) if item.get(field) == number]:
                self.remove(other, item["id"])
        for item in self.all("job_templates") + self.all("organizations"):
            for field in ("credentials", "galaxy_credentials"):
                if kind == "credentials" and number in item.get(field, []):
                    item[field].remove(number)

    def respond(self, handler: Handler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        path, _mark, query = handler.path.partition("?")
        advance(self)
        try:
            self._authenticate(handler, path)
            code, answer = self._answer(
                handler.command, path, dict(urllib.parse.parse_qsl(query)), json.loads(body or b"{}")
            )
        except Refusal as refusal:
            code, answer = refusal.code, refusal.body
        product = {"X_API_Product_Name": "AWX", "X_API_Product_Version": "24.6.1"}
        if isinstance(answer, str):
            handler.answer(code, answer.encode(), **product)
        else:
            handler.answer(code, b"" if code == 204 else json.dumps(answer).encode(), "application/json", **product)

    def _authenticate(self, handler: Handler, path: str) -> None:
        scheme, _blank, given = (handler.headers.get("Authorization") or "").partition(" ")
        if scheme == "Bearer" and given in self.tokens:
            return
        if scheme == "Basic" and base64.b64decode(given).decode() == f"{USER}:{PASSWORD}":
            return
        raise Refusal(401, {"detail": "Authentication credentials were not provided. To establish a login session, "
                            "visit /api/login/."})  # fmt: skip

    def _answer(self, method: str, path: str, query: dict[str, str], data: dict[str, Any]) -> tuple[int, Any]:
        if path == f"{API}me/":
            return 200, _list([{"id": 1, "type": "user", "username": USER}])
        if found := re.fullmatch(rf"{API}tokens/(\d*)/?", path):
            return self._tokens(method, found[1])
        found = re.fullmatch(rf"{API}(\w+)/(?:(\d+)/)?(?:(\w+)/)?", path)
        if not found or found[1] not in (*_TYPES, "unified_job_templates"):
            raise Refusal(404, {"detail": "The requested resource could not be found."})
        kind, number, part = found[1], found[2], found[3]
        if number and part:
            return self._part(method, kind, int(number), part, data)
        if number:
            return self._one(method, kind, int(number), data)
        if method == "POST":
            check(self, kind, data, {})
            return 201, self._shown(kind, self.add(kind, kept_secrets(kind, data, {})))
        return 200, _list([self._shown(kind, item) for item in self._filtered(kind, query)])

    def _tokens(self, method: str, number: str) -> tuple[int, Any]:
        if method == "POST":
            self._last += 1
            token = f"{TOKEN}-{self._last}"
            self.tokens.add(token)
            return 201, {"id": self._last, "token": token}
        self.tokens.discard(f"{TOKEN}-{number}")
        return 204, None

    def _one(self, method: str, kind: str, number: int, data: dict[str, Any]) -> tuple[int, Any]:
        item = self.get(kind, number)
        if method == "PATCH":
            check(self, kind, data, item)
            before = {key: item.get(key) for key in ("scm_url", "scm_branch")}
            item.update(kept_secrets(kind, data, item))
            if kind == "projects" and before != {key: item.get(key) for key in before}:
                start_update(self, kind, item)
        elif method == "DELETE":
            self._check_removal(kind, item)
            self.remove(kind, number)
            return (202, {}) if kind == "inventories" else (204, None)
        return 200, self._shown(kind, item)

    def _check_removal(self, kind: str, item: dict[str, Any]) -> None:
        if kind == "credential_types" and any(c["credential_type"] == item["id"] for c in self.all("credentials")):
            raise Refusal(403, {"detail": "Credential types that are in use cannot be deleted"})
        if kind == "job_templates" and self.jobs_to_wait_for:
            self.jobs_to_wait_for -= 1
            jobs = [{"id": 1, "type": "job"}]
            raise Refusal(409, {"error": "Resource is being used by running jobs.", "active_jobs": jobs})

    def _part(self, method: str, kind: str, number: int, part: str, data: dict[str, Any]) -> tuple[int, Any]:
        item = self.get(kind, number)
        if part == "update" and method == "POST":
            return 202, self._shown(f"{item['type']}_updates", start_update(self, kind, item))
        if part == "stdout":
            return 200, item["stdout"]
        if (kind, part) in _ASSOCIATIONS:
            associated = item.setdefault(part, [])
            if method == "POST":
                self.get("credentials", data["id"])
                associated.remove(data["id"]) if data.get("disassociate") else associated.append(data["id"])
                return 204, None
            return 200, _list([self._shown("credentials", self.get("credentials", one)) for one in associated])
        field = "inventory_source" if kind == "inventory_sources" else item["type"]
        members = [one for one in self.all(part) if self._value(one, field) == number]
        if method == "DELETE":
            for one in members:
                self.remove(part, one["id"])
            return 204, None
        return 200, _list([self._shown(part, one) for one in members])

    def _filtered(self, kind: str, query: dict[str, str]) -> list[dict[str, Any]]:
        kinds = _UNIFIED if kind == "unified_job_templates" else (kind,)
        either = {key[4:]: value for key, value in query.items() if key.startswith("or__")}
        every = {key: value for key, value in query.items() if key not in ("page_size",) and key[:4] != "or__"}
        return [
            item
            for one in kinds
            for item in self.all(one)
            if all(str(self._value(item, key)) == value for key, value in every.items())
            and (not either or any(str(self._value(item, key)) == value for key, value in either.items()))
        ]

    def _value(self, item: dict[str, Any], key: str) -> Any:
        if key == "organization" and item["type"] == "job_template":
            return self.get("projects", item["project"])["organization"]
        first, _mark, rest = key.partition("__")
        if rest:
            number = self._value(item, first)
            return number and self.get(_OF[first], number)[rest]
        return item.get(first)

    def _shown(self, kind: str, item: dict[str, Any]) -> dict[str, Any]:
        shown = {**item, **({"inputs": hidden(self, item)} if kind == "credentials" else {}), "summary_fields": {}}
        shown.pop("stdout", None)
        return shown


def _list(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"count": len(items), "next": None, "previous": None, "results": items}


@contextmanager
def awx() -> Iterator[Awx]:
    with running(Awx()) as controller:
        yield controller
