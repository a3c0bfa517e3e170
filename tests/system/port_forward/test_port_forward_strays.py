# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port-forwards to members that discovery does not list."""

from __future__ import annotations

import re

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node

from tests.harness.clock import within
from tests.harness.kubernetes.double import KubeDouble
from tests.harness.kubernetes.port_forward import STRAY, why


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
