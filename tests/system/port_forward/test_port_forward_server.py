# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port-forwards: the API server, its certificate, the credentials and the way there."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.registry import driver_for
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import MissingLibraryError, UnreachableError

from tests.harness.certificates import CertificateAuthority
from tests.harness.clock import within
from tests.harness.erlang.beam import COOKIE
from tests.harness.kubernetes.asking import by_list
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.kubernetes.kubelet import on_loopback
from tests.harness.kubernetes.port_forward import NODE, SLOW, config, hello, reach, through, why
from tests.harness.loopback import free_port
from tests.harness.waiting import wait_until


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
