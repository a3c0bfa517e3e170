# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching a Kubernetes source, over real HTTPS.

Against the double only: a real cluster neither ends a watch nor forgets a version when it is told to."""

from __future__ import annotations

import contextlib
import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes import watch

from tests.harness.clock import BUSY, within
from tests.harness.held import Held, objects, sockets
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.kubernetes.watching import PATIENCE, api_with_a_pod, opened, params_of, requests, watching
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.double("a real cluster neither ends a watch nor forgets a version when it is told to")


@pytest.fixture
def api() -> Iterator[KubeDouble]:
    with api_with_a_pod() as api:
        yield api


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream counts as one sooner than otherwise."""
    monkeypatch.setattr(watch, "SHORTEST", 0.05)


def modified(version: int) -> bytes:
    """The line of an event."""
    metadata = {"name": "a", "namespace": "prod", "resourceVersion": str(version)}
    return json.dumps({"type": "MODIFIED", "object": {"kind": "Pod", "metadata": metadata}}).encode() + b"\n"


def open_again(api: KubeDouble, count: int) -> None:
    wait_until(lambda: len(requests(api)[1]) >= count and api.watches == 1, PATIENCE, f"watch {count}")


class TestChanges:
    @pytest.mark.parametrize("lookup", ["pods", "endpoints", "endpoint_slices"])
    def test_of_each_kind(self, api: KubeDouble, lookup: str) -> None:
        config = {"lookup": lookup, "service_name": "chat"}
        api.add_slice("chat-1", [api.endpoint("10.1.0.1", "a")], service="chat")
        api.add_endpoints("chat", [api.address("10.1.0.1", "a")])
        with watching(params_of(api, **config)) as heard:
            heard.await_change()
            api.add_pod("b", "10.1.0.2")
            api.set_slice("chat-1", [api.endpoint("10.1.0.1", "a"), api.endpoint("10.1.0.2", "b")])
            api.set_endpoints("chat", [api.address("10.1.0.1", "a"), api.address("10.1.0.2", "b")])
            heard.await_change()
        [one], [stream] = requests(api)
        assert one.query["limit"] == "1"
        for selector in ("labelSelector", "fieldSelector"):
            assert one.query.get(selector) == stream.query.get(selector)
        assert stream.query["allowWatchBookmarks"] == "true"
        assert 120 <= int(stream.query["timeoutSeconds"]) <= 240

    def test_what_the_source_does_not_list_is_no_change(self, api: KubeDouble) -> None:
        with opened(api, selector="app=chat") as heard:
            api.add_pod("other", "10.1.0.3", labels={"app": "other"})
            api.add_pod("elsewhere", "10.1.0.4", labels={"app": "chat"}, namespace="elsewhere")
            api.bookmark()
            api.add_pod("b", "10.1.0.2", labels={"app": "chat"})
            heard.await_change()
            assert heard.changes == 2

    def test_leaving_the_selector_is_one(self, api: KubeDouble) -> None:
        with opened(api, selector="app=chat", field_selector="status.phase=Running") as heard:
            api.write("PATCH", "pods", None, "a", {"metadata": {"labels": {"app": "other"}}})
            heard.await_change()

    def test_in_each_of_the_namespaces(self, api: KubeDouble) -> None:
        with watching(params_of(api, namespaces=["prod", "b", "c"])) as heard:
            wait_until(lambda: api.watches == 3 and heard.changes == 3, PATIENCE, "three watches")
            heard.await_change()
            for namespace in ("c", "prod", "b"):
                api.add_pod("new", "10.1.0.9", namespace=namespace)
                heard.await_change()

    def test_at_once(self, api: KubeDouble, record_property: Any) -> None:
        seconds = []
        with opened(api) as heard:
            for number in range(2000, 2100):
                before = time.monotonic()
                api.tell_watches(modified(number))
                heard.await_change_at_once()
                seconds.append(time.monotonic() - before)
        median = statistics.median(seconds)
        record_property("median_ms", round(1000 * median, 2))
        print(f"from the server's writing to the change, median of {len(seconds)}: {1000 * median:.2f} ms")
        # It takes a fraction of a millisecond. To look now and then, or to wait for more, would take longer.
        assert median < 0.01 * BUSY

    def test_a_burst(self, api: KubeDouble) -> None:
        with opened(api) as heard:
            api.tell_watches(modified(123456) * 20_000)
            heard.await_change()
            api.end_watches()
            open_again(api, 2)
            assert requests(api)[1][1].query["resourceVersion"] == "123456"
            assert heard.changes < 20_000
            assert heard.lines == []


