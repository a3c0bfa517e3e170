# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy kubernetes between Services and their pods: whose labels a selector means, and who runs unlisted.

Against the double only: no real cluster keeps slices that differ from its pods, and none has faults on demand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.harness.kubernetes.double import KubeDouble, kube_api

pytestmark = pytest.mark.double("a real cluster keeps no slices that differ from its pods")

LABELS = {"app": "chat"}
LOOKUPS = ("endpoint_slices", "endpoints")
LISTS = [{"apiGroups": ["discovery.k8s.io", ""], "resources": ["endpointslices", "endpoints"], "verbs": ["list"]}]


@pytest.fixture
def api() -> Iterator[KubeDouble]:
    with kube_api() as api:
        yield api


def ask(api: KubeDouble, attempt: int = 0, **config: Any) -> Discovery:
    if "namespaces" not in config:
        config.setdefault("namespace", api.namespace)
    config = {"node_basename": "chat", **api.auth, **config}
    return discover(source_of({"topology": "t", "strategy": "kubernetes", "config": config}), attempt)


def allow(api: KubeDouble, *resources: str) -> None:
    api.restrict([*LISTS, {"apiGroups": [""], "resources": list(resources), "verbs": ["list"]}])


@pytest.fixture
def two_of_three(api: KubeDouble) -> KubeDouble:
    """A Service of three pods. Its slices and Endpoints lack one, whose Node object is gone."""
    api.add_service("chat", selector=LABELS, labels=LABELS)
    for n in range(3):
        api.add_pod(f"chat-{n}", f"10.1.0.{n}", labels=LABELS, hostname=f"chat-{n}")
    listed = range(2)
    endpoints = [api.endpoint(f"10.1.0.{n}", f"chat-{n}", hostname=f"chat-{n}") for n in listed]
    api.add_slice("chat-1", endpoints, service="chat", labels=LABELS)
    api.add_endpoints(
        "chat", [api.address(f"10.1.0.{n}", f"chat-{n}", hostname=f"chat-{n}") for n in listed], labels=LABELS
    )
    return api


