# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port-forwards to a pod of the Kubernetes double, and why one does not come about.

with echoing() as echo, api_with_a_pod() as server, forwarding(server, echo) as api:
    why(api, timeout=1)
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import socketserver
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.port_forward import (
    PortForwardTransport,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.api_server import ApiServer
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.pods import Pod
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.port_forward import PortForward
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node

from tests.harness.erlang.beam import COOKIE
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.kubernetes.kubelet import on_loopback
from tests.harness.loopback import loopback_addresses
from tests.harness.waiting import wait_until

NODE = Node("chat@10.1.0.1", "10.1.0.1", attributes={"pod_name": "chat-0", "namespace": "prod"})
STRAY = Node("chat@10.1.0.1")
SLOW = 20.0
EPMD = 4369

T = TypeVar("T")


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(65536):
            self.request.sendall(data)


@contextlib.contextmanager
def echoing() -> Iterator[tuple[str, int]]:
    """What runs in the pod: whatever comes goes back."""
    address = loopback_addresses(1)[0]
    with socketserver.ThreadingTCPServer((address, 0), _Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield address, server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def api_with_a_pod() -> Iterator[KubeDouble]:
    with kube_api() as api:
        api.add_pod("chat-0", "10.1.0.1")
        yield api


@contextlib.contextmanager
def forwarding(server: KubeDouble, echo: tuple[str, int]) -> Iterator[KubeDouble]:
    """Port-forwards to the pod end at what echoes, and all is well again at the end."""

    def connect(port: int) -> socket.socket:
        if port == EPMD:  # this machine may have one on all of its addresses
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        return on_loopback(echo[0])(port)

    server.forward("chat-0", connect)
    try:
        yield server
    finally:
        server.heal()
        server.restrict(None)
        server.requests.clear()
    wait_until(lambda: not server.forwards, 30, "the end of all port-forwards")


def config(api: KubeDouble, **more: Any) -> dict[str, Any]:
    given = {"node_basename": "chat", **api.auth, **more}
    if "namespaces" not in given:
        given.setdefault("namespace", api.namespace)
    return dict(source_of({"topology": "t", "strategy": "kubernetes", "config": given}).config)


def reach(api: KubeDouble, **more: Any) -> PortForwardTransport:
    source = source_of({"topology": "t", "strategy": "kubernetes", "config": config(api, **more)})
    return PortForwardTransport(source)


def why(api: KubeDouble, node: Node = NODE, *, timeout: float = SLOW, port: int | None = None, **more: Any) -> str:
    """Why no connection comes about; and nothing is left of the attempt."""

    async def attempt() -> str:
        way = reach(api, **more)
        try:
            with pytest.raises(UnreachableError) as raised:
                await way.open(node, timeout=timeout, cookie=COOKIE, port=port)
        finally:
            await way.close()
        assert len(asyncio.all_tasks()) == 1
        return raised.value.reason

    reason = asyncio.run(attempt())
    assert api.token
    assert api.token not in reason
    assert reason.startswith(f"{node.name}") or node.name in reason.split(":")[0]
    return reason


def through(
    api: KubeDouble,
    port: int,
    work: Callable[[PortForward], Awaitable[T]],
    *,
    server_config: dict[str, Any] | None = None,
) -> T:
    """Do something with one port-forward."""

    async def main() -> T:
        deadline = asyncio.get_running_loop().time() + SLOW
        server = await ApiServer.open(server_config or config(api), deadline)
        forward = await PortForward.open(server, Pod(api.namespace, "chat-0"), port, deadline)
        try:
            return await work(forward)
        finally:
            forward.socket.close()
            await asyncio.wait([forward.task])

    return asyncio.run(main())


async def hello(forward: PortForward) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(forward.socket, b"hello")
    return await loop.sock_recv(forward.socket, 100)
