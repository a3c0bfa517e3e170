# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that costs next to nothing: answers made beforehand, over HTTPS, from a process of its own.

Pods are as large as they are on real clusters: what their managers and the kubelet write is most of them.
"""

from __future__ import annotations

import http.server
import json
import multiprocessing
import ssl
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.benchmarks.raw_get import PAGE
from tests.harness.certificates import CertificateAuthority
from tests.harness.kubernetes import objects
from tests.harness.kubernetes.objects import RESOURCES

HOST = "127.0.0.1"
NAMESPACE = "bench"
_IN_A_SLICE = 100
_COUNT = "/requests"
_GROUP_VERSION = {"groupVersion": "discovery.k8s.io/v1", "version": "v1"}
_FOR_CLIENTS = {
    "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "groups": [{"name": "discovery.k8s.io", "versions": [_GROUP_VERSION], "preferredVersion": _GROUP_VERSION}],
    },
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [{"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["list"]}],
    },
    "/apis/discovery.k8s.io/v1": {
        "kind": "APIResourceList",
        "groupVersion": "discovery.k8s.io/v1",
        "resources": [
            {
                "name": "endpointslices",
                "singularName": "endpointslice",
                "namespaced": True,
                "kind": "EndpointSlice",
                "verbs": ["list"],
            }
        ],
    },
}


@dataclass(frozen=True)
class Api:
    """A running one. ``auth``: the options of ``config``, and of the modules of kubernetes.core, that lead there."""

    auth: Mapping[str, Any]

    def requests(self) -> int:
        """How many it has answered, this one not counted."""
        context = ssl.create_default_context(cafile=self.auth["ca_cert"])
        with urllib.request.urlopen(self.auth["host"] + _COUNT, context=context) as answer:
            return int(json.load(answer))


def path_of(plural: str) -> str:
    """Where the list is."""
    return f"{RESOURCES[plural][0]}/namespaces/{NAMESPACE}/{plural}"


@contextmanager
def api(count: int) -> Iterator[Api]:
    """With so many pods, which are also the endpoints of slices."""
    with tempfile.TemporaryDirectory(prefix="bench-api-") as directory:
        authority = CertificateAuthority(Path(directory))
        ours, its = multiprocessing.Pipe()
        # A fork would keep what this process has open, and share its memory's fate.
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_serve, args=(its, authority.issue(HOST), count), daemon=True)
        process.start()
        its.close()
        try:
            auth = {"host": f"https://{HOST}:{ours.recv()}", "api_key": "token", "ca_cert": str(authority.certificate)}
            yield Api(auth)
        finally:
            process.terminate()
            process.join()


def _serve(ready: Connection, certificate: Path, count: int) -> None:
    answers = {path: json.dumps(answer).encode() for path, answer in _FOR_CLIENTS.items()}
    for plural, items in (("pods", _pods(count)), ("endpointslices", _slices(count))):
        answers.update(_pages(plural, items))
    answered = 0

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            nonlocal answered
            path, _mark, query = self.path.partition("?")
            options = dict(urllib.parse.parse_qsl(query))
            body = answers.get(f"{path}?{options.get('continue', 0)}" if "limit" in options else path)
            if path == _COUNT:
                body = json.dumps(answered).encode()
            else:
                answered += 1
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_arguments: object) -> None:
            """Nothing: it would cost time."""

    with http.server.ThreadingHTTPServer((HOST, 0), Handler) as server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        ready.send(server.server_port)
        server.serve_forever()


def _pages(plural: str, items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, bytes]]:
    """Of a list in one answer, and of the same in pages whose continue tokens are their numbers."""
    prefix, kind = RESOURCES[plural]
    path = path_of(plural)
    head = {"kind": kind, "apiVersion": prefix.removeprefix("/apis/").removeprefix("/api/")}
    yield path, json.dumps({**head, "metadata": {"resourceVersion": "1"}, "items": items}).encode()
    for number, start in enumerate(range(0, max(1, len(items)), PAGE)):
        metadata = {"resourceVersion": "1"}
        if start + PAGE < len(items):
            metadata["continue"] = str(number + 1)
        page = {**head, "metadata": metadata, "items": items[start : start + PAGE]}
        yield f"{path}?{number}", json.dumps(page).encode()


def _ip(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _pods(count: int) -> list[dict[str, Any]]:
    return [_whole(objects.pod(f"chat-{n}", _ip(n), namespace=NAMESPACE, node=f"node-{n % 90}")) for n in range(count)]


def _slices(count: int) -> list[dict[str, Any]]:
    endpoints = [
        objects.endpoint(_ip(n), f"chat-{n}", namespace=NAMESPACE, node=f"node-{n % 90}") for n in range(count)
    ]
    return [
        objects.endpoint_slice(
            f"chat-{start}", endpoints[start : start + _IN_A_SLICE], namespace=NAMESPACE, service="chat"
        )
        for start in range(0, count, _IN_A_SLICE)
    ]


def _whole(pod: dict[str, Any]) -> dict[str, Any]:
    """With what a Deployment, the scheduler and the kubelet add: some 5 kB."""
    time = "2026-11-01T08:00:00Z"
    pod["metadata"] |= {
        "labels": {"app": "chat", "pod-template-hash": "7d9f8b6c5d", "topology.kubernetes.io/zone": "zone-a"},
        "creationTimestamp": time,
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "chat-7d9f8b6c5d", "controller": True}
        ],
        "managedFields": [
            {
                "manager": manager,
                "operation": "Update",
                "time": time,
                "fieldsV1": {f"f:field{n}": {".": {}, f'k:{{"type":"Kind{n}"}}': {"f:status": {}}} for n in range(12)},
            }
            for manager in ("kube-controller-manager", "kubelet")
        ],
    }
    pod["spec"] |= {
        "containers": [
            {
                "name": "main",
                "image": "registry.example/chat:1.2.3",
                "env": [{"name": f"SETTING_{n}", "value": f"value of setting {n}"} for n in range(12)],
                "ports": [{"name": f"port{n}", "containerPort": 4000 + n, "protocol": "TCP"} for n in range(3)],
                "resources": {"limits": {"cpu": "2", "memory": "2Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}},
                "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}],
            }
        ],
        "tolerations": [
            {"key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for what in ("not-ready", "unreachable")
        ],
        "volumes": [{"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}],
    }
    pod["status"]["conditions"] += [
        {"type": kind, "status": "True", "lastTransitionTime": time, "lastProbeTime": None}
        for kind in ("PodReadyToStartContainers", "Initialized", "ContainersReady", "PodScheduled")
    ]
    pod["status"]["containerStatuses"] = [
        {
            "name": "main",
            "ready": True,
            "restartCount": 0,
            "image": "registry.example/chat:1.2.3",
            "imageID": "registry.example/chat@sha256:" + "0" * 64,
            "containerID": "containerd://" + "0" * 64,
            "state": {"running": {"startedAt": time}},
        }
    ]
    return pod