class TestNothingIsSelected:
    """K10"""

    @pytest.mark.parametrize("lookup", LOOKUPS)
    def test_a_selector_for_the_labels_of_the_pods_fails_and_names_the_services_that_were_meant(
        self, api: KubeDouble, lookup: str
    ) -> None:
        for name in ("chat", "chat-http"):
            api.add_service(name, selector=LABELS)
            api.add_slice(name, [api.endpoint("10.1.0.1", "chat-0")], service=name)
            api.add_endpoints(name, [api.address("10.1.0.1", "chat-0")])
        api.add_service("web", selector={"app": "web"})
        api.add_service("by-hand")
        api.add_pod("chat-0", "10.1.0.1", labels={**LABELS, "tier": "a"})
        found = ask(api, lookup=lookup, selector="app=chat")
        (reason,) = found.reasons
        assert (found.status, found.nodes) == ("failed", ())
        assert "config.selector 'app=chat': they have the labels of their Service, not those of its pods" in reason
        assert reason.endswith("are those of Service 'chat' or 'chat-http', which config.service_name takes")
        assert ask(api, lookup=lookup, service_name="chat").names == {"chat@10.1.0.1"}

    def test_who_may_not_list_services_or_has_trouble_with_it_is_told_no_names(self, api: KubeDouble) -> None:
        api.add_service("chat", selector=LABELS)
        api.add_pod("chat-0", "10.1.0.1", labels=LABELS)
        for trouble in (
            lambda: allow(api, "pods"),
            lambda: allow(api, "services"),
            lambda: api.fail(500, on="/services"),
            lambda: api.hang_up(on="/pods"),
            lambda: api.answer(b'{"kind": "ServiceList", "metadata": {}, "items": [1]}', on="/services"),
            lambda: api.answer(b'{"kind": "PodList", "metadata": {}, "items": [1]}', on="/pods"),
        ):
            trouble()
            (reason,) = ask(api, selector="app=chat").reasons
            assert reason.endswith("or take config.lookup 'pods'")
            api.heal()
            api.restrict(None)

    def test_only_the_first_pages_are_read_for_the_names(self, api: KubeDouble) -> None:
        for n in range(5):
            api.add_service(f"chat-{n}", selector=LABELS)
            api.add_pod(f"chat-{n}", f"10.1.0.{n}", labels=LABELS)
        (reason,) = ask(api, selector="app=chat", page_size=4).reasons
        assert "'chat-0' or 'chat-1' or 'chat-2' or 1 more" in reason
        assert len(api.requests) == 3

    @pytest.mark.parametrize("lookup", LOOKUPS)
    def test_a_service_that_has_no_endpoints_is_empty(self, api: KubeDouble, lookup: str) -> None:
        api.add_slice("chat-1", [], service="chat", labels=LABELS)
        api.add_endpoints("chat", labels=LABELS)
        found = ask(api, lookup=lookup, selector="app=chat")
        assert (found.status, found.nodes) == ("complete", ())

    @pytest.mark.parametrize("lookup", LOOKUPS)
    def test_nor_is_a_namespace_without_any_empty(self, api: KubeDouble, lookup: str) -> None:
        for config, text in (
            ({}, "namespace 'prod' has no {}: is its name right"),
            ({"field_selector": "metadata.name=x"}, "{} that config.field_selector 'metadata.name=x' selects"),
            ({"service_name": "x", "selector": "a=b"}, "{} of a Service 'x' (config.service_name)"),
        ):
            found = ask(api, lookup=lookup, **config)
            assert found.status == "failed"
            assert text.format(lookup.replace("_", "")) in found.reasons[0]

    def test_one_namespace_of_several_without_any_is_missing(self, two_of_three: KubeDouble) -> None:
        found = ask(two_of_three, selector="app=chat", namespaces=["prod", "other"])
        assert (found.status, len(found.nodes), len(found.reasons)) == ("partial", 2, 1)
        assert found.reasons[0].startswith("namespace 'other' has no ")

    def test_no_pod_that_is_selected_is_an_empty_answer(self, api: KubeDouble) -> None:
        found = ask(api, lookup="pods", selector="app=chat")
        assert (found.status, found.nodes) == ("complete", ())


