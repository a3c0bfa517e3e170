# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching a Kubernetes source whose API server misbehaves."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes import auth, stream, watch, watch_attempt
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.stream import WatchDecoder

from tests.harness.erlang.hosts import Namespace
from tests.harness.kubernetes.double import KubeDouble
from tests.harness.kubernetes.watching import PATIENCE, PODS, api_with_a_pod, opened, params_of, requests, watching
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.double("a real cluster has no faults on demand")


@pytest.fixture
def api() -> Iterator[KubeDouble]:
    with api_with_a_pod() as api:
        yield api


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next attempt comes sooner than otherwise, and a stream counts as one sooner."""
    monkeypatch.setattr(stream, "FIRST_DELAY", 0.2)
    monkeypatch.setattr(stream, "LONGEST_DELAY", 0.8)
    monkeypatch.setattr(watch, "SHORTEST", 0.2)


@pytest.mark.usefixtures("quick")
class TestTrouble:
    @pytest.mark.parametrize(
        ("fault", "text"),
        [
            (lambda api: api.fail(401, watch=True), "answered 401: Unauthorized; the token (config.api_key"),
            (lambda api: api.restrict([{**PODS, "verbs": ["list"]}]), "must allow the verb 'watch' on 'pods' of"),
            (lambda api: api.restrict([{**PODS, "verbs": ["watch"]}]), "must allow the verb 'list' on 'pods' of"),
            (lambda api: api.fail(500), "list pods in namespace 'prod': https://127.0.0.1"),
            (lambda api: api.fail(503, watch=True), "answered 503"),
            (lambda api: api.hang_up(), "broke off"),
            (lambda api: api.answer(b"", watch=True), "it was ended at once"),
            (lambda api: api.answer(b"<html>\n", content_type="text/html", watch=True), "not JSON; is config.host"),
            (lambda api: api.answer(b'{"kind": "Status"}', watch=False), "'Status' instead of 'PodList'"),
            (
                lambda api: api.answer(b'{"kind": "PodList", "metadata": {}, "items": []}', watch=False),
                "no proper 'resourceVersion'",
            ),
        ],
    )
    def test_it_is_told_once_and_so_is_its_end(self, api: KubeDouble, fault: Any, text: str) -> None:
        fault(api)
        with watching(params_of(api)) as heard:
            wait_until(lambda: len(heard.lines) == 1 and len(api.requests) > 3, PATIENCE, "more than one attempt")
            before = heard.changes
            api.heal()
            api.restrict(None)
            line = heard.await_line("trying again")
            assert text in line
            assert api.token not in line
            heard.await_line("watch pods in namespace 'prod': works again")
            assert heard.lines == []
            # An attempt that was under way when the fault ended may have had a stream as well
            assert heard.changes > before

    @pytest.mark.parametrize(
        ("data", "text"),
        [
            (b"<html>\n", "not JSON"),
            (b"[1]\n", "no event of a watch"),
            (b'{"type": "ADDED", "object": {}}\n', "no proper 'resourceVersion'"),
            (b"x" * (9 << 20), "longer than 8 MiB"),
            (
                b'{"type": "ERROR", "object": {"code": 500, "message": "etcd\\nis ill"}}\n',
                "ended it with 500: etcd is ill",
            ),
        ],
        ids=["no JSON", "no object", "no version", "huge", "error"],
    )
    def test_in_the_middle_of_a_stream(self, api: KubeDouble, data: bytes, text: str) -> None:
        with opened(api) as heard:
            api.tell_watches(data)
            assert text in heard.await_line("trying again")
            heard.await_change()
            heard.await_line("works again")
        assert len(requests(api)[0]) == 2

    def test_a_server_that_is_gone_for_a_while(self, api: KubeDouble) -> None:
        with opened(api) as heard:
            api.hang_up()
            api.end_watches()
            heard.await_line("broke off")
            api.add_pod("b", "10.1.0.2")
            api.heal()
            heard.await_change()
            heard.await_line("works again")

    def test_a_server_that_was_never_there(self, api: KubeDouble) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with watching(params_of(api, host=f"https://127.0.0.1:{port}")) as heard:
            heard.await_line("Connection refused; check config.host; trying again")

    def test_it_waits_as_long_as_it_is_asked_to(self, api: KubeDouble) -> None:
        api.fail(429, headers={"Retry-After": "3"}, times=1)
        with watching(params_of(api)) as heard:
            heard.await_line("asks to wait 3 s; trying again")
            before = time.monotonic()
            heard.await_change()
            assert time.monotonic() - before > 2

    def test_of_all_namespaces_it_is_told_once(self, api: KubeDouble) -> None:
        api.fail(503)
        with watching(params_of(api, namespaces=["prod", "b", "c"])) as heard:
            wait_until(lambda: len(api.requests) > 5, PATIENCE, "more than one attempt each")
            assert len(heard.lines) == 1
            api.heal()
            heard.await_line("works again")
            wait_until(lambda: heard.changes == 3, PATIENCE, "three watches")
            assert heard.lines == []

    def test_of_one_namespace_it_does_not_hold_up_the_others(self, api: KubeDouble) -> None:
        api.fail(403, namespace="b")
        with watching(params_of(api, namespaces=["prod", "b"])) as heard:
            heard.await_line("in namespace 'b': https://127.0.0.1")
            heard.await_change()
            api.add_pod("b", "10.1.0.2")
            heard.await_change()

    def test_a_stream_that_says_no_more(self, api: KubeDouble, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(watch_attempt, "SECONDS", (2, 2))
        with opened(api, timeout=3) as heard:
            api.freeze_watches()
            api.add_pod("b", "10.1.0.2")
            heard.await_line("did not end it when it had to; the connection is dead; trying again")
            assert heard.changes == 1
            api.heal()
            heard.await_change()

    @pytest.mark.parametrize("fault", ["hang", "drip"])
    def test_a_server_that_does_not_come_to_an_answer(self, api: KubeDouble, fault: str) -> None:
        getattr(api, fault)()
        with watching(params_of(api, timeout=2)) as heard:
            heard.await_line("no answer within 2 s (config.timeout); trying again")
            api.heal()
            heard.await_line("works again")

    def test_a_connection_that_dies_without_a_word(self, tmp_path: Path) -> None:
        """No byte and no farewell comes from an API server that lost its network, and 120 s are too long to wait."""
        namespace = Namespace()
        try:
            answer = namespace.python(["-m", "tests.harness.kubernetes.watching"], {}, tmp_path)
        finally:
            namespace.close()
        assert "trying again" in answer["lost"], json.dumps(answer)

    def test_a_line_without_end_is_not_kept(self, api: KubeDouble, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(watch_attempt, "WatchDecoder", partial(WatchDecoder, limit=1 << 20))
        with opened(api) as heard:
            api.tell_watches(b" " * (1 << 19))
            api.tell_watches(b" " * (1 << 19))
            api.tell_watches(b" ")
            heard.await_line("longer than 1 MiB")


@pytest.mark.usefixtures("quick")
class TestCredentials:
    def test_a_token_that_rotates(self, api: KubeDouble, tmp_path: Path) -> None:
        token = tmp_path / "token"
        token.write_text(api.token)
        kubeconfig = api.kubeconfig(tmp_path / "config", user={"tokenFile": str(token)})
        with watching({"strategy": "kubernetes", "config": {"lookup": "pods", "kubeconfig": kubeconfig}}) as heard:
            heard.await_change()
            time.sleep(2 * watch.SHORTEST)
            api.take_only("another-token")
            api.end_watches()
            heard.await_line("answered 401")
            token.write_text("another-token")
            heard.await_line("works again")
            heard.await_change()

    def test_in_a_pod(self, api: KubeDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        account = tmp_path / "serviceaccount"
        account.mkdir()
        (account / "token").write_text(api.token)
        (account / "ca.crt").write_bytes(api.ca_cert.read_bytes())
        (account / "namespace").write_text("prod")
        monkeypatch.setattr(auth, "SERVICE_ACCOUNT", str(account))
        host, port = api.url.removeprefix("https://").split(":")
        for name, value in (("HOST", host), ("PORT", port)):
            monkeypatch.setenv(f"KUBERNETES_SERVICE_{name}", value)
        monkeypatch.delenv("KUBECONFIG", raising=False)
        with watching({"strategy": "kubernetes", "config": {"lookup": "pods"}}) as heard:
            heard.await_change()
            api.add_pod("b", "10.1.0.2")
            heard.await_change()

    def test_a_kubeconfig_that_is_wrong_is_no_trouble_but_an_error(self, tmp_path: Path) -> None:
        assert "config.kubeconfig" in self._error({"kubeconfig": str(tmp_path / "none")})

    def test_so_is_a_selector_that_the_server_refuses(self, api: KubeDouble) -> None:
        error = self._error(params_of(api, selector="a in b")["config"])
        assert "config.selector: 'a in b' is refused by the API server" in error

    def test_a_plugin_that_gives_no_credentials_is_trouble(self, api: KubeDouble, tmp_path: Path) -> None:
        plugin = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "false"}}
        kubeconfig = api.kubeconfig(tmp_path / "config", user=plugin)
        with watching({"strategy": "kubernetes", "config": {"lookup": "pods", "kubeconfig": kubeconfig}}) as heard:
            heard.await_line("'false' ended with exit code 1, and said nothing on its standard error; trying again")
            api.kubeconfig(tmp_path / "config")
            heard.await_change()

    def _error(self, config: dict[str, Any]) -> str:
        with watching({"strategy": "kubernetes", "config": config}) as heard:
            wait_until(lambda: heard.error is not None, PATIENCE, "an error")
        assert isinstance(heard.error, OptionError)
        return str(heard.error)
