# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is deployed to Kubernetes in tests, be it to the double or to the real cluster that TEST_KUBECONFIG names.

    with any_control("ops", "prod") as (api, control):
        …                                                     # a deployment to control.real("ops")
        control.objects["ConfigMap", "ops", "selfheal"]
        assert control.writes == control.as_seen(["apply ConfigMap ops selfheal"])

On a real cluster the namespaces are throw-away ones, and they have their names of the test in what is read here.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.harness.kubernetes.api import KubeApi
from tests.harness.kubernetes.control_plane import RESOURCES, Control, Key, Path, controlled
from tests.harness.kubernetes.double import KubeDouble, RealCluster, any_kube_api

_NOT_OURS = {"default", "kube-root-ca.crt"}
_OF_THE_SERVER = ("generation", "managedFields")


class RealControl:
    """The part of a :class:`Control` for a real cluster, which tells what is there and not what was done to it."""

    def __init__(self, cluster: RealCluster, namespaces: Mapping[str, str]) -> None:
        self._cluster = cluster
        self._namespaces = namespaces
        self._before = self.objects

    @property
    def objects(self) -> dict[Key, dict[str, Any]]:
        """As the test has written them, without what only the server writes."""
        found = {}
        for resource in RESOURCES:
            for namespace, real in self._namespaces.items():
                listed = self._cluster.request("GET", _path(resource.group, real, resource.plural))
                for item in self._in_names_of_the_test(listed["items"]):
                    if item["metadata"]["name"] not in _NOT_OURS:
                        found[resource.kind, namespace, item["metadata"]["name"]] = _written(item)
        return found

    def _in_names_of_the_test(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        text = json.dumps(items)
        for namespace, real in self._namespaces.items():
            text = text.replace(real, namespace)
        renamed: list[dict[str, Any]] = json.loads(text)
        return renamed

    @property
    def writes(self) -> list[str]:
        """Since they were forgotten, sorted: nobody but the server knows in which order."""
        after = self.objects
        gone = [f"delete {' '.join(key)}" for key in self._before if key not in after]
        return sorted(gone + [f"apply {' '.join(key)}" for key in after if after[key] != self._before.get(key)])

    def forget_writes(self) -> None:
        self._before = self.objects

    def as_seen(self, writes: Sequence[str]) -> list[str]:
        return sorted(writes)

    def real(self, namespace: str) -> str:
        return self._namespaces[namespace]

    def put(self, body: Mapping[str, Any]) -> None:
        namespace = self._namespaces[body["metadata"]["namespace"]]
        (resource,) = (one for one in RESOURCES if one.kind == body["kind"])
        there = {**body, "metadata": {**body["metadata"], "namespace": namespace}}
        self._cluster.request("POST", _path(resource.group, namespace, resource.plural), there)

    def edit(self, kind: str, namespace: str, name: str, path: Path, value: Any) -> None:
        (resource,) = (one for one in RESOURCES if one.kind == kind)
        for step in reversed(path):
            value = {step: value}
        place = _path(resource.group, self._namespaces[namespace], resource.plural)
        self._cluster.request("PATCH", f"{place}/{name}", value)


@contextlib.contextmanager
def any_control(*namespaces: str) -> Iterator[tuple[KubeApi, Control | RealControl]]:
    """An API where these namespaces are, and what is deployed there."""
    with contextlib.ExitStack() as stack:
        api = stack.enter_context(any_kube_api())
        if isinstance(api, RealCluster):
            real = {name: stack.enter_context(api.another_namespace()) for name in namespaces}
            yield api, RealControl(api, real)
        else:
            assert isinstance(api, KubeDouble)
            yield api, controlled(api, *namespaces)


def _path(group: str, namespace: str, plural: str) -> str:
    return f"/{f'apis/{group}' if group else 'api'}/v1/namespaces/{namespace}/{plural}"


def _written(item: dict[str, Any]) -> dict[str, Any]:
    item.pop("status", None)
    for key in _OF_THE_SERVER:
        item["metadata"].pop(key, None)
    return item
