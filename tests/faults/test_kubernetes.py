# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The source is the Kubernetes API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.faults.scene import ROUNDS, Row, Scene, scene
from tests.harness.erlang.beam import BASENAME, Beam
from tests.harness.kubernetes import objects
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.loopback import free_port

LABELS = {"app": "chat"}


class KubeScene:
    """Each node has a pod, an endpoint in the one EndpointSlice and an address in the one Endpoints object."""

    def __init__(self, scene_: Scene, api: KubeDouble) -> None:
        self.scene = scene_
        self.api = api
        everyone = range(len(self.nodes))
        where: dict[str, Any] = {"namespace": api.namespace, "labels": LABELS}
        pods = [objects.pod(f"chat-{number}", self.nodes[number].address, **where) for number in everyone]
        slice_ = objects.endpoint_slice("chat", map(self.endpoint, everyone), service="chat", **where)
        endpoints = objects.endpoints("chat", map(self.address, everyone), **where)
        service = objects.service("chat", selector=LABELS, **where)
        api.load([*pods, slice_, endpoints, service])
        self.read("pods")

    @property
    def nodes(self) -> list[Beam]:
        return self.scene.nodes

    def endpoint(self, number: int, **more: Any) -> dict[str, Any]:
        return self.api.endpoint(self.nodes[number].address, f"chat-{number}", **more)

    def address(self, number: int) -> dict[str, Any]:
        return self.api.address(self.nodes[number].address, f"chat-{number}")

    def read(self, lookup: str, **config: Any) -> None:
        self.scene.topology["config"] = {
            "node_basename": BASENAME,
            "lookup": lookup,
            "selector": "app=chat",
            "namespace": self.api.namespace,
            "timeout": 3,
            **self.api.auth,
            **config,
        }

    @contextmanager
    def fault(self, name: str, **options: Any) -> Iterator[None]:
        """As that of the scene; each run has asked this API for what is looked up."""
        before = len(self.api.requests)
        with self.scene.fault(name, **options):
            yield
        lookup = self.scene.topology["config"]["lookup"].replace("_", "")
        asked = [request.path.rpartition("/")[2] for request in self.api.requests[before:]]
        assert asked.count(lookup) >= ROUNDS, asked

    def states(self) -> dict[str, str]:
        """Of the nodes, as the source says them now."""
        return {node.name: node.state for node in discover(source_of(self.scene.topology)).nodes}

    def addresses(self) -> list[dict[str, Any]]:
        """All in the one Endpoints object."""
        (endpoints,) = self.api.write("GET", "endpoints", None)["items"]
        return [address for subset in endpoints["subsets"] for address in subset["addresses"]]

    def phases(self) -> dict[str, str]:
        return {pod["metadata"]["name"]: pod["status"]["phase"] for pod in self.api.write("GET", "pods", None)["items"]}

    def failed(self, said: str) -> None:
        """Each run failed, and for this reason."""
        assert {result["status"] for result in self.scene.results} == {"failed"}
        for result in self.scene.results:
            assert any(re.search(said, reason) for reason in result["reasons"]), result["reasons"]


@pytest.fixture(scope="module")
def mesh(rows: list[Row]) -> Iterator[Scene]:
    with scene(rows, "Kubernetes", "kubernetes") as scene_:
        yield scene_


@pytest.fixture
def five(mesh: Scene) -> Iterator[KubeScene]:
    with kube_api() as api:
        yield KubeScene(mesh, api)
    with kube_api() as api:
        KubeScene(mesh, api).scene.heals()


def pages(five: KubeScene) -> None:
    five.read("pods", page_size=2)


def second_page(five: KubeScene, code: int) -> None:
    """It fails, and the first does not."""
    pages(five)
    five.api.fail(code, page=2)