@pytest.mark.usefixtures("soon")
class TestGoingOn:
    def test_a_stream_that_ends_is_taken_up_where_it_ended(self, api: KubeDouble) -> None:
        with opened(api) as heard:
            api.add_pod("b", "10.1.0.2")
            heard.await_change()
            api.end_watches()
            open_again(api, 2)
            assert heard.changes == 2
            api.add_pod("c", "10.1.0.3")
            heard.await_change()
            assert heard.lines == []
        lists, streams = requests(api)
        assert len(lists) == 1
        first, second = (int(stream.query["resourceVersion"]) for stream in streams)
        assert second == first + 1

    def test_it_goes_on_from_a_bookmark(self, api: KubeDouble) -> None:
        with opened(api) as heard:
            api.add_pod("elsewhere", "10.1.0.4", namespace="elsewhere")
            api.bookmark()
            time.sleep(0.5)
            api.end_watches()
            open_again(api, 2)
            assert (heard.changes, heard.lines) == (1, [])
        first, second = (int(stream.query["resourceVersion"]) for stream in requests(api)[1])
        assert second > first

    def test_what_happens_in_between_is_not_missed(self, api: KubeDouble) -> None:
        with opened(api, timeout=3) as heard:
            api.hang(watch=True, times=1)
            api.end_watches()
            wait_until(lambda: len(requests(api)[1]) == 2, PATIENCE, "the next watch")
            api.add_pod("b", "10.1.0.2")
            assert heard.changes == 1
            heard.await_line("gave no answer within 3 s")
            heard.await_change()
            heard.await_line("works again")

    @pytest.mark.parametrize("fault", ["break_off_watches", "end_watches"])
    def test_a_stream_that_ends_is_no_trouble(self, api: KubeDouble, fault: str) -> None:
        with opened(api) as heard:
            for count in (2, 3, 4):
                getattr(api, fault)()
                open_again(api, count)
                api.add_pod(f"b{count}", "10.1.0.2")
                heard.await_change()
                time.sleep(0.1)
            assert heard.lines == []
        assert len(requests(api)[0]) == 1

    def test_a_version_that_is_gone_is_asked_for_again(self, api: KubeDouble) -> None:
        with opened(api) as heard:
            api.compact()
            api.end_watches()
            heard.await_change()
            open_again(api, 3)
            api.add_pod("b", "10.1.0.2")
            heard.await_change()
            assert heard.lines == []
        assert len(requests(api)[0]) == 2

    def test_so_it_is_when_the_status_says_so(self, api: KubeDouble) -> None:
        with opened(api) as heard:
            api.fail(410, watch=True, times=1)
            api.end_watches()
            heard.await_change()
            assert heard.lines == []
        assert len(requests(api)[0]) == 2

    def test_a_server_that_always_says_so_is_not_asked_without_pause(self, api: KubeDouble) -> None:
        api.fail(410, watch=True)
        with watching(params_of(api)) as heard:
            heard.await_line("answered 410")
            api.heal()
            heard.await_change()
        assert len(requests(api)[1]) < 5


class TestTheEnd:
    @pytest.mark.parametrize("where", ["stream", "hang", "back-off", "handshake"])
    def test_it_ends_at_once_and_leaves_nothing(self, api: KubeDouble, where: str) -> None:
        before = Held()
        config = {}
        if where == "hang":
            api.hang(watch=True)
        if where == "back-off":
            api.fail(429, headers={"Retry-After": "300"})
        with contextlib.ExitStack() as stack:
            if where == "handshake":
                silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
                config["host"] = f"https://127.0.0.1:{silent.getsockname()[1]}"
            running = stack.enter_context(contextlib.ExitStack())
            heard = running.enter_context(watching(params_of(api, **config, timeout=60)))
            if where == "handshake":
                stack.enter_context(silent.accept()[0])
            wait_until(lambda: where == "handshake" or len(api.requests) > (where != "back-off"), PATIENCE, where)
            time.sleep(0.2)
            with within(0, work=2):
                running.close()
            assert not heard.task.get_loop().is_running()
            before.await_threads()
        if where != "hang":  # the double's own end of it stays until it is stopped
            before.await_given_back()

    def test_a_thousand_connections_later_nothing_has_grown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(watch, "SHORTEST", 0)
        with kube_api(tls=False) as api:
            before = Held()
            api.answer(modified(1001), watch=True)
            with watching(params_of(api)) as heard:
                wait_until(lambda: len(api.requests) > 200, 100, "200 connections")
                early = objects()
                wait_until(lambda: len(api.requests) > 1200, 100, "1200 connections")
                grown = objects() - early
                # Of each connection there is a task or two at a time, and of the next one beside it.
                assert max(grown.values(), default=0) < 100, grown
                assert sockets() - before.sockets < 100
                assert threading.active_count() - before.threads < 10
                assert heard.lines == []
            before.await_given_back()
