# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written to a Kubernetes API in tests, be it the double or a real cluster."""

from __future__ import annotations

import contextlib
import json
import uuid
from typing import Any, Iterable, Iterator, Mapping

from kubernetes.client import ApiClient

from tests.harness.kubernetes import objects
from tests.harness.kubernetes.objects import HOLD, OVER_CAPACITY, RESOURCES
from tests.harness.kubernetes.server import OWN_REQUEST


class KubeApi:
    """What the double and a real cluster have in common. ``auth``: the options of ``config`` that lead there."""

    token: str | None = None
    """Of ``auth``, which no output may have."""
    own_requests: Mapping[str, str] = {OWN_REQUEST: "1"}
    """The headers of what is written here and is not under test."""

    def __init__(self, namespace: str, auth: Mapping[str, Any], client: ApiClient) -> None:
        self.namespace = namespace
        self.auth = dict(auth)
        self._client = client

    def add_pod(self, name: str, ip: str | None = None, *, namespace: str | None = None, **more: Any) -> None:
        """``more``: see :func:`tests.harness.kubernetes.objects.pod`."""
        terminating = more.pop("terminating", False)
        body = objects.pod(name, ip, namespace=namespace or self.namespace, **more)
        self.write("POST", "pods", namespace, body=body)
        self.write("PATCH", "pods", namespace, f"{name}/status", {"status": body["status"]})
        if terminating:
            self.terminate_pod(name, namespace=namespace)

    def set_ready(self, name: str, ready: bool, *, namespace: str | None = None) -> None:
        condition = {"type": "Ready", "status": "True" if ready else "False"}
        self.write("PATCH", "pods", namespace, f"{name}/status", {"status": {"conditions": [condition]}})

    def terminate_pod(self, name: str, *, namespace: str | None = None) -> None:
        """It has been deleted and is not gone yet."""
        self.write("PATCH", "pods", namespace, name, {"metadata": {"finalizers": [HOLD]}})
        self.write("DELETE", "pods", namespace, name)

    def remove_pod(self, name: str, *, namespace: str | None = None) -> None:
        self.write("DELETE", "pods", namespace, name)

    def endpoint(self, ip: str, pod: str | None = None, *, namespace: str | None = None, **more: Any) -> dict[str, Any]:
        """For add_slice and set_slice; ``more``: see :func:`tests.harness.kubernetes.objects.endpoint`."""
        return objects.endpoint(ip, pod, namespace=namespace or self.namespace, **more)

    def add_slice(
        self, name: str, endpoints: Iterable[Mapping[str, Any]] = (), *, namespace: str | None = None, **more: Any
    ) -> None:
        """``more``: see :func:`tests.harness.kubernetes.objects.endpoint_slice`."""
        body = objects.endpoint_slice(name, endpoints, namespace=namespace or self.namespace, **more)
        self.write("POST", "endpointslices", namespace, body=body)

    def set_slice(self, name: str, endpoints: Iterable[Mapping[str, Any]], *, namespace: str | None = None) -> None:
        self.write("PATCH", "endpointslices", namespace, name, {"endpoints": list(endpoints)})

    def remove_slice(self, name: str, *, namespace: str | None = None) -> None:
        self.write("DELETE", "endpointslices", namespace, name)

    def address(self, ip: str, pod: str | None = None, *, namespace: str | None = None, **more: Any) -> dict[str, Any]:
        """For add_endpoints and set_endpoints."""
        return objects.address(ip, pod, namespace=namespace or self.namespace, **more)

    def add_endpoints(
        self,
        name: str,
        ready: Iterable[Mapping[str, Any]] = (),
        not_ready: Iterable[Mapping[str, Any]] = (),
        *,
        over_capacity: bool = False,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        annotations = OVER_CAPACITY if over_capacity else None
        where = namespace or self.namespace
        body = objects.endpoints(name, ready, not_ready, namespace=where, labels=labels, annotations=annotations)
        self.write("POST", "endpoints", namespace, body=body)

    def set_endpoints(
        self,
        name: str,
        ready: Iterable[Mapping[str, Any]] = (),
        not_ready: Iterable[Mapping[str, Any]] = (),
        *,
        namespace: str | None = None,
    ) -> None:
        body = objects.endpoints(name, ready, not_ready, namespace=namespace or self.namespace)
        self.write("PATCH", "endpoints", namespace, name, {"subsets": body["subsets"]})

    def remove_endpoints(self, name: str, *, namespace: str | None = None) -> None:
        self.write("DELETE", "endpoints", namespace, name)

    def add_service(self, name: str, *, namespace: str | None = None, **more: Any) -> None:
        """``more``: see :func:`tests.harness.kubernetes.objects.service`."""
        body = objects.service(name, namespace=namespace or self.namespace, **more)
        self.write("POST", "services", namespace, body=body)

    @contextlib.contextmanager
    def another_namespace(self) -> Iterator[str]:
        """One more throw-away namespace."""
        yield f"other-{uuid.uuid4().hex[:8]}"

    def write(
        self, method: str, plural: str, namespace: str | None, name: str = "", body: Mapping[str, Any] | None = None
    ) -> Any:
        """Any other change; the object as it is now."""
        prefix = RESOURCES[plural][0] if plural in RESOURCES else "/api/v1"
        return self.request(
            method, f"{prefix}/namespaces/{namespace or self.namespace}/{plural}/{name}".rstrip("/"), body
        )

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """:raises AssertionError: the server refuses it."""
        settings = self._client.configuration.auth_settings()
        headers = {**self.own_requests, **{setting["key"]: setting["value"] for setting in settings.values()}}
        headers["Content-Type"] = "application/merge-patch+json" if method == "PATCH" else "application/json"
        url = self._client.configuration.host + path
        content = None if body is None else json.dumps(body)
        response = self._client.rest_client.pool_manager.request(method, url, body=content, headers=headers)
        if response.status >= 400:
            raise AssertionError(f"{method} {path}: {response.status} {response.data.decode(errors='replace')}")
        return json.loads(response.data)
