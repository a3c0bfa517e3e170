# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubernetes strategy against an API server: the double, or the real cluster that TEST_KUBECONFIG names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.harness.kubernetes.api import KubeApi
from tests.harness.kubernetes.double import any_kube_api
from tests.harness.kubernetes.watching import params_of, watching


@pytest.fixture
def api() -> Iterator[KubeApi]:
    with any_kube_api() as api:
        yield api


def ask(api: KubeApi, **config: Any) -> Discovery:
    if "namespaces" not in config:
        config.setdefault("namespace", api.namespace)
    config = {"node_basename": "chat", **api.auth, **config}
    return discover(source_of({"topology": "t", "strategy": "kubernetes", "config": config}))


def states(discovery: Discovery) -> dict[str, str]:
    return {node.name: node.state for node in discovery.nodes}


def test_slices_give_the_pods_of_a_service_in_all_their_states(api: KubeApi) -> None:
    api.add_slice(
        "chat-1",
        [
            api.endpoint("10.1.0.1", "chat-0"),
            api.endpoint("10.1.0.2", "chat-1", ready=False),
            api.endpoint("10.1.0.3", "chat-2", ready=False, serving=True, terminating=True),
        ],
        service="chat",
    )
    api.add_slice("chat-2", [api.endpoint("10.1.0.4", "chat-3", ready=None)], service="chat")
    api.add_slice("web-1", [api.endpoint("10.1.0.9", "web-0")], service="web")
    found = ask(api, service_name="chat")
    assert (found.status, found.reasons) == ("complete", ())
    assert states(found) == {
        "chat@10.1.0.1": "ready",
        "chat@10.1.0.2": "not_ready",
        "chat@10.1.0.3": "terminating",
        "chat@10.1.0.4": "ready",
    }


def test_a_dual_stack_service_gives_one_node_a_pod(api: KubeApi) -> None:
    api.add_slice("a-v6", [api.endpoint("fd00:10::1", "chat-0")], service="chat", family="IPv6")
    api.add_slice("b-v4", [api.endpoint("10.1.0.1", "chat-0")], service="chat")
    found = ask(api, service_name="chat", page_size=1)
    assert [(node.name, node.address) for node in found.nodes] == [("chat@10.1.0.1", "10.1.0.1")]


def test_ipv6_alone(api: KubeApi) -> None:
    api.add_slice("chat-v6", [api.endpoint("fd00:10:244::5", "chat-0")], service="chat", family="IPv6")
    assert ask(api).names == {"chat@fd00:10:244::5"}
    assert ask(api, mode="dns").names == {f"chat@fd00-10-244--5.{api.namespace}.pod.cluster.local"}


@pytest.mark.parametrize("lookup", ["endpoint_slices", "endpoints", "pods"])
def test_the_names_of_each_mode(api: KubeApi, lookup: str) -> None:
    api.add_pod("chat-0", "10.1.0.1", hostname="chat-0", labels={"app": "chat"})
    api.add_slice("chat-1", [api.endpoint("10.1.0.1", "chat-0", hostname="chat-0")], service="chat")
    api.add_endpoints("chat", [api.address("10.1.0.1", "chat-0", hostname="chat-0")])
    names = {
        mode: ask(api, lookup=lookup, mode=mode, service_name="chat", cluster_domain="example.net").names
        for mode in ("ip", "dns", "hostname")
    }
    assert names == {
        "ip": {"chat@10.1.0.1"},
        "dns": {f"chat@10-1-0-1.{api.namespace}.pod.example.net"},
        "hostname": {f"chat@chat-0.chat.{api.namespace}.svc.example.net"},
    }


def test_endpoints_tell_ready_from_not_ready(api: KubeApi) -> None:
    api.add_endpoints("chat", [api.address("10.1.0.1", "chat-0")], [api.address("10.1.0.2", "chat-1")])
    api.add_endpoints("web", [api.address("10.1.0.9")])
    found = ask(api, lookup="endpoints", service_name="chat")
    assert found.status == "complete"
    assert states(found) == {"chat@10.1.0.1": "ready", "chat@10.1.0.2": "not_ready"}