class TestWhoStillRuns:
    """K13: asked before a prune alone."""

    @pytest.mark.parametrize("lookup", LOOKUPS)
    def test_is_told_by_name(self, two_of_three: KubeDouble, lookup: str) -> None:
        names = {
            "ip": "chat@10.1.0.2",
            "dns": "chat@10-1-0-2.prod.pod.cluster.local",
            "hostname": "chat@chat-2.chat.prod.svc.cluster.local",
        }
        for mode, name in names.items():
            for config in ({}, {"service_name": "chat"}, {"selector": "app=chat"}):
                assert ask(two_of_three, lookup=lookup, mode=mode, **config).still_running == frozenset()
                found = ask(two_of_three, 1, lookup=lookup, mode=mode, **config)
                assert (found.status, len(found.nodes), found.still_running) == ("complete", 2, {name})

    @pytest.mark.parametrize(
        "change",
        [
            lambda api: api.set_ready("chat-2", False),
            lambda api: api.terminate_pod("chat-2"),
            lambda api: api.remove_pod("chat-2"),
            lambda api: api.write("PATCH", "pods", None, "chat-2/status", {"status": {"phase": "Failed"}}),
            lambda api: api.write("PATCH", "pods", None, "chat-2/status", {"status": {"podIP": None, "podIPs": []}}),
            # quarantined: the Service does not select it any more
            lambda api: api.write("PATCH", "pods", None, "chat-2", {"metadata": {"labels": {"app": "none"}}}),
        ],
    )
    def test_is_nobody_who_does_not_run_and_serve(self, two_of_three: KubeDouble, change: Any) -> None:
        change(two_of_three)
        found = ask(two_of_three, 1)
        assert (found.status, found.still_running) == ("complete", frozenset())

    def test_is_not_told_without_the_right(self, two_of_three: KubeDouble) -> None:
        for rights in (("services",), ("pods",), ()):
            allow(two_of_three, *rights)
            found = ask(two_of_three, 1)
            assert (found.status, found.reasons, found.still_running) == ("complete", (), frozenset())
        allow(two_of_three, "services", "pods")
        assert ask(two_of_three, 1).still_running == {"chat@10.1.0.2"}

    @pytest.mark.parametrize("on", ["/services", "/pods"])
    def test_any_other_trouble_makes_it_partial(self, two_of_three: KubeDouble, on: str) -> None:
        kind = {"/services": "ServiceList", "/pods": "PodList"}[on]
        for trouble in (
            lambda: two_of_three.fail(503, on=on),
            lambda: two_of_three.hang(on=on),
            lambda: two_of_three.hang_up(on=on),
            lambda: two_of_three.answer(b"<html>", on=on),
            lambda: two_of_three.answer(json.dumps({"kind": kind, "metadata": {}, "items": [7]}).encode(), on=on),
        ):
            trouble()
            found = ask(two_of_three, 1, timeout=2)
            assert (found.status, len(found.nodes), found.still_running) == ("partial", 2, frozenset())
            assert "asked before a prune: " in found.reasons[0]
            assert ask(two_of_three).status == "complete"
            two_of_three.heal()

    def test_is_nobody_of_a_service_whose_endpoints_are_written_by_hand(self, api: KubeDouble) -> None:
        api.add_service("chat", labels=LABELS)
        api.add_pod("chat-2", "10.1.0.2", labels=LABELS)
        api.add_slice("chat-1", [api.endpoint("10.1.0.1")], service="chat")
        assert ask(api, 1).still_running == frozenset()
        assert not any(request.path.endswith("/pods") for request in api.requests)

    def test_has_the_basename_that_its_service_gives(self, two_of_three: KubeDouble) -> None:
        """M5"""
        config = {"node_basename": None, "node_basename_label": "app"}
        found = ask(two_of_three, 1, **config)
        assert (found.names, found.still_running) == ({"chat@10.1.0.0", "chat@10.1.0.1"}, {"chat@10.1.0.2"})

    @pytest.mark.parametrize(("family", "ip"), [("IPv4", "10.1.0.1"), ("IPv6", "fd00:10::1")])
    def test_of_two_families_is_called_as_the_slices_would_call_it(self, api: KubeDouble, family: str, ip: str) -> None:
        api.add_service("chat", selector=LABELS, families=[family])
        api.add_pod("chat-0", "10.1.0.1", ips=["10.1.0.1", "FD00:10:0::1"], labels=LABELS)
        api.add_slice("chat-1", [], service="chat", family=family)
        assert ask(api, 1).still_running == {f"chat@{ip}"}
        api.set_slice("chat-1", [api.endpoint(ip, "chat-0")])
        assert ask(api, 1).still_running == frozenset()

    def test_of_two_families_is_told_by_the_address_that_the_slices_lost(self, api: KubeDouble) -> None:
        api.add_service("chat", selector=LABELS, families=["IPv4", "IPv6"])
        api.add_pod("chat-0", "10.1.0.1", ips=["10.1.0.1", "fd00:10::1"], labels=LABELS)
        api.add_slice("chat-4", [api.endpoint("10.1.0.1", "chat-0")], service="chat", family="IPv4")
        api.add_slice("chat-6", [api.endpoint("fd00:10::1", "chat-0")], service="chat", family="IPv6")
        found = ask(api, 1)
        assert (found.names, found.still_running) == ({"chat@10.1.0.1"}, frozenset())
        api.set_slice("chat-4", [])
        found = ask(api, 1)
        assert (found.names, found.still_running) == ({"chat@fd00:10::1"}, {"chat@10.1.0.1"})

    def test_is_in_the_list_of_pods_anyway(self, two_of_three: KubeDouble) -> None:
        found = ask(two_of_three, 1, lookup="pods")
        assert (len(found.nodes), found.still_running) == (3, frozenset())
        assert {request.path.rsplit("/", 1)[-1] for request in two_of_three.requests} == {"pods"}
