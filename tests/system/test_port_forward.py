# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reaching members through port-forwards: the API server, the credentials, the pod, and what all of them do wrong.

Against the double, which the kubernetes client's own port-forward proves to speak the protocol. Real nodes are in
test_converge_port_forward.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import hashlib
import logging
import os
import re
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import kubernetes
import pytest
import yaml
from aiohttp import web
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of, topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.port_forward import PortForwardTransport
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.registry import driver_for
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import MissingLibraryError, UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.api_server import ApiServer
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.pods import Pod
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.port_forward import PortForward
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node

from tests.harness.beam import COOKIE, free_port, loopback_addresses, wait_until
from tests.harness.certificates import CertificateAuthority
from tests.harness.clock import within
from tests.harness.documents import guide
from tests.harness.kube import KubeDouble, kube_api
from tests.harness.kube_asking import by_list
from tests.harness.kube_portforward import on_loopback

NODE = Node("chat@10.1.0.1", "10.1.0.1", attributes={"pod_name": "chat-0", "namespace": "prod"})
STRAY = Node("chat@10.1.0.1")
SLOW = 20.0
EPMD = 4369

T = TypeVar("T")


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(65536):
            self.request.sendall(data)


@pytest.fixture(scope="module")
def echo() -> Iterator[tuple[str, int]]:
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


@pytest.fixture(scope="module")
def server() -> Iterator[KubeDouble]:
    with kube_api() as api:
        api.add_pod("chat-0", "10.1.0.1")
        yield api


@pytest.fixture
def api(server: KubeDouble, echo: tuple[str, int]) -> Iterator[KubeDouble]:
    def connect(port: int) -> socket.socket:
        if port == EPMD:  # this machine may have one on all of its addresses
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        return on_loopback(echo[0])(port)

    server.forward("chat-0", connect)
    yield server
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
        server = await ApiServer.open("t", server_config or config(api), deadline)
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
        server = await ApiServer.open("t", config(api), deadline)
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


def test_an_api_server_that_is_down(api: KubeDouble) -> None:
    url = f"https://127.0.0.1:{free_port('127.0.0.1')}"
    assert f"{url} takes no connection: Connection refused; check config.host" in why(api, host=url)


def test_an_api_server_whose_name_has_no_address(api: KubeDouble) -> None:
    reason = why(api, host="https://nowhere.invalid")
    assert "the API server cannot be found: host 'nowhere.invalid'" in reason


def test_a_ca_that_did_not_sign(api: KubeDouble, tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path)
    reason = why(api, ca_cert=str(other.certificate))
    assert f"TLS with {api.url} failed" in reason
    assert "CERTIFICATE_VERIFY_FAILED" in reason
    assert "check config.ca_cert" in reason
    assert api.requests == []


def test_a_certificate_for_another_name(api: KubeDouble) -> None:
    port = api.url.rsplit(":", 1)[1]
    reason = why(api, host=f"https://127.0.0.2:{port}")
    assert "takes no connection" in reason or "TLS with" in reason
    api.requests.clear()


def test_what_is_no_certificate(api: KubeDouble, tmp_path: Path) -> None:
    junk = tmp_path / "ca.crt"
    junk.write_text("junk")
    told = "the authority of the API server's certificate can't be read: "
    assert told in why(api, ca_cert=str(junk))


def test_tls_is_verified_unless_told_otherwise(api: KubeDouble) -> None:
    auth = {"host": api.url, "api_key": api.token, "ca_cert": None}
    assert "CERTIFICATE_VERIFY_FAILED" in why(api, **auth)
    assert "Connection refused" in why(api, **auth, validate_certs=False)


@pytest.mark.parametrize("options", [{"host": "::1"}, {"tls": False}])
def test_other_ways_to_an_api_server(echo: tuple[str, int], options: dict[str, Any]) -> None:
    with kube_api(**options) as api:
        api.add_pod("chat-0", "10.1.0.1")
        api.forward("chat-0", on_loopback(echo[0]))
        assert through(api, echo[1], hello) == b"hello"


def test_a_client_certificate_from_a_kubeconfig(echo: tuple[str, int], tmp_path: Path) -> None:
    with kube_api(client_certificate=True) as api:
        api.add_pod("chat-0", "10.1.0.1")
        api.forward("chat-0", on_loopback(echo[0]))
        user = {"token": api.token, "client-certificate": api.client_certificate, "client-key": api.client_certificate}
        with_certificate = config(api, **NO_AUTH, kubeconfig=api.kubeconfig(tmp_path / "with", user=user))
        assert through(api, echo[1], hello, server_config=with_certificate) == b"hello"
        without = why(api, **NO_AUTH, kubeconfig=api.kubeconfig(tmp_path / "without"))
        assert "TLS with" in without or "opens no WebSocket" in without or "takes no connection" in without


NO_AUTH = dict.fromkeys(("host", "api_key", "ca_cert"))


def test_credentials_are_had_anew_each_round(api: KubeDouble, tmp_path: Path) -> None:
    path = api.kubeconfig(tmp_path / "config", user={"token": "expired"})

    async def rounds() -> list[str]:
        way = reach(api, **NO_AUTH, kubeconfig=path)
        reasons = []
        for _probe in range(3):
            with pytest.raises(UnreachableError) as raised:
                await way.open(NODE, timeout=SLOW, cookie=COOKIE, port=None)
            reasons.append(raised.value.reason)
            if len(reasons) == 2:
                api.kubeconfig(tmp_path / "config")
                way.renew()
        await way.close()
        return reasons

    first, second, third = asyncio.run(rounds())
    assert "401" in first
    assert "401" in second
    assert "Connection refused" in third


