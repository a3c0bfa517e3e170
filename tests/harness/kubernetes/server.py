# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server behind ``double``: kmock's Kubernetes emulator over real HTTPS, in a thread of its own.

The emulator keeps the objects and serves create, patch and delete. What it lacks is here: a token check, roles,
lists with selectors and pages, watches, port-forwards, and faults.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import ssl
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Awaitable, Callable, Mapping, NamedTuple, TypeVar

import kmock
from aiohttp import web

from tests.harness.kubernetes.kubelet import Connect, port_forward
from tests.harness.kubernetes.objects import RESOURCES
from tests.harness.kubernetes.rbac import Role
from tests.harness.kubernetes.selectors import field_selector, label_selector
from tests.harness.kubernetes.watches import Watches, plural_of

_PORT_FORWARD = re.compile(r"/api/v1/namespaces/([^/]+)/pods/([^/]+)/portforward")
OWN_REQUEST = "X-Test-Harness"  # the harness's own writes are neither counted nor disturbed

T = TypeVar("T")
Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Request(NamedTuple):
    method: str
    path: str
    query: Mapping[str, str]

    @property
    def is_watch(self) -> bool:
        return self.method == "GET" and self.query.get("watch") in ("true", "1")


@dataclass
class Fault:
    """Instead of the true answer, while ``times`` lasts (None: until it is healed)."""

    answer: Answer
    namespace: str | None = None
    on: str | None = None
    page: int | None = None
    watch: bool | None = None
    times: int | None = None

    def hits(self, request: Request) -> bool:
        if self.times == 0 or (self.namespace and f"/namespaces/{self.namespace}/" not in request.path):
            return False
        if self.on and not request.path.endswith(self.on):
            return False
        if self.page and self.page != _page_of(request):
            return False
        if self.watch not in (None, request.is_watch):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class KubeServer:
    """One API server on a free port."""

    def __init__(self, host: str, certificate: Path | None, token: str, client_ca: Path | None = None) -> None:
        self.host = host
        self.token = token
        self.port = 0
        self.requests: list[Request] = []
        self.faulted: list[Request] = []
        self.faults: list[Fault] = []
        self.role: Role | None = None
        self.control: Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]] | None = None
        self.networks: dict[tuple[str, str], Connect] = {}
        self.forwards = 0
        self.stopping: asyncio.Event
        self._certificate = certificate
        self._client_ca = client_ca
        self.watches: Watches
        self._snapshots: list[tuple[int, list[Mapping[str, Any]]]] = []
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="kube-api")
        self._transports: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()
        self._loop: asyncio.AbstractEventLoop
        self._emulator: kmock.KubernetesEmulator

    def start(self) -> None:
        self._thread.start()
        self._started.wait()
        if self._error:
            raise self._error

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self.stopping.set)
        self._thread.join()

    def load(self, objects: list[dict[str, Any]]) -> None:
        """Put many objects in at once, past HTTP."""

        async def put() -> None:
            for item in objects:
                group, _slash, version = item["apiVersion"].rpartition("/")
                plural = next(name for name, (_version, kind) in RESOURCES.items() if kind == item["kind"] + "List")
                metadata = item["metadata"]
                key = (kmock.resource(group, version, plural), metadata["namespace"], metadata["name"])
                self._emulator.objects[key] = item
            self.watches.wake()

        asyncio.run_coroutine_threadsafe(put(), self._loop).result()

    def with_watches(self, work: Callable[[Watches], None]) -> None:
        """In the server's own thread."""

        async def run() -> None:
            self.watches.wake()
            work(self.watches)

        asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._error = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.stopping = asyncio.Event()
        context = self._tls()
        async with kmock.KubernetesEmulator() as self._emulator:
            self._emulator[kmock.action.LIST] << self._list
            self.watches = Watches(self._emulator.objects, self.stopping)
            runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, self.host, 0, ssl_context=context)
            await site.start()
            self.port = runner.addresses[0][1]
            self._started.set()
            await self.stopping.wait()
            await runner.cleanup()
            for transport in self._transports:  # those whose other end takes no leave
                transport.abort()
            await asyncio.sleep(0)

    def _tls(self) -> ssl.SSLContext | None:
        if not self._certificate:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._certificate)
        if self._client_ca:
            context.load_verify_locations(self._client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    async def _handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        if raw.transport:
            self._transports.add(raw.transport)
        if raw.headers.get("Authorization", "").lower() != f"bearer {self.token}".lower():
            self._record(raw)
            return status(401, "Unauthorized", "Unauthorized")
        if raw.headers.get(OWN_REQUEST):
            return await self._emulated(raw)
        request = self._record(raw)
        if fault := next((fault for fault in self.faults if fault.hits(request)), None):
            self.faulted.append(request)
            return await fault.answer(raw)
        if self.role and (refusal := self.role.refusal(raw.method, raw.path, request.is_watch)):
            return status(403, "Forbidden", refusal)
        if self.control and (answer := await self.control(raw)):
            return answer
        if found := _PORT_FORWARD.fullmatch(raw.path):
            return await self._port_forward(raw, *found.groups())
        if request.is_watch and (place := plural_of(raw.path)):
            try:
                return await self.watches.serve(raw, *place)
            except ValueError as error:
                return status(400, "BadRequest", str(error))
        return await self._emulated(raw)

    async def _emulated(self, raw: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._emulator(raw)
        finally:
            self.watches.wake()

    async def _port_forward(self, raw: web.BaseRequest, namespace: str, pod: str) -> web.StreamResponse:
        if not any(
            (item["metadata"]["namespace"], item["metadata"]["name"]) == (namespace, pod)
            for item in self.watches.journal.bodies("pods", namespace)
        ):
            return status(404, "NotFound", f'pods "{pod}" not found')
        if raw.headers.get("Upgrade", "").lower() != "websocket":
            return status(400, "BadRequest", "Upgrade request required")
        self.forwards += 1
        try:
            return await port_forward(raw, self.networks[namespace, pod], pod)
        finally:
            self.forwards -= 1

    def _record(self, raw: web.BaseRequest) -> Request:
        request = Request(raw.method, raw.path, dict(raw.query))
        self.requests.append(request)
        return request

    async def _list(self, request: kmock.Request) -> dict[str, Any]:
        assert request.resource
        query, plural = request.params, str(request.resource.plural)
        try:
            matches = [label_selector(query.get("labelSelector", ""))]
            matches.append(field_selector(query.get("fieldSelector", ""), plural))
        except ValueError as error:
            raise kmock.KubernetesError(400, "BadRequest", str(error)) from None
        if token := query.get("continue"):
            snapshot, start = _opened(token)
        else:
            journal = self.watches.journal
            found = journal.bodies(plural, request.namespace)
            self._snapshots.append((journal.version, [item for item in found if all(match(item) for match in matches)]))
            snapshot, start = len(self._snapshots) - 1, 0
        version, items = self._snapshots[snapshot]
        end = start + int(query.get("limit", 0)) or len(items)
        prefix, kind = RESOURCES[plural]
        metadata = {"resourceVersion": str(version)}
        if end < len(items):
            metadata["continue"] = _sealed(snapshot, end, int(query["limit"]))
        return {
            "kind": kind,
            "apiVersion": prefix.removeprefix("/apis/").removeprefix("/api/"),
            "metadata": metadata,
            "items": items[start:end],
        }


def status(code: int, reason: str, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """The error object of a real API server."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return web.json_response(body, status=code, headers=headers)


def _sealed(snapshot: int, start: int, limit: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([snapshot, start, start // limit + 1]).encode()).decode()


def _opened(token: str) -> tuple[int, int]:
    snapshot, start, _page = json.loads(base64.urlsafe_b64decode(token))
    return snapshot, start


def _page_of(request: Request) -> int:
    token = request.query.get("continue")
    return int(json.loads(base64.urlsafe_b64decode(token))[2]) if token else 1
