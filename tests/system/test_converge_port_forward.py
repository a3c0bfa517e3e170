# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real nodes in a network of pods to which nothing leads from here but the API server's port-forward.

The pods are network namespaces that have no line to the one in which the tests and the driver run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import converge, inspect

from tests.harness.ansible.command import Ansible, result_of
from tests.harness.certificates import CertificateAuthority
from tests.harness.clock import within
from tests.harness.erlang.beam import BASENAME, COOKIE, Beam, beams, is_whole, join, wait_whole, write_cookie
from tests.harness.erlang.clusters import lost, with_warnings
from tests.harness.erlang.hosts import hosts, network
from tests.harness.erlang.tls import NodeTls
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.kubernetes.kubelet import on_loopback, pod_network
from tests.harness.waiting import wait_until

MEMBERSHIP = "selfheal.cluster.membership"
LABELS = {"app": "chat"}
TIMEOUT = 6.0


class Pods:
    """Real nodes, each in its pod."""

    def __init__(self, api: KubeDouble, nodes: list[Beam]) -> None:
        self.api = api
        self.nodes = nodes

    def options(self, **driver_config: Any) -> dict[str, Any]:
        """Of a topology that wants the pods with the label."""
        config = {"namespace": self.api.namespace, "node_basename": BASENAME, "lookup": "pods", "selector": "app=chat"}
        return {
            "topology": "chat",
            "strategy": "kubernetes",
            "config": {**config, **self.api.auth},
            "driver_config": {"transport": "port_forward", "timeout": TIMEOUT, **driver_config},
            "policy": {"confirmation_interval": 0.1},
        }

    def converge(self, **driver_config: Any) -> dict[str, Any]:
        return with_warnings(converge(topology_of(self.options(cookie=COOKIE, **driver_config)), False, 5))

    def relabel(self, number: int, labels: dict[str, str]) -> None:
        name = f"chat-{number}"
        self.api.remove_pod(name)
        self.api.add_pod(name, self.nodes[number].address, labels=labels)


@pytest.fixture
def pods() -> Iterator[Pods]:
    with ExitStack() as stack:
        api = stack.enter_context(kube_api())
        net = stack.enter_context(network(4))
        nodes = stack.enter_context(hosts(net, interface="0.0.0.0"))
        for number, host in enumerate(net.hosts):
            api.add_pod(f"chat-{number}", host.address, labels=LABELS)
            api.forward(f"chat-{number}", stack.enter_context(pod_network(host.prefix)))
        yield Pods(api, nodes)
        wait_until(lambda: not api.forwards, 30, "the end of all port-forwards")


def refused(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(action["node"], action["reason"]) for action in result["refused"]]


def test_a_split_cluster_is_healed_and_follows_its_pods(pods: Pods, ansible: Ansible, tmp_path: Path) -> None:
    nodes = pods.nodes
    join(nodes[:2])
    join(nodes[2:])
    options = pods.options(cookie_file=str(write_cookie(tmp_path, COOKIE)))

    run = ansible.task(MEMBERSHIP, **options).ok()
    result = result_of(run)
    assert (result["changed"], result["converged"], result["unreachable_nodes"]) == (True, True, {}), result
    assert is_whole(nodes)
    assert lost(nodes) == {}
    assert pods.api.token not in run.output

    result = ansible.module(MEMBERSHIP, **options)
    assert (result["changed"], result["converged"]) == (False, True), result

    # A live member whose pod left the selection is told to leave, through its own port-forward.
    pods.relabel(3, {"app": "web"})
    result = pods.converge()
    assert [action["node"] for action in result["pruned"]] == [nodes[3].name], result
    assert (result["converged"], is_whole(nodes[:3]), nodes[3].peers()) == (True, True, frozenset())
    assert lost(nodes[:3], but=[nodes[3]]) == {}

    pods.relabel(3, LABELS)
    result = pods.converge()
    assert (result["converged"], is_whole(nodes)) == (True, True), result


def test_a_stray_that_nobody_can_ask_stays(pods: Pods) -> None:
    nodes, api = pods.nodes, pods.api
    join(nodes)
    role = [
        {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    ]
    api.restrict(role)
    name = nodes[3].name

    # The pod's object is gone while its processes live on.
    api.remove_pod("chat-3")
    result = pods.converge()
    assert refused(result) == [(name, "no_answer")], result
    assert result["unreachable_nodes"][name].endswith("no pod in namespace 'prod' has its address")
    assert is_whole(nodes)

    # A dead one is dropped by the members themselves.
    nodes[3].kill()
    wait_until(lambda: is_whole(nodes[:3]), 30, "the members to drop the dead one")
    result = pods.converge()
    assert (result["changed"], result["converged"], result["unreachable_nodes"]) == (False, True, {}), result
    assert lost(nodes[:3], but=[nodes[3]]) == {}


def test_one_pod_that_cannot_be_reached_costs_one_time_out(pods: Pods) -> None:
    nodes, api = pods.nodes, pods.api
    api.hang(on="/chat-3/portforward")
    with within(TIMEOUT, work=1.5):
        seen = inspect(topology_of(pods.options(cookie=COOKIE))).values
    assert seen["unreachable_nodes"] == {
        nodes[3].name: f"{nodes[3].name}: port-forward to pod 'prod/chat-3': {api.url} did not open it in time"
    }
    assert sorted(seen["views"]) == [node.name for node in nodes[:3]]

    # Others can reach it all the same. Whether its own global is done can't be seen from here.
    result = pods.converge()
    assert (result["converged"], is_whole(nodes, steady=False)) == (True, True), result
    wait_whole(nodes)

    api.heal()
    api.fail(404, 'pods "chat-3" not found', on="/chat-3/portforward")
    result = pods.converge()
    assert result["unreachable_nodes"][nodes[3].name].endswith('pods "chat-3" not found; is the pod gone?')
    assert is_whole(nodes)


def test_members_that_speak_tls(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    tls = {"ca_cert": str(authority.certificate), "client_cert": str(authority.issue("ansible"))}
    with kube_api() as api, beams(3, tls=NodeTls(authority)) as nodes:
        for number, node in enumerate(nodes):
            api.add_pod(f"chat-{number}", node.address, labels=LABELS)
            api.forward(f"chat-{number}", on_loopback(node.address))
        pods = Pods(api, nodes)
        result = pods.converge(port=nodes[0].port, tls=tls)
        assert (result["converged"], is_whole(nodes)) == (True, True), result
        assert len([request for request in api.requests if request.path.endswith("/portforward")]) == 3
        assert pods.converge(port=nodes[0].port, tls=tls)["changed"] is False


def test_without_the_right_nothing_is_done(pods: Pods) -> None:
    pods.api.restrict([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])
    with pytest.raises(RoundError) as raised:
        pods.converge()
    assert "none of the 4 desired nodes answered, so nothing was changed" in str(raised.value)
    assert "must allow the verbs 'get' and 'create' on 'pods/portforward'" in str(raised.value)
    assert not any(node.peers() for node in pods.nodes)

    pods.api.restrict(None)
    with pytest.raises(RoundError) as raised:
        pods.converge(epmd_port=4370)
    assert "no epmd for app@10.64.0.1 on 127.0.0.1:4370 of pod 'prod/chat-0': Connection refused" in str(raised.value)