def test_credentials_that_never_come(api: KubeDouble, tmp_path: Path) -> None:
    over = tmp_path / "over"
    waits = ["-c", f"until [ -e {over} ]; do sleep 0.1; done"]
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": waits}
    user = {"exec": {**command, "interactiveMode": "Never"}}
    path = api.kubeconfig(tmp_path / "config", user=user)
    try:
        with within(1, work=2):
            assert "could not be had in time" in why(api, **NO_AUTH, kubeconfig=path, timeout=1)
    finally:
        over.touch()


def test_credentials_that_are_gone(api: KubeDouble, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    assert f"config.kubeconfig: {gone!r} can't be read" in why(api, **NO_AUTH, kubeconfig=gone)


@contextlib.contextmanager
def proxy(directory: Path, *arguments: str) -> Iterator[str]:
    port_file = directory / "port"
    command = [sys.executable, "-m", "proxy", "--hostname", "127.0.0.1", "--port", "0", "--port-file", str(port_file)]
    process = subprocess.Popen(
        [*command, "--num-workers", "1", "--num-acceptors", "1", "--data-dir", str(directory), *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: port_file.exists() and port_file.read_text().strip() != "", 30, "the proxy")
        yield f"127.0.0.1:{port_file.read_text().strip()}"
    finally:
        process.terminate()
        process.wait()


def test_through_a_proxy(
    api: KubeDouble, echo: tuple[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(tmp_path, "--basic-auth", "user:pass-of-the-proxy") as address:
        monkeypatch.setenv("https_proxy", f"http://user:pass-of-the-proxy@{address}")
        assert through(api, echo[1], hello) == b"hello"
        assert by_list(**api.auth, namespace="prod") == ""
        monkeypatch.setenv("https_proxy", f"http://user:wrong-pass@{address}")
        told = by_list(**api.auth, namespace="prod")
        assert "407" in told
        assert "wrong-pass" not in told
        reason = why(api)
        assert "wrong-pass" not in reason
        assert "407" in reason
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert through(api, echo[1], hello) == b"hello"


def test_a_proxy_that_is_down(api: KubeDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{free_port('127.0.0.1')}")
    assert "the proxy takes no connection: " in why(api)


def test_a_node_without_a_pod(api: KubeDouble) -> None:
    node = Node("chat@10.1.0.1", "10.1.0.1", attributes={"pod_name": None, "namespace": "prod"})
    assert why(api, node).startswith("chat@10.1.0.1: discovery does not say which pod it is")
    assert api.requests == []


@pytest.mark.parametrize(
    ("mode", "name"),
    [("ip", "chat@10.1.0.1"), ("dns", "chat@10-1-0-1.prod.pod.cluster.local")],
)
def test_a_stray_is_found_by_its_address(api: KubeDouble, mode: str, name: str) -> None:
    reason = why(api, Node(name), mode=mode)
    assert reason == f"no epmd for {name} on 127.0.0.1:4369 of pod 'prod/chat-0': Connection refused"
    assert [request.query.get("fieldSelector") for request in api.requests] == ["status.podIP=10.1.0.1", None]


def test_a_stray_of_a_stateful_set_needs_no_look_up(api: KubeDouble) -> None:
    name = "chat@chat-0.chat.prod.svc.cluster.local"
    reason = why(api, Node(name), mode="hostname", service_name="chat")
    assert reason == f"no epmd for {name} on 127.0.0.1:4369 of pod 'prod/chat-0': Connection refused"
    assert len(api.requests) == 1


def test_a_stray_whose_pod_is_gone(api: KubeDouble) -> None:
    reason = why(api, Node("chat@10.1.0.9"), namespaces=["prod", "team"])
    assert (
        reason == "chat@10.1.0.9: discovery does not list it, and no pod in namespace 'prod' or 'team' has its address"
    )


def test_a_stray_whose_address_an_ended_pod_has(api: KubeDouble) -> None:
    api.add_pod("job-0", "10.1.0.8", phase="Succeeded")
    assert why(api, Node("chat@10.1.0.8")).endswith("no pod in namespace 'prod' has its address")
    api.add_pod("chat-8", "10.1.0.8")
    assert "pod 'prod/chat-8'" in why(api, Node("chat@10.1.0.8"))


@pytest.mark.parametrize(
    ("mode", "name"),
    [
        ("ip", "chat@web1"),
        ("dns", "chat@10-1-0-1.kube-system.pod.cluster.local"),
        ("hostname", "chat@chat-0.chat.kube-system.svc.cluster.local"),
    ],
)
def test_a_stray_that_is_none_of_the_topologys_pods_is_not_sought(api: KubeDouble, mode: str, name: str) -> None:
    assert "its name says of no pod" in why(api, Node(name), mode=mode, service_name="chat")
    assert api.requests == []


def test_a_stray_that_cannot_be_sought(api: KubeDouble) -> None:
    api.fail(500)
    reason = why(api, STRAY)
    assert reason.startswith(
        "chat@10.1.0.1: discovery does not list it, and its pod cannot be sought: list pods in name"
    )
    api.heal()
    api.hang()
    with within(1, work=2):
        assert re.search("was not found in time|gave no whole answer", why(api, STRAY, timeout=1))


def test_no_log_gets_the_token(api: KubeDouble, echo: tuple[str, int], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert through(api, echo[1], hello) == b"hello"
        why(api)
    assert api.token not in caplog.text


def test_without_the_library(api: KubeDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.exceptions", None)
    params = {
        "strategy": "kubernetes",
        "config": {**api.auth, "node_basename": "chat"},
        "driver_config": {"cookie": COOKIE, "transport": "port_forward"},
    }
    with pytest.raises(MissingLibraryError, match="websockets >= 15"):
        driver_for(topology_of(params))
