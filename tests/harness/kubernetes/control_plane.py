# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other half of the Kubernetes double: API discovery, and the objects that whoever deploys something writes.

    with kube_api() as api:
        control = controlled(api, "ops", "prod")              # these namespaces are there
        ansible.module("kubernetes.core.k8s", definition=…, apply=True, server_side_apply={…}, **api.auth)
        control.objects["ConfigMap", "ops", "selfheal"]

It gets, lists, creates and deletes, and it takes server-side apply, with dry runs: what a manager no longer applies
goes, what it never applied stays, what others have changed is a conflict unless forced, and an apply that changes
nothing leaves the resourceVersion. As a real server does, it refuses what the published schema refuses
(kubernetes-validate), and fills in defaults.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import kubernetes_validate
import yaml
from aiohttp import web

from tests.harness.kubernetes.double import KubeDouble
from tests.harness.kubernetes.server import status

Key = tuple[str, str, str]
Path = tuple[str, ...]


class _Resource(NamedTuple):
    group: str
    plural: str
    kind: str


RESOURCES = (
    _Resource("", "configmaps", "ConfigMap"),
    _Resource("", "secrets", "Secret"),
    _Resource("", "serviceaccounts", "ServiceAccount"),
    _Resource("apps", "deployments", "Deployment"),
    _Resource("batch", "cronjobs", "CronJob"),
    _Resource("rbac.authorization.k8s.io", "rolebindings", "RoleBinding"),
    _Resource("rbac.authorization.k8s.io", "roles", "Role"),
)
_PATH = re.compile(r"/(?:api|apis/([^/]+))/v1/namespaces/([^/]+)/([^/]+)(?:/([^/]+))?")
_NAMESPACE = re.compile(r"/api/v1/namespaces(?:/([^/]+))?")
_POD_DEFAULTS = {"dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30}
_CONTAINER_DEFAULTS = {"imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log"}


@dataclass
class Control:
    """``objects`` as they are stored; ``writes``: verb, kind, namespace and name of each that was no dry run."""

    namespaces: set[str]
    version: str
    objects: dict[Key, dict[str, Any]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    _applied: dict[Key, dict[str, Any]] = field(default_factory=dict)
    _revision: int = 100

    def real(self, namespace: str) -> str:
        """What a namespace of the test is called there."""
        return namespace

    def forget_writes(self) -> None:
        self.writes.clear()

    def as_seen(self, writes: Sequence[str]) -> list[str]:
        """These writes as ``writes`` has them: in this order."""
        return list(writes)

    def put(self, body: Mapping[str, Any]) -> None:
        """As somebody else makes something."""
        self.objects[body["kind"], body["metadata"]["namespace"], body["metadata"]["name"]] = dict(body)

    def edit(self, kind: str, namespace: str, name: str, path: Path, value: Any) -> None:
        """As somebody else does with another tool."""
        target: Any = self.objects[kind, namespace, name]
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    async def answer(self, raw: web.BaseRequest) -> web.StreamResponse | None:
        """None where it is not for this half of the double."""
        if raw.method == "GET" and (found := _discovery(raw.path)):
            return web.json_response(found)
        if match := _NAMESPACE.fullmatch(raw.path):
            return self._namespace(match[1] or (await raw.json())["metadata"]["name"], raw.method)
        match = _PATH.fullmatch(raw.path)
        resource = match and _resource(match[1] or "", match[3])
        if not match or not resource:
            return None
        if raw.method == "POST":
            return self._create(resource, match[2], await raw.json())
        if not match[4]:
            return web.json_response(self._listed(resource, match[2]))
        key = (resource.kind, match[2], match[4])
        if raw.method == "PATCH":
            return self._patch(key, resource, raw, yaml.safe_load(await raw.text()))
        if key not in self.objects:
            return status(404, "NotFound", f'{resource.plural} "{match[4]}" not found')
        if raw.method == "DELETE":
            return self._delete(key, raw)
        return web.json_response(self.objects[key])

    def _delete(self, key: Key, raw: web.BaseRequest) -> web.StreamResponse:
        answer = web.json_response(self.objects[key])
        if not _is_dry(raw):
            self.writes.append(f"delete {' '.join(key)}")
            del self.objects[key]
            self._applied.pop(key, None)
        return answer

    def _namespace(self, name: str, method: str) -> web.StreamResponse:
        """With all that is in it, as far as it is kept here."""
        if method == "POST":
            self.namespaces.add(name)
        elif name not in self.namespaces:
            return status(404, "NotFound", f'namespaces "{name}" not found')
        elif method == "DELETE":
            self.namespaces.remove(name)
            for key in [key for key in self.objects if key[1] == name]:
                del self.objects[key]
                self._applied.pop(key, None)
        return web.json_response({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def _create(self, resource: _Resource, namespace: str, body: dict[str, Any]) -> web.StreamResponse:
        key = (resource.kind, namespace, body["metadata"]["name"])
        if key in self.objects:
            return status(409, "AlreadyExists", f'{resource.plural} "{key[2]}" already exists')
        version = f"{resource.group}/v1".lstrip("/")
        body = {"apiVersion": version, **body, "kind": resource.kind}
        self._revision += 1
        more = {"namespace": namespace, "uid": str(uuid.uuid4()), "resourceVersion": str(self._revision)}
        self.objects[key] = {**body, "metadata": {**body["metadata"], **more}}
        return web.json_response(self.objects[key], status=201)

    def _listed(self, resource: _Resource, namespace: str) -> dict[str, Any]:
        items = [body for key, body in self.objects.items() if key[:2] == (resource.kind, namespace)]
        version = f"{resource.group}/v1".lstrip("/")
        return {"apiVersion": version, "kind": f"{resource.kind}List", "metadata": {}, "items": items}

    def _patch(self, key: Key, resource: _Resource, raw: web.BaseRequest, wanted: dict[str, Any]) -> web.StreamResponse:
        if raw.content_type != "application/merge-patch+json" or key not in self.objects:
            return self._apply(key, resource, raw, wanted)
        for path, value in _leaves(wanted):
            self.edit(*key, path, value)
        self._revision += 1
        self.objects[key]["metadata"]["resourceVersion"] = str(self._revision)
        return web.json_response(self.objects[key])

    def _apply(self, key: Key, resource: _Resource, raw: web.BaseRequest, wanted: dict[str, Any]) -> web.StreamResponse:
        kind, namespace, name = key
        if raw.content_type != "application/apply-patch+yaml" or not raw.query.get("fieldManager"):
            return status(415, "UnsupportedMediaType", "the double takes server-side apply and no other patch")
        if namespace not in self.namespaces:
            return status(404, "NotFound", f'namespaces "{namespace}" not found')
        try:
            kubernetes_validate.validate(wanted, self.version, strict=True)
        except kubernetes_validate.ValidationError as error:
            return status(422, "Invalid", f'{kind} "{name}" is invalid: {error.message}')
        before, applied = self.objects.get(key), self._applied.get(key, {})
        foreign = {path for path, value in _leaves(applied) if before and _at(before, path) != value}
        conflicts = [
            path
            for path, value in _leaves(wanted)
            if path in foreign and value != _at(before, path) and not isinstance(value, list)
        ]
        if conflicts and raw.query.get("force") != "true":
            return status(409, "Conflict", f"Apply failed with {len(conflicts)} conflicts: {conflicts}")
        after = _merged(before or {}, applied, wanted)
        _fill_in(after)
        if before is None:
            after["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": "2026-01-01T00:00:00Z"}
        if after != before:
            after["metadata"]["resourceVersion"] = str(self._revision + 1)
        if not _is_dry(raw):
            if after != before:
                self._revision += 1
                self.writes.append(f"apply {' '.join(key)}")
            self.objects[key], self._applied[key] = after, wanted
        return web.json_response(after, status=200 if before else 201)


def controlled(api: KubeDouble, *namespaces: str, version: str = kubernetes_validate.latest_version()) -> Control:
    """:param version: of Kubernetes, whose schemas objects have to fit."""
    control = Control(set(namespaces), version)
    api.serve(control.answer)
    return control


def _resource(group: str, plural: str) -> _Resource | None:
    return next((one for one in RESOURCES if (one.group, one.plural) == (group, plural)), None)


def _is_dry(raw: web.BaseRequest) -> bool:
    return raw.query.get("dryRun") == "All"


def _discovery(path: str) -> dict[str, Any] | None:
    groups = sorted({resource.group for resource in RESOURCES} - {""})
    if path == "/version":
        return {"major": "1", "minor": "36", "gitVersion": "v1.36.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        versions = {group: {"groupVersion": f"{group}/v1", "version": "v1"} for group in groups}
        listed = [
            {"name": group, "versions": [version], "preferredVersion": version} for group, version in versions.items()
        ]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    for group in ["", *groups]:
        if path == (f"/apis/{group}/v1" if group else "/api/v1"):
            return {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": f"{group}/v1".lstrip("/"),
                "resources": [
                    {
                        "name": one.plural,
                        "singularName": one.kind.lower(),
                        "namespaced": True,
                        "kind": one.kind,
                        "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
                    }
                    for one in RESOURCES
                    if one.group == group
                ],
            }
    return None


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Lists are taken as a whole, as a server takes those that have no keys."""
    if isinstance(value, Mapping) and (value or not path):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    else:
        yield path, value


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _merged(before: Mapping[str, Any], applied: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    after: dict[str, Any] = copy.deepcopy(dict(before))
    kept = {path for path, _value in _leaves(wanted)}
    for path, _value in _leaves(applied):
        if path not in kept:
            _at(after, path[:-1]).pop(path[-1], None)
    for path, value in _leaves(wanted):
        target = after
        for key in path[:-1]:
            target = target.setdefault(key, {})
        target[path[-1]] = copy.deepcopy(value)
    return after


def _fill_in(body: dict[str, Any]) -> None:
    """Some of the defaults that a server writes into what it stores."""
    spec = body.get("spec", {})
    if body["kind"] == "Deployment":
        spec.setdefault("progressDeadlineSeconds", 600)
    if body["kind"] == "CronJob":
        spec.setdefault("suspend", False)
        spec = spec["jobTemplate"]["spec"]
    if "template" in spec:
        pod = spec["template"]["spec"]
        pod.update({**_POD_DEFAULTS, **pod})
        for container in pod["containers"]:
            container.update({**_CONTAINER_DEFAULTS, **container})
        for volume in pod["volumes"]:
            if "configMap" in volume:
                volume["configMap"].setdefault("defaultMode", 420)


def dump(objects: Mapping[Key, Any]) -> str:
    """For messages of failed assertions."""
    return json.dumps({" ".join(key): value for key, value in objects.items()}, indent=1)