NO_LIST = b'{"kind": "PodList", "metadata": {}, "items": null}'
ANOTHER_LIST = b'{"kind": "NodeList", "metadata": {}, "items": []}'
FAILED: dict[str, tuple[Callable[[KubeScene], None], str]] = {
    "401": (lambda five: five.api.fail(401), "answered 401"),
    "403": (lambda five: five.api.fail(403), "answered 403"),
    "403 with an HTML page": (
        lambda five: five.api.answer(b"<html>no</html>", code=403, content_type="text/html"),
        "answered 403: .*text/html",
    ),
    "429": (lambda five: five.api.fail(429, headers={"Retry-After": "30"}), "asks to wait 30 s"),
    "500": (lambda five: five.api.fail(500), "answered 500"),
    "503": (lambda five: five.api.fail(503), "answered 503"),
    "hang": (lambda five: five.api.hang(), "no whole answer within 3 s"),
    "connection closed in the body": (lambda five: five.api.hang_up(), "broke off"),
    "malformed JSON": (lambda five: five.api.answer(b'{"kind": "PodList", "items": ['), "JSON"),
    "empty body": (lambda five: five.api.answer(b""), "JSON"),
    "a proxy's page": (lambda five: five.api.answer(b"<html>sign in</html>", content_type="text/html"), "text/html"),
    "null items": (lambda five: five.api.answer(NO_LIST), "items"),
    "wrong kind": (lambda five: five.api.answer(ANOTHER_LIST), "NodeList"),
    "second page failing": (lambda five: second_page(five, 500), "answered 500"),
    "continue token always expired (410)": (
        lambda five: second_page(five, 410),
        "410",
    ),
}


@pytest.mark.parametrize("name", FAILED)
def test_an_api_that_fails(five: KubeScene, name: str) -> None:
    inject, said = FAILED[name]
    with five.fault(name):
        inject(five)
    five.failed(said)
    assert len(five.api.faulted) >= ROUNDS


def test_a_service_that_is_gone(five: KubeScene) -> None:
    with five.fault("Service and its slices deleted"):
        five.read("endpoint_slices", service_name="gone")
    five.failed("gone")


def test_a_server_that_is_not_there(five: KubeScene) -> None:
    with five.scene.fault("connection refused"):
        five.read("pods", host=f"https://127.0.0.1:{free_port('127.0.0.1')}")
    five.failed("Connection refused")


def test_a_continue_token_that_expires_once(five: KubeScene) -> None:
    with five.fault("continue token expired once (410)"):
        pages(five)
        five.api.fail(410, page=2, times=1)
    assert len(five.api.faulted) == 1
    assert all(result["converged"] for result in five.scene.results)


def test_an_empty_list(five: KubeScene) -> None:
    with five.fault("200 with no items"):
        five.read("pods", selector="app=chat,tier=none")
    assert [result["desired"] for result in five.scene.results] == [[]] * ROUNDS


def test_over_capacity(five: KubeScene) -> None:
    with five.fault("Endpoints over capacity: truncated, 2 of 5 addresses missing"):
        five.api.remove_endpoints("chat")
        five.api.add_endpoints("big", map(five.address, range(3)), over_capacity=True, labels=LABELS)
        five.read("endpoints")
    assert {(result["status"], len(result["desired"])) for result in five.scene.results} == {("partial", 3)}


@pytest.mark.parametrize("gone", [2, 3])
def test_more_addresses_gone_than_may_go(five: KubeScene, gone: int) -> None:
    with five.fault(f"{gone} of 5 addresses gone (above max_prune)"):
        five.api.set_slice("chat", [five.endpoint(number) for number in range(5 - gone)])
        five.read("endpoint_slices")
    assert {refused["reason"] for refused in five.scene.results[-1]["refused"]} == {"max_prune"}
    assert all(len(result["desired"]) == 5 - gone for result in five.scene.results)


def test_one_of_five_gone(five: KubeScene) -> None:
    gone = five.nodes[4]
    with five.fault("1 of 5 pods gone (pruned, as it should be)", broken=[gone]):
        five.api.remove_pod("chat-4")
    assert not gone.peers()


