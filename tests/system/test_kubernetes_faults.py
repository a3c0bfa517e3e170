# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubernetes strategy when its API server misbehaves.

Against the double only: a real cluster has no faults on demand."""

from __future__ import annotations

import gzip
import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes import listing
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.harness.clock import within
from tests.harness.held import Held
from tests.harness.kubernetes.double import KubeDouble, kube_api

pytestmark = pytest.mark.double("a real cluster has no faults on demand")


@pytest.fixture
def api() -> Iterator[KubeDouble]:
    with kube_api() as api:
        for number in range(1, 6):
            api.add_pod(f"chat-{number}", f"10.1.0.{number}")
        yield api


def ask(api: KubeDouble, **config: Any) -> Discovery:
    if "namespaces" not in config:
        config.setdefault("namespace", api.namespace)
    config = {"node_basename": "chat", "lookup": "pods", **api.auth, **config}
    return discover(source_of({"topology": "t", "strategy": "kubernetes", "config": config}))


def failure(api: KubeDouble, **config: Any) -> str:
    """The one reason of a failed discovery; and the next discovery, when all is well again, is whole."""
    found = ask(api, **config)
    assert (found.status, found.nodes, len(found.reasons)) == ("failed", (), 1)
    assert api.token not in found.reasons[0]
    api.heal()
    assert len(ask(api).nodes) == 5
    return found.reasons[0]


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (401, "401: Unauthorized; the token (config.api_key"),
        (
            403,
            "403: pods is forbidden: User .* must allow the verb 'list' on 'pods' of apiGroup '' in namespace 'prod'",
        ),
        (404, "404: .*does this server have /api/v1"),
        (410, "410: The provided"),
        (500, "500: Internal error occurred: the test said so"),
        (503, "503: "),
    ],
)
def test_an_error_status_fails_the_discovery_and_says_what_to_check(api: KubeDouble, code: int, advice: str) -> None:
    api.fail(code)
    reason = failure(api)
    assert reason.startswith("list pods in namespace 'prod': https://127.0.0.1:")
    assert re.search(advice.replace("(", r"\("), reason)


def test_too_many_requests_are_not_answered_with_more(api: KubeDouble) -> None:
    api.fail(429, headers={"Retry-After": "30"})
    with within(0, work=2):
        reason = failure(api)
        assert "asks to wait 30 s" in reason
    assert len(api.requests) == 2


def test_a_redirect_is_not_followed(api: KubeDouble) -> None:
    api.fail(302, headers={"Location": "/api/v1/namespaces/prod/pods"})
    assert " answered 302: " in failure(api)


def test_the_servers_text_is_cut_and_cleared(api: KubeDouble) -> None:
    api.fail(500, f"no\n\x1b[31m{api.token} {'x' * 9000}")
    reason = failure(api)
    assert "no [31m******** xxx" in reason
    assert len(reason) < 600


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"<html>sign in</html>", "text/html", "not JSON ('text/html"),
        (b'{"kind": "PodList", "items": [{"metadata"', "application/json", "not JSON"),
        (b"", "application/json", "not JSON ('application/json', 0 bytes)"),
        (b"\xff\xfe\x00", "application/json", "not JSON"),
        (b"[" * 100_000, "application/json", "not JSON"),
        (gzip.compress(b'{"kind": "PodList", "items": []}', mtime=0), "application/json", "not JSON"),
        (b"null", "application/json", "'NoneType' instead of 'PodList'"),
        (b'{"kind": "PodList", "metadata": {}}', "application/json", "no proper 'items'"),
        (b'{"kind": "PodList", "metadata": {}, "items": null}', "application/json", "no proper 'items'"),
        (b'{"kind": "PodList", "metadata": {"continue": 5}, "items": []}', "application/json", "no proper 'items'"),
        (b'{"kind": "NodeList", "metadata": {}, "items": []}', "application/json", "'NodeList' instead of 'PodList'"),
        (b'{"kind": "Status", "status": "Failure"}', "application/json", "'Status' instead of 'PodList'"),
    ],
)
def test_an_answer_that_is_no_list_is_never_an_empty_list(
    api: KubeDouble, body: bytes, content_type: str, text: str
) -> None:
    api.answer(body, content_type=content_type)
    assert text in failure(api)


def test_a_forbidding_proxy(api: KubeDouble) -> None:
    api.answer(b"<html>403</html>", code=403, content_type="text/html")
    assert "answered 403: (no answer of a Kubernetes API server, but 'text/html" in failure(api)


def test_an_honest_empty_list_is_complete(api: KubeDouble) -> None:
    api.answer(b'{"kind": "PodList", "metadata": {}, "items": []}')
    found = ask(api)
    assert (found.status, found.nodes) == ("complete", ())


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_a_server_that_does_not_come_to_an_end_gets_one_time_out(api: KubeDouble, fault: str) -> None:
    getattr(api, fault)()
    with within(2):
        reason = failure(api, timeout=2)
        assert "no whole answer within 2 s (config.timeout)" in reason


def test_what_did_not_come_to_an_end_leaves_nothing_behind(api: KubeDouble) -> None:
    before = Held()
    api.drip()
    for _time in range(3):
        assert ask(api, timeout=2).status == "failed"
    before.await_given_back()


def test_a_connection_that_is_closed_in_the_middle(api: KubeDouble) -> None:
    api.hang_up()
    assert "broke off" in failure(api)


def test_a_server_that_is_not_there(api: KubeDouble) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "Connection refused; check config.host" in failure(api, host=f"https://127.0.0.1:{port}")


def test_a_name_that_is_not_there(api: KubeDouble) -> None:
    assert "check config.host" in failure(api, host="https://api.invalid:6443")


def test_an_answer_that_is_too_large(api: KubeDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_BYTES", 1 << 20)
    api.answer(b'{"kind": "PodList", "metadata": {}, "items": [' + b" " * (1 << 20) + b"]}")
    assert "larger than 1 MiB; narrow config.selector" in failure(api)


def test_a_page_that_fails_fails_the_whole(api: KubeDouble) -> None:
    api.fail(500, page=3)
    assert "answered 500" in failure(api, page_size=2)


def test_a_list_that_expires_is_read_again_from_its_start(api: KubeDouble) -> None:
    api.fail(410, page=2, times=1)
    found = ask(api, page_size=2)
    assert (found.status, len(found.nodes)) == ("complete", 5)
    assert ["continue" in request.query for request in api.requests] == [False, True, False, True, True]


def test_a_list_that_expires_for_ever_fails(api: KubeDouble) -> None:
    api.fail(410, page=2)
    assert "4 times in a row the list expired" in failure(api, page_size=2)


def test_pages_without_end(api: KubeDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_PAGES", 10)
    api.answer(json.dumps({"kind": "PodList", "metadata": {"continue": "more"}, "items": []}).encode())
    assert "more than 10 pages" in failure(api)


def test_a_namespace_that_fails_makes_the_others_partial(api: KubeDouble) -> None:
    api.add_pod("chat-9", "10.2.0.9", namespace="b")
    api.fail(403, namespace="a")
    found = ask(api, namespaces=["a", "b", "prod"])
    assert (found.status, len(found.nodes)) == ("partial", 6)
    assert len(found.reasons) == 1
    assert "in namespace 'a'" in found.reasons[0]


def test_all_namespaces_failing_is_a_failure(api: KubeDouble) -> None:
    api.fail(403)
    found = ask(api, namespaces=["a", "b"])
    assert found.status == "failed"
    assert "namespace 'a'" in found.reasons[0]
    assert "namespace 'b'" in found.reasons[0]


def test_a_dead_server_is_not_asked_once_more_for_each_namespace(api: KubeDouble) -> None:
    api.hang(namespace="b")
    found = ask(api, namespaces=["prod", "b", "c", "d"], timeout=2)
    assert (found.status, len(found.nodes), len(found.reasons)) == ("partial", 5, 3)
    assert found.reasons[1:] == ("namespace 'c': not asked any more", "namespace 'd': not asked any more")


def test_every_list_is_a_fresh_read(api: KubeDouble) -> None:
    ask(api, page_size=2)
    assert len(api.requests) == 3
    assert all("resourceVersion" not in request.query for request in api.requests)
    assert {request.query["limit"] for request in api.requests} == {"2"}


def test_one_malformed_object_hides_no_other(api: KubeDouble) -> None:
    items: list[Any] = [
        {"metadata": {"name": "a", "namespace": "prod"}, "status": {"podIP": "10.1.0.1"}},
        {"metadata": {"name": "b", "namespace": "prod"}, "status": "Running"},
        "junk",
    ]
    api.answer(json.dumps({"kind": "PodList", "metadata": {}, "items": items}).encode())
    found = ask(api)
    assert (found.status, found.names) == ("partial", {"chat@10.1.0.1"})
    assert found.reasons == ("an object is malformed: prod/b and 1 more",)
