# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reaching members through port-forwards: the protocol, the pod, and what both do wrong.

Against the double, which the kubernetes client's own port-forward proves to speak the protocol. Real nodes are in
test_converge_port_forward.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import hashlib
import os
import socket
from typing import Any

import kubernetes
import pytest
import yaml
from aiohttp import web
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.api_server import ApiServer
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.pods import Pod
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.port_forward import PortForward
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node

from tests.harness.clock import within
from tests.harness.docs.code_blocks import guide
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.kubernetes.port_forward import STRAY, config, hello, through, why
from tests.harness.loopback import free_port
from tests.harness.waiting import wait_until


def open_files() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def test_the_double_speaks_to_the_kubernetes_clients_own_port_forward(api: KubeDouble, echo: tuple[str, int]) -> None:
    configuration = kubernetes.client.Configuration(host=api.url)
    configuration.ssl_ca_cert = str(api.ca_cert)
    configuration.api_key = {"authorization": f"Bearer {api.token}"}
    closed = free_port(echo[0])
    with kubernetes.client.ApiClient(configuration) as client:
        call = kubernetes.client.CoreV1Api(client).connect_get_namespaced_pod_portforward
        forward = kubernetes.stream.portforward(call, "chat-0", api.namespace, ports=f"{echo[1]},{closed}")
        sock = forward.socket(echo[1])
        sock.setblocking(True)
        sock.sendall(b"hello")
        assert sock.recv(100) == b"hello"
        refused = forward.socket(closed)
        refused.setblocking(True)
        assert refused.recv(100) == b""
        assert "connection refused" in forward.error(closed)
        sock.close()


def test_what_goes_in_comes_out(api: KubeDouble, echo: tuple[str, int]) -> None:
    data = os.urandom(1 << 16) * 64

    async def back_and_forth(forward: PortForward) -> bytes:
        loop = asyncio.get_running_loop()
        sending = asyncio.ensure_future(loop.sock_sendall(forward.socket, data))
        received = bytearray()
        while len(received) < len(data):
            received += await loop.sock_recv(forward.socket, 1 << 16)
        await sending
        return bytes(received)

    before = open_files()
    assert hashlib.sha256(through(api, echo[1], back_and_forth)).digest() == hashlib.sha256(data).digest()
    wait_until(lambda: not api.forwards, 30, "the end of the port-forward")
    wait_until(lambda: open_files() <= before, 30, "closed files")


def test_many_at_once(api: KubeDouble, echo: tuple[str, int]) -> None:
    async def main() -> list[bytes]:
        deadline = asyncio.get_running_loop().time() + 60
        server = await ApiServer.open(config(api), deadline)
        pod = Pod(api.namespace, "chat-0")
        opening = (PortForward.open(server, pod, echo[1], deadline) for _forward in range(64))
        forwards = await asyncio.gather(*opening)
        answers = await asyncio.gather(*map(hello, forwards))
        for forward in forwards:
            forward.socket.close()
        await asyncio.wait([forward.task for forward in forwards])
        return answers

    assert asyncio.run(main()) == [b"hello"] * 64
    wait_until(lambda: not api.forwards, 30, "the end of all port-forwards")


def test_the_far_end_closes(api: KubeDouble) -> None:
    near, far = socket.socketpair()
    api.forward("chat-0", lambda _port: far)

    async def until_the_end(forward: PortForward) -> bytes:
        near.sendall(b"bye")
        near.close()
        loop = asyncio.get_running_loop()
        received = b""
        while data := await loop.sock_recv(forward.socket, 100):
            received += data
        assert forward.problem is None
        return received

    assert through(api, 4369, until_the_end) == b"bye"


def test_a_side_that_takes_nothing_any_more_holds_nothing_up(api: KubeDouble) -> None:
    """What piles up is bounded, and closing does not wait for it."""
    near, far = socket.socketpair()
    api.forward("chat-0", lambda _port: far)

    async def fill(forward: PortForward) -> int:
        loop = asyncio.get_running_loop()
        sent = 0
        with contextlib.suppress(asyncio.TimeoutError):
            while sent < 1 << 28:
                await asyncio.wait_for(loop.sock_sendall(forward.socket, bytes(1 << 20)), 1)
                sent += 1 << 20
        return sent

    with near, within(2, work=2):
        assert through(api, 4369, fill) < 1 << 26


def test_nothing_listens(api: KubeDouble, echo: tuple[str, int]) -> None:
    assert why(api) == "no epmd for chat@10.1.0.1 on 127.0.0.1:4369 of pod 'prod/chat-0': Connection refused"
    port = free_port(echo[0])
    reason = why(api, port=port)
    assert reason == f"chat@10.1.0.1 (127.0.0.1:{port} of pod 'prod/chat-0') takes no connection: Connection refused"


def test_what_listens_is_no_node(api: KubeDouble, echo: tuple[str, int]) -> None:
    assert why(api, port=echo[1]).endswith("(port-forward to pod 'prod/chat-0')")


def test_the_kubelet_cannot_reach_the_pod(api: KubeDouble) -> None:
    def connect(_port: int) -> socket.socket:
        raise OSError(errno.ETIMEDOUT, "Connection timed out")

    api.forward("chat-0", connect)
    assert "takes no connection: error forwarding port 9100 to pod chat-0" in why(api, port=9100)


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        (401, "", "401: Unauthorized; the token (config.api_key"),
        (404, 'pods "chat-0" not found', '404: pods "chat-0" not found; is the pod gone?'),
        (500, "error dialing backend: no route", "500: error dialing backend: no route"),
        (429, "", "429: Too many requests, please try again later."),
    ],
)
def test_an_error_status(api: KubeDouble, code: int, message: str, advice: str) -> None:
    api.fail(code, message, on="/portforward")
    assert f"port-forward to pod 'prod/chat-0': {api.url} answered {advice}" in why(api)