def test_truncated_endpoints_are_partial(api: KubeApi) -> None:
    api.add_endpoints("chat", [api.address("10.1.0.1", "chat-0")], over_capacity=True)
    found = ask(api, lookup="endpoints", service_name="chat")
    assert (found.status, found.names) == ("partial", {"chat@10.1.0.1"})
    assert "truncated" in found.reasons[0]
    assert f"{api.namespace}/chat" in found.reasons[0]


def test_pods_in_all_their_states(api: KubeApi) -> None:
    api.add_pod("ready", "10.1.0.1")
    api.add_pod("starting", "10.1.0.2", ready=False)
    api.add_pod("leaving", "10.1.0.3", terminating=True)
    api.add_pod("pending", phase="Pending")
    api.add_pod("failed", "10.1.0.5", phase="Failed")
    api.add_pod("done", "10.1.0.6", phase="Succeeded")
    found = ask(api, lookup="pods")
    assert found.status == "complete"
    assert states(found) == {
        "chat@10.1.0.1": "ready",
        "chat@10.1.0.2": "not_ready",
        "chat@10.1.0.3": "terminating",
    }


def test_a_dual_stack_pod_is_known_by_its_primary_address(api: KubeApi) -> None:
    api.add_pod("chat-0", "10.1.0.1", ips=["10.1.0.1", "fd00:10::1"])
    assert ask(api, lookup="pods").names == {"chat@10.1.0.1"}


def test_attributes_of_a_pod(api: KubeApi) -> None:
    labels = {"app": "chat", "topology.kubernetes.io/zone": "z1"}
    api.add_pod("chat-0", "10.1.0.1", labels=labels, annotations={"note": "{{ 1 + 1 }}"})
    (node,) = ask(api, lookup="pods").nodes
    assert len(node.attributes["pod_uid"]) == 36
    assert {key: value for key, value in node.attributes.items() if key != "pod_uid"} == {
        "pod_name": "chat-0",
        "namespace": api.namespace,
        "k8s_node": None,
        "zone": "z1",
        "hostname": None,
        "service_name": None,
        "ready": True,
        "serving": True,
        "terminating": False,
        "phase": "Running",
        "labels": labels,
        "annotations": {"note": "{{ 1 + 1 }}"},
    }


def test_selectors(api: KubeApi) -> None:
    api.add_pod("chat-0", "10.1.0.1", labels={"app": "chat", "tier": "a"})
    api.add_pod("chat-1", "10.1.0.2", labels={"app": "chat", "tier": "b"})
    api.add_pod("web-0", "10.1.0.3", labels={"app": "web"})
    assert ask(api, lookup="pods", selector="app=chat").names == {"chat@10.1.0.1", "chat@10.1.0.2"}
    assert ask(api, lookup="pods", selector="app in (chat, web),!tier").names == {"chat@10.1.0.3"}
    assert ask(api, lookup="pods", field_selector="metadata.name=chat-1").names == {"chat@10.1.0.2"}
    none = ask(api, lookup="pods", selector="app=nothing")
    assert (none.status, none.nodes) == ("complete", ())


@pytest.mark.parametrize(("option", "value"), [("selector", "app=chat=web"), ("field_selector", "spec.colour=red")])
def test_a_bad_selector_is_named(api: KubeApi, option: str, value: str) -> None:
    with pytest.raises(OptionError) as raised:
        ask(api, lookup="pods", **{option: value})
    assert f"config.{option}: {value!r} is refused" in str(raised.value)


def test_a_list_is_read_to_its_last_page(api: KubeApi) -> None:
    for number in range(1, 8):
        api.add_pod(f"chat-{number}", f"10.1.0.{number}")
    found = ask(api, lookup="pods", page_size=3)
    assert (found.status, len(found.nodes)) == ("complete", 7)


def test_many_namespaces(api: KubeApi) -> None:
    api.add_pod("chat-0", "10.1.0.1")
    with api.another_namespace() as other:
        api.add_pod("chat-0", "10.2.0.1", namespace=other)
        found = ask(api, lookup="pods", namespaces=[api.namespace, other, api.namespace])
        assert (found.status, found.names) == ("complete", {"chat@10.1.0.1", "chat@10.2.0.1"})
        assert {node.attributes["namespace"] for node in found.nodes} == {api.namespace, other}