def test_an_address_without_a_target(five: KubeScene) -> None:
    with five.fault("an address without targetRef"):
        five.api.set_endpoints("chat", [five.api.address(node.address) for node in five.nodes])
        five.read("endpoints")
    assert all(result["converged"] for result in five.scene.results)
    assert all("targetRef" not in address for address in five.addresses())
    assert len(five.states()) == 5


def test_an_address_that_is_not_ready_any_more(five: KubeScene) -> None:
    with five.fault("one address moved to notReadyAddresses"):
        five.api.set_endpoints("chat", map(five.address, range(4)), [five.address(4)])
        five.read("endpoints")
    assert five.states()[five.nodes[4].name] == "not_ready"


def test_an_endpoint_that_is_terminating(five: KubeScene) -> None:
    with five.fault("one endpoint terminating"):
        endpoints = [five.endpoint(n) for n in range(4)]
        five.api.set_slice("chat", [*endpoints, five.endpoint(4, ready=False, serving=True, terminating=True)])
        five.read("endpoint_slices")
    assert five.states()[five.nodes[4].name] == "terminating"


def test_an_address_taken_over_by_a_new_pod(five: KubeScene) -> None:
    """K4"""
    with five.fault("an address taken over by a new pod"):
        new = five.api.endpoint(five.nodes[4].address, "chat-4-new")
        old = five.endpoint(4, ready=False, serving=True, terminating=True)
        five.api.set_slice("chat", [old, *(five.endpoint(n) for n in range(4)), new])
        five.read("endpoint_slices")
    assert all(result["converged"] for result in five.scene.results)
    assert five.states() == {node.name: "ready" for node in five.nodes}
    (slice_,) = five.api.write("GET", "endpointslices", None)["items"]
    assert [endpoint["addresses"] for endpoint in slice_["endpoints"]].count([five.nodes[4].address]) == 2


def test_a_node_object_deleted_while_its_pods_run(five: KubeScene) -> None:
    """K13: the controller takes the pod off the slices, and its member is alive."""
    with five.fault("a Node object deleted while its pods run"):
        five.api.set_slice("chat", [five.endpoint(number) for number in range(4)])
        five.read("endpoint_slices")
    assert {refused["reason"] for refused in five.scene.results[-1]["refused"]} == {"still_running"}


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_of_the_past_beside_the_others(five: KubeScene, phase: str) -> None:
    with five.fault(f"a pod more that is {phase}"):
        five.api.add_pod("old", five.nodes[0].address, labels=LABELS, phase=phase)
    assert all(result["converged"] for result in five.scene.results)
    assert five.phases()["old"] == phase
    assert len(five.states()) == 5


def test_a_pod_without_an_address(five: KubeScene) -> None:
    with five.fault("a pod more without an IP (Pending)"):
        five.api.add_pod("new", labels=LABELS, phase="Pending", ready=False)
    assert all(result["converged"] for result in five.scene.results)
    assert five.phases()["new"] == "Pending"
    assert len(five.states()) == 5


def test_a_pod_that_is_not_ready(five: KubeScene) -> None:
    with five.fault("one pod not ready"):
        five.api.set_ready("chat-4", False)
    assert five.states()[five.nodes[4].name] == "not_ready"


def test_a_pod_that_is_terminating(five: KubeScene) -> None:
    with five.fault("one pod terminating"):
        five.api.terminate_pod("chat-4")
    assert five.states()[five.nodes[4].name] == "terminating"


def test_an_ipv6_pod_beside_the_others(five: KubeScene) -> None:
    with five.fault("a pod more with IPv6 that nobody answers at"):
        five.api.add_pod("six", "fd00:10::6", labels=LABELS)
    assert all(f"{BASENAME}@fd00:10::6" in result["unreachable_nodes"] for result in five.scene.results)
