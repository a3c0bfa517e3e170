# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes API for tests: a double over real HTTPS, or the real cluster that TEST_KUBECONFIG names.

    with kube_api() as api:                                   # the double
        api.add_pod("chat-0", "10.1.0.1", labels={"app": "chat"})
        api.add_slice("chat-abc", [api.endpoint("10.1.0.1", "chat-0")], service="chat")
        config = {"node_basename": "chat", "namespace": api.namespace, **api.auth}
        api.kubeconfig(tmp_path / "config")                   # or so, for config.kubeconfig
        api.terminate_pod("chat-0")                           # everything may change at any time
        api.fail(403)                                         # every list, until api.heal()
        api.fail(500, page=2, times=1)                        # the second page, once
        assert len(api.requests) == 2                         # what the client under test asked, in order
        assert api.watches == 1                               # how many watches are open now
        api.end_watches()                                     # and break_off_watches, freeze_watches, tell_watches

    with any_kube_api() as api:                               # the real cluster if there is one, else the double

Both have the same methods to add, change and remove objects, in ``api.namespace`` unless told otherwise; a real cluster
gets a throw-away namespace, which goes away at the end. Faults, what is done to watches, ``requests`` and ``load`` are
the double's alone. Addresses should be neither loopback nor link-local: a real API server takes no such endpoint.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import uuid
from pathlib import Path
from typing import Any, Awaitable, Callable, Iterator, Mapping, Sequence

import kubernetes
import yaml
from aiohttp import web
from kubernetes.client import ApiClient, Configuration

from tests.harness.certificates import CertificateAuthority
from tests.harness.kubernetes.api import KubeApi
from tests.harness.kubernetes.kubelet import Connect
from tests.harness.kubernetes.rbac import Role
from tests.harness.kubernetes.server import Answer, Fault, KubeServer, Request, status
from tests.harness.kubernetes.watches import Watches

TOKEN = "token-of-the-tests-0123456789"
REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 410: "Expired", 429: "TooManyRequests"}


class KubeDouble(KubeApi):
    """The double. ``requests``: what was asked of it, not counting its own writes. ``authority`` has signed its
    certificate."""

    def __init__(self, server: KubeServer, authority: CertificateAuthority, client: ApiClient) -> None:
        self.url = client.configuration.host
        self.authority = authority
        self.ca_cert = ca_cert = authority.certificate
        self.client_certificate: str | None = client.configuration.cert_file
        self.token = server.token
        self._server = server
        super().__init__("prod", {"host": self.url, "api_key": self.token, "ca_cert": str(ca_cert)}, client)

    @property
    def requests(self) -> list[Request]:
        return self._server.requests

    @property
    def faulted(self) -> list[Request]:
        """Those that were answered with a fault."""
        return self._server.faulted

    def take_only(self, token: str) -> None:
        """From now on."""
        self._server.token = token

    def load(self, objects: list[dict[str, Any]]) -> None:
        """Thousands of objects at once (see ``tests.harness.kubernetes.objects``)."""
        self._server.load(objects)

    def kubeconfig(self, path: Path, *, namespace: str | None = None, user: Mapping[str, Any] | None = None) -> str:
        """Write a kubeconfig with the one context ``tests``, and return its path."""
        context = {"cluster": "tests", "user": "tests", **({"namespace": namespace} if namespace else {})}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "tests",
            "clusters": [
                {"name": "tests", "cluster": {"server": self.url, "certificate-authority": str(self.ca_cert)}}
            ],
            "users": [{"name": "tests", "user": dict(user or {"token": self.token})}],
            "contexts": [{"name": "tests", "context": context}],
        }
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(content))
        return str(path)

    def forward(self, pod: str, connect: Connect, *, namespace: str | None = None) -> None:
        """From now on port-forwards to this pod end there (see ``tests.harness.kubernetes.kubelet``)."""
        self._server.networks[namespace or self.namespace, pod] = connect

    @property
    def forwards(self) -> int:
        """How many port-forwards are open."""
        return self._server.forwards

    @property
    def watches(self) -> int:
        """How many watches are open."""
        return len(self._server.watches.open)

    def end_watches(self) -> None:
        """As at the end of their time, and as when the server is told to stop."""

        def end(watches: Watches) -> None:
            for watch in watches.open:
                watch.is_ending = True
                watch.woken.set()

        self._server.with_watches(end)

    def break_off_watches(self) -> None:
        """In the middle of what they have to say."""

        def abort(watches: Watches) -> None:
            for watch in watches.open:
                if watch.transport:
                    watch.transport.abort()

        self._server.with_watches(abort)

    def freeze_watches(self) -> None:
        """Until :meth:`heal` none says anything more, not even that it has ended."""
        self._server.with_watches(lambda watches: setattr(watches, "frozen", True))

    def tell_watches(self, data: bytes) -> None:
        """Send all of them these very bytes."""

        def tell(watches: Watches) -> None:
            for watch in watches.open:
                watch.raw_lines.append(data)
                watch.woken.set()

        self._server.with_watches(tell)

    def bookmark(self) -> None:
        """Send one to all that take them."""

        def bookmark(watches: Watches) -> None:
            for watch in watches.open:
                watch.bookmark()

        self._server.with_watches(bookmark)

    def compact(self) -> None:
        """Forget the past: a watch from before now is too old."""
        self._server.with_watches(lambda watches: watches.journal.compact())

    def serve(self, control: Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]] | None) -> None:
        """Let this answer what it has an answer for (see ``control_plane``); None is nothing."""
        self._server.control = control

    def restrict(self, rules: Sequence[Mapping[str, Any]] | None) -> None:
        """Allow what a Role with these rules in ``namespace`` allows, and no more; None is everything."""
        self._server.role = None if rules is None else Role(self.namespace, rules)

    # Faults. ``where``: namespace (only there), on (the end of the path: "/chat-0/portforward"), page (only that one of
    # a list, from 1), watch (only those, or only others), times (then all is well again).

    def fail(self, code: int, message: str = "", *, headers: Mapping[str, str] | None = None, **where: Any) -> None:
        """Answer with an error as the API server words it."""
        reason = REASONS.get(code, "InternalError")

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            return status(code, reason, message or _message(code, request), headers)

        self.add_fault(answer, where)

    def answer(self, body: bytes, *, code: int = 200, content_type: str = "application/json", **where: Any) -> None:
        """Answer with these very bytes."""

        async def answer(_request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(body=body, status=code, content_type=content_type)

        self.add_fault(answer, where)

    def hang(self, **where: Any) -> None:
        """Take the request and say nothing."""

        async def answer(_request: web.BaseRequest) -> web.StreamResponse:
            await self._server.stopping.wait()
            return web.Response()

        self.add_fault(answer, where)

    def drip(self, **where: Any) -> None:
        """Answer a byte at a time, each in time and the whole never."""

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):
                while not self._server.stopping.is_set():
                    await response.write(b" ")
                    await asyncio.sleep(0.05)
            return response

        self.add_fault(answer, where)

    def hang_up(self, **where: Any) -> None:
        """Close the connection in the middle of the body."""

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"kind": "PodList", "items": []')
            if request.transport:
                request.transport.abort()
            return response

        self.add_fault(answer, where)

    def heal(self) -> None:
        self._server.faults.clear()
        self._server.with_watches(lambda watches: setattr(watches, "frozen", False))

    def add_fault(self, answer: Answer, where: Mapping[str, Any]) -> None:
        """Answer with what this makes of the request."""
        self._server.faults.append(Fault(answer, **where))