@pytest.mark.parametrize("lookup", ["endpoint_slices", "endpoints"])
def test_a_service_scaled_to_nothing_is_empty_and_a_service_that_is_not_there_is_doubtful(
    api: KubeApi, lookup: str
) -> None:
    api.add_slice("empty-1", [], service="empty")
    api.add_endpoints("empty")
    empty = ask(api, lookup=lookup, service_name="empty")
    assert (empty.status, empty.nodes) == ("complete", ())
    gone = ask(api, lookup=lookup, service_name="gone")
    assert gone.status == "failed"
    assert "'gone' (config.service_name)" in gone.reasons[0]


def test_an_endpoint_without_a_pod(api: KubeApi) -> None:
    api.add_slice("chat-1", [api.endpoint("10.1.0.1"), api.endpoint("10.1.0.2", hostname="b")], service="chat")
    assert ask(api).names == {"chat@10.1.0.1", "chat@10.1.0.2"}
    assert len(ask(api, mode="dns").nodes) == 2
    found = ask(api, mode="hostname")
    assert (found.status, found.names) == ("partial", {f"chat@b.chat.{api.namespace}.svc.cluster.local"})
    assert "needs a hostname" in found.reasons[0]
    assert "10.1.0.1" in found.reasons[0]


def test_a_pod_that_comes_and_goes(api: KubeApi) -> None:
    api.add_pod("chat-0", "10.1.0.1")
    assert len(ask(api, lookup="pods").nodes) == 1
    api.set_ready("chat-0", False)
    assert states(ask(api, lookup="pods")) == {"chat@10.1.0.1": "not_ready"}
    api.add_pod("chat-1", "10.1.0.2")
    assert len(ask(api, lookup="pods").nodes) == 2
    api.terminate_pod("chat-1")
    assert states(ask(api, lookup="pods"))["chat@10.1.0.2"] == "terminating"
    api.remove_pod("chat-0")
    assert states(ask(api, lookup="pods")) == {"chat@10.1.0.2": "terminating"}


def test_slices_and_endpoints_that_change(api: KubeApi) -> None:
    api.add_slice("chat-1", [api.endpoint("10.1.0.1", "chat-0")], service="chat")
    api.add_endpoints("chat", [api.address("10.1.0.1", "chat-0")])
    api.set_slice("chat-1", [api.endpoint("10.1.0.2", "chat-1")])
    api.set_endpoints("chat", [], [api.address("10.1.0.2", "chat-1")])
    assert states(ask(api, service_name="chat")) == {"chat@10.1.0.2": "ready"}
    assert states(ask(api, service_name="chat", lookup="endpoints")) == {"chat@10.1.0.2": "not_ready"}
    api.remove_slice("chat-1")
    api.remove_endpoints("chat")
    for lookup in ("endpoint_slices", "endpoints"):
        assert ask(api, service_name="chat", lookup=lookup).status == "failed"


@pytest.mark.parametrize("lookup", ["endpoint_slices", "endpoints", "pods"])
def test_a_watch_tells_of_a_change_and_of_nothing_else(api: KubeApi, lookup: str) -> None:
    api.add_pod("chat-0", "10.1.0.1")
    api.add_slice("chat-1", [api.endpoint("10.1.0.1", "chat-0")], service="chat")
    api.add_endpoints("chat", [api.address("10.1.0.1", "chat-0")])
    with watching(params_of(api, lookup=lookup)) as heard:
        heard.await_change()
        with api.another_namespace() as other:
            api.add_pod("chat-0", "10.2.0.1", namespace=other)
            assert heard.changes == 1
        api.set_ready("chat-0", False)
        api.set_slice("chat-1", [api.endpoint("10.1.0.1", "chat-0", ready=False)])
        api.set_endpoints("chat", [], [api.address("10.1.0.1", "chat-0")])
        heard.await_change()
        assert heard.lines == []
    assert states(ask(api, lookup=lookup, service_name="chat")) == {"chat@10.1.0.1": "not_ready"}
