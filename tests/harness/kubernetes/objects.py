# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes objects as plain dicts, in the shape in which an API server takes and returns them."""

from __future__ import annotations

import uuid
from typing import Any, Iterable, Mapping, Sequence

HOLD = "test.selfheal.cluster/hold"  # the finalizer that keeps a deleted pod around: a terminating one
OVER_CAPACITY = {"endpoints.kubernetes.io/over-capacity": "truncated"}
RESOURCES = {
    "pods": ("/api/v1", "PodList"),
    "endpoints": ("/api/v1", "EndpointsList"),
    "endpointslices": ("/apis/discovery.k8s.io/v1", "EndpointSliceList"),
    "services": ("/api/v1", "ServiceList"),
}


def uid_of(namespace: str, name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{namespace}/{name}"))


def pod(
    name: str,
    ip: str | None = None,
    *,
    namespace: str,
    ips: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    phase: str = "Running",
    ready: bool = True,
    terminating: bool = False,
    hostname: str | None = None,
    node: str | None = None,
) -> dict[str, Any]:
    """``ips`` are all its addresses; ``ip`` is the first of them where both are given."""
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": uid_of(namespace, name),
            "labels": dict(labels or {}),
            "annotations": dict(annotations or {}),
        },
        "spec": {
            # No scheduler of this name exists: on a real cluster the pod is never run, and nobody else sets its status.
            "schedulerName": "nobody",
            "containers": [{"name": "main", "image": "none.invalid/none"}],
        },
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }
    if ip:
        body["status"] |= {"podIP": ip, "podIPs": [{"ip": one} for one in (ips or [ip])]}
    if terminating:
        body["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": [HOLD]}
    if hostname:
        body["spec"]["hostname"] = hostname
    if node:
        body["spec"]["nodeName"] = node
    return body


def endpoint(
    ip: str,
    pod: str | None = None,
    *,
    namespace: str,
    hostname: str | None = None,
    ready: bool | None = True,
    serving: bool | None = None,
    terminating: bool | None = None,
    zone: str | None = None,
    node: str | None = None,
) -> dict[str, Any]:
    """One endpoint of an EndpointSlice. A condition of None is left out, which the API calls unknown."""
    conditions = {"ready": ready, "serving": serving, "terminating": terminating}
    body: dict[str, Any] = {
        "addresses": [ip],
        "conditions": {key: value for key, value in conditions.items() if value is not None},
    }
    for key, value in (("hostname", hostname), ("zone", zone), ("nodeName", node)):
        if value:
            body[key] = value
    if pod:
        body["targetRef"] = target_ref(namespace, pod)
    return body


def endpoint_slice(
    name: str,
    endpoints: Iterable[Mapping[str, Any]] | None,
    *,
    namespace: str,
    service: str | None = None,
    family: str = "IPv4",
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {**({"kubernetes.io/service-name": service} if service else {}), **(labels or {})},
        },
        "addressType": family,
        "endpoints": None if endpoints is None else list(endpoints),
        "ports": [],
    }


def address(
    ip: str, pod: str | None = None, *, namespace: str, hostname: str | None = None, node: str | None = None
) -> dict[str, Any]:
    """One address of an Endpoints object."""
    body: dict[str, Any] = {"ip": ip}
    for key, value in (("hostname", hostname), ("nodeName", node)):
        if value:
            body[key] = value
    if pod:
        body["targetRef"] = target_ref(namespace, pod)
    return body


def endpoints(
    name: str,
    ready: Iterable[Mapping[str, Any]] = (),
    not_ready: Iterable[Mapping[str, Any]] = (),
    *,
    namespace: str,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    subset: dict[str, Any] = {"ports": [{"port": 4369}]}
    for key, addresses in (("addresses", list(ready)), ("notReadyAddresses", list(not_ready))):
        if addresses:
            subset[key] = addresses
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": dict(labels or {}),
            "annotations": dict(annotations or {}),
        },
        "subsets": [subset] if len(subset) > 1 else None,
    }


def service(
    name: str,
    *,
    namespace: str,
    selector: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    families: Sequence[str] = (),
) -> dict[str, Any]:
    """A headless one. Without a selector nobody but its maker writes its endpoints."""
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels or {})},
        "spec": {"clusterIP": "None", "ports": [{"port": 4369}]},
    }
    if selector:
        body["spec"]["selector"] = dict(selector)
    if families:
        body["spec"]["ipFamilies"] = list(families)
    return body


def target_ref(namespace: str, name: str) -> dict[str, str]:
    return {"kind": "Pod", "namespace": namespace, "name": name, "uid": uid_of(namespace, name)}