def test_a_pod_that_is_gone(api: KubeDouble) -> None:
    node = Node("chat@10.1.0.9", attributes={"pod_name": "chat-9", "namespace": "prod"})
    assert why(api, node).endswith('answered 404: pods "chat-9" not found; is the pod gone?')


def documented_rules(role: str) -> list[dict[str, Any]]:
    objects = [item for block in guide("kubernetes_rbac") for item in yaml.safe_load_all(block.text)]
    (found,) = [item for item in objects if item["kind"] == "Role" and item["metadata"]["name"] == role]
    return found["rules"]


def test_the_documented_rights_are_enough_and_none_is_too_much(api: KubeDouble) -> None:
    rules = documented_rules("selfheal-reach")
    refused = "no epmd for chat@10.1.0.1 on 127.0.0.1:4369 of pod 'prod/chat-0': Connection refused"
    api.restrict(rules)
    assert (why(api), why(api, STRAY)) == (refused, refused)
    for rule in rules:
        for verb in rule["verbs"]:
            lesser = {**rule, "verbs": [other for other in rule["verbs"] if other != verb]}
            api.restrict([lesser if other is rule else other for other in rules])
            reason = why(api, STRAY)
            assert f'cannot {verb} resource "{rule["resources"][0]}"' in reason
            assert "must allow the verb" in reason
            assert f"'{verb}'" in reason
            assert f"'{rule['resources'][0]}'" in reason


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b""])
@pytest.mark.parametrize("code", [200, 403, 502])
def test_a_proxy_that_answers_in_its_place(api: KubeDouble, code: int, body: bytes) -> None:
    api.answer(body, code=code, content_type="text/html", on="/portforward")
    assert f"answered {code}: (no answer of a Kubernetes API server, but 'text/html" in why(api)


@pytest.mark.parametrize("scheme", ["https", "wss"])
def test_a_redirect_is_not_followed(api: KubeDouble, scheme: str) -> None:
    with kube_api() as elsewhere:
        location = elsewhere.url.replace("https", scheme) + "/"

        async def redirect(_request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(status=307, headers={"Location": location})

        api.add_fault(redirect, {"on": "/portforward"})
        assert f"port-forward to pod 'prod/chat-0': {api.url} answered 307: (no answer of a Kub" in why(api)
        assert elsewhere.requests == []


def websocket(*messages: bytes | str, protocols: tuple[str, ...] = ("v4.channel.k8s.io",)) -> Any:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=protocols)
        await socket.prepare(request)
        for message in messages:
            await (socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))
        if len(messages) == 1:
            await socket.receive()
        await socket.close()
        return socket

    return answer


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (b"\x00", b"\x01"),
        (b"\x00\x11\x12", b"\x01"),
        (b"\x01\x11\x11", b"\x00\x11\x11"),
        ("hello", "you"),
        (b"", b""),
    ],
)
def test_a_websocket_that_is_no_port_forward(api: KubeDouble, messages: tuple[bytes | str, ...]) -> None:
    api.add_fault(websocket(*messages), {"on": "/portforward"})
    assert why(api).endswith("opened is no port-forward; is a proxy between?")


@pytest.mark.parametrize("message", ["text", b"", b"\x02more", b"\xff"])
def test_a_port_forward_that_breaks_its_protocol(api: KubeDouble, message: bytes | str) -> None:
    api.add_fault(websocket(b"\x00\x11\x11", b"\x01\x11\x11", message), {"on": "/portforward"})
    assert why(api).endswith("4369 of pod 'prod/chat-0': the port-forward broke its protocol")


def test_an_error_that_is_not_fit_to_be_printed(api: KubeDouble) -> None:
    error = b"\x01\x1b[31mred\n\xff" + b"x" * 100_000
    api.add_fault(websocket(b"\x00\x11\x11", b"\x01\x11\x11", error), {"on": "/portforward"})
    reason = why(api)
    assert "[31mred" in reason
    assert reason.isprintable()
    assert len(reason) < 600


def test_a_message_beyond_all_bounds(api: KubeDouble) -> None:
    api.add_fault(websocket(b"\x00\x11\x11", b"\x01\x11\x11", b"\x00" * (2 << 20)), {"on": "/portforward"})
    assert "what answers as epmd" in why(api)


def test_a_port_forward_that_hangs(api: KubeDouble) -> None:
    api.hang(on="/portforward")
    with within(1):
        assert why(api, timeout=1).endswith(f"{api.url} did not open it in time")


def test_a_port_forward_that_opens_and_hangs(api: KubeDouble) -> None:
    api.add_fault(websocket(b"\x00\x11\x11"), {"on": "/portforward"})
    with within(1):
        assert why(api, timeout=1).endswith(f"{api.url} opened it and then said nothing in time")


def test_a_port_that_never_answers_is_silent(api: KubeDouble) -> None:
    near, far = socket.socketpair()
    api.forward("chat-0", lambda _port: far)
    with near:
        reason = why(api, port=9100, timeout=1)
    assert "said nothing and did not finish the handshake within" in reason
    assert reason.endswith("(port-forward to pod 'prod/chat-0')")