class RealCluster(KubeApi):
    """The cluster of TEST_KUBECONFIG."""

    own_requests = {}

    def __init__(self, kubeconfig: str) -> None:
        client = kubernetes.config.new_client_from_config(kubeconfig, persist_config=False)
        super().__init__("", {"kubeconfig": kubeconfig}, client)

    @contextlib.contextmanager
    def another_namespace(self) -> Iterator[str]:
        name = f"selfheal-test-{uuid.uuid4().hex[:8]}"
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        # Pods are refused until a controller has given the namespace its account; our own one needs no waiting.
        with contextlib.suppress(AssertionError):
            self.write("POST", "serviceaccounts", name, body={"metadata": {"name": "default"}})
        try:
            yield name
        finally:
            for item in self.write("GET", "pods", name)["items"]:
                self.write("PATCH", "pods", name, item["metadata"]["name"], {"metadata": {"finalizers": None}})
            self.request("DELETE", f"/api/v1/namespaces/{name}")

    def add_pod(self, name: str, ip: str | None = None, *, namespace: str | None = None, **more: Any) -> None:
        more.pop("node", None)  # the pod would be taken for an orphan of a node that is not there
        super().add_pod(name, ip, namespace=namespace, **more)


@contextlib.contextmanager
def kube_api(
    host: str = "127.0.0.1",
    token: str = TOKEN,
    *,
    tls: bool = True,
    client_certificate: bool = False,
    authority: Callable[[Path], CertificateAuthority] = CertificateAuthority,
) -> Iterator[KubeDouble]:
    """The double, on a free port of ``host``.

    :param tls: without it, it is like a ``kubectl proxy``.
    :param client_certificate: it takes nobody without one, such as that in its ``client_certificate``.
    :param authority: signs its certificate, from the directory that it is to have.
    """
    with tempfile.TemporaryDirectory(prefix="kube-api-") as directory:
        signer = authority(Path(directory))
        certificate = signer.issue("client") if client_certificate else None
        client_ca = signer.certificate if client_certificate else None
        server = KubeServer(host, signer.issue(host, "localhost") if tls else None, token, client_ca)
        server.start()
        try:
            configuration = Configuration(
                host=f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{server.port}"
            )
            configuration.ssl_ca_cert = str(signer.certificate)
            configuration.api_key = {"authorization": f"Bearer {token}"}
            configuration.cert_file = str(certificate) if certificate else None
            with ApiClient(configuration) as client:
                client.rest_client.pool_manager.connection_pool_kw["ssl_context"] = signer.trusting()
                yield KubeDouble(server, signer, client)
        finally:
            server.stop()


@contextlib.contextmanager
def any_kube_api() -> Iterator[KubeApi]:
    """The cluster that the environment variable TEST_KUBECONFIG names, else the double."""
    kubeconfig = os.environ.get("TEST_KUBECONFIG")
    with _real_kube_api(kubeconfig) if kubeconfig else kube_api() as api:
        yield api


@contextlib.contextmanager
def _real_kube_api(kubeconfig: str) -> Iterator[RealCluster]:
    cluster = RealCluster(kubeconfig)
    with cluster.another_namespace() as cluster.namespace:
        yield cluster


def _message(code: int, request: web.BaseRequest) -> str:
    messages: dict[int, Callable[[str, str], str]] = {
        401: lambda namespace, plural: "Unauthorized",
        403: lambda namespace, plural: (
            f'{plural} is forbidden: User "system:serviceaccount:tests:tests" cannot list resource "{plural}" '
            f'in API group "" in the namespace "{namespace}"'
        ),
        410: lambda namespace, plural: "The provided continue parameter is too old to display a consistent list result",
        429: lambda namespace, plural: "Too many requests, please try again later.",
    }
    namespace, plural = request.path.split("/")[-2:]
    message = messages.get(code)
    return message(namespace, plural) if message else "Internal error occurred: the test said so"
