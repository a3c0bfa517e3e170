# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Payloads of Kubernetes -> nodes. What an API server really sends is in tests/system; here is what it may send."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes.merge import merge
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes.parse import (
    Naming,
    Unnamed,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.kubernetes.objects import address, endpoint, endpoint_slice, endpoints, pod

NS = "prod"


def naming(mode: str = "ip", service_name: str | None = None) -> Naming:
    return Naming("app", mode, "cluster.local", service_name)


def nodes(lookup: str, *items: Any, mode: str = "ip", service_name: str | None = None) -> tuple[list[Node], list[str]]:
    return merge([parse(lookup, items, naming(mode, service_name))])


@pytest.mark.parametrize(
    ("conditions", "state"),
    [
        ({"ready": True}, "ready"),
        ({"ready": None}, "ready"),
        ({}, "ready"),
        (None, "ready"),
        ({"ready": False}, "not_ready"),
        ({"ready": False, "serving": True, "terminating": True}, "terminating"),
        ({"ready": True, "serving": True, "terminating": True}, "terminating"),
        ({"ready": True, "terminating": None}, "ready"),
        # K12: what a Service with publishNotReadyAddresses has for a pod that is not ready, and for one that leaves
        ({"ready": True, "serving": False, "terminating": False}, "not_ready"),
        ({"ready": True, "serving": False, "terminating": True}, "terminating"),
        ({"serving": True}, "ready"),
    ],
)
def test_conditions_of_an_endpoint(conditions: Any, state: str) -> None:
    one = {**endpoint("10.0.0.1", namespace=NS), "conditions": conditions}
    found, _reasons = nodes("endpoint_slices", endpoint_slice("a", [one], namespace=NS))
    assert [node.state for node in found] == [state]


@pytest.mark.parametrize(
    ("conditions", "state"),
    [
        ([{"type": "Ready", "status": "True"}], "ready"),
        ([{"type": "Ready", "status": "Unknown"}], "not_ready"),
        ([{"type": "ContainersReady", "status": "True"}], "not_ready"),
        ([], "not_ready"),
        (None, "not_ready"),
    ],
)
def test_conditions_of_a_pod(conditions: Any, state: str) -> None:
    one = pod("a", "10.0.0.1", namespace=NS)
    one["status"]["conditions"] = conditions
    found, _reasons = nodes("pods", one)
    assert [node.state for node in found] == [state]


def test_what_is_no_node() -> None:
    items = [pod(phase, "10.0.0.1", namespace=NS, phase=phase) for phase in ("Failed", "Succeeded")]
    items += [pod("pending", namespace=NS), pod("gone", "10.0.0.2", namespace=NS, phase="Failed", terminating=True)]
    assert nodes("pods", *items) == ([], [])


@pytest.mark.parametrize("nothing", [None, []])
def test_empty_objects(nothing: Any) -> None:
    assert nodes("endpoints", {**endpoints("a", namespace=NS), "subsets": nothing}) == ([], [])
    assert nodes("endpoints", {**endpoints("a", namespace=NS), "subsets": [{"addresses": nothing}]}) == ([], [])
    assert nodes("endpoint_slices", endpoint_slice("a", nothing, namespace=NS)) == ([], [])


def test_an_address_that_is_ready_on_one_port_only_is_ready() -> None:
    one = address("10.0.0.1", "a", namespace=NS)
    subsets = [{"notReadyAddresses": [one], "ports": [{"port": 1}]}, {"addresses": [one], "ports": [{"port": 2}]}]
    found, _reasons = nodes("endpoints", {**endpoints("a", namespace=NS), "subsets": subsets})
    assert [node.state for node in found] == ["ready"]


def test_a_pod_that_two_services_select_is_one_node() -> None:
    one = endpoint("10.0.0.1", "a", hostname="a", namespace=NS)
    slices = [endpoint_slice(name, [one], namespace=NS, service=name) for name in ("x", "y")]
    found, _reasons = nodes("endpoint_slices", *slices, mode="hostname")
    assert [node.name for node in found] == ["app@a.x.prod.svc.cluster.local"]


def test_the_families_of_different_pods_stay_apart() -> None:
    slices = [
        endpoint_slice(
            "v6", [endpoint(f"fd00::{n}", f"a-{n}", namespace=NS) for n in (1, 2)], namespace=NS, family="IPv6"
        ),
        endpoint_slice("v4", [endpoint("10.0.0.1", "a-1", namespace=NS)], namespace=NS),
    ]
    found, _reasons = nodes("endpoint_slices", *slices)
    assert [node.name for node in found] == ["app@10.0.0.1", "app@fd00::2"]


def test_two_families_of_something_that_is_no_pod() -> None:
    target = {"kind": "Node", "name": "worker-1", "uid": "1"}
    slices = [
        endpoint_slice(ip, [{**endpoint(ip, namespace=NS), "targetRef": target}], namespace=NS, family=family)
        for ip, family in (("fd00::1", "IPv6"), ("10.0.0.1", "IPv4"))
    ]
    found, _reasons = nodes("endpoint_slices", *slices)
    assert [(node.name, node.attributes["pod_name"]) for node in found] == [("app@10.0.0.1", None)]


def test_only_truncated_over_capacity_is_partial() -> None:
    for value, count in (("warning", 0), ("truncated", 1)):
        one = endpoints("a", namespace=NS, annotations={"endpoints.kubernetes.io/over-capacity": value})
        assert len(nodes("endpoints", one)[1]) == count
    mirrored = endpoint_slice("a", [], namespace=NS)
    mirrored["metadata"]["annotations"] = {"endpoints.kubernetes.io/over-capacity": "truncated"}
    assert len(nodes("endpoint_slices", mirrored)[1]) == 1


def test_reasons_are_counted_not_repeated() -> None:
    one = endpoint_slice("a", [endpoint(f"10.0.0.{n}", f"a-{n}", namespace=NS) for n in range(50)], namespace=NS)
    found, problems = nodes("endpoint_slices", one, mode="hostname", service_name="chat")
    assert found == []
    assert problems == ["mode 'hostname' needs a hostname, and there is none: prod/a-0 and 49 more"]


def test_a_slice_without_a_service_in_mode_hostname() -> None:
    one = endpoint_slice("a", [endpoint("10.0.0.1", hostname="a", namespace=NS)], namespace=NS)
    assert "neither config.service_name nor label" in nodes("endpoint_slices", one, mode="hostname")[1][0]
    found, _reasons = nodes("endpoint_slices", one, mode="hostname", service_name="chat")
    assert [node.name for node in found] == ["app@a.chat.prod.svc.cluster.local"]


@pytest.mark.parametrize("ip", ["", "example.net", "10.0.0.1\n", "{{ 1 }}", None, 5])
def test_what_is_no_address(ip: Any) -> None:
    """K8: nor does it cost the one behind it."""
    one = endpoint_slice("a", [endpoint(ip, namespace=NS), endpoint("10.0.0.2", namespace=NS)], namespace=NS)
    found, problems = nodes("endpoint_slices", one)
    assert [node.name for node in found] == ["app@10.0.0.2"]
    assert problems[0].startswith(("the address is not an IP address: prod/", "an endpoint is malformed"))


@pytest.mark.parametrize("hostname", ["a b", "{{ 1 }}", "a@b", {"a": 1}, "x" * 250])
def test_a_hostname_that_no_node_can_have(hostname: Any) -> None:
    with pytest.raises(Unnamed, match="is not a node name"):
        naming("hostname", "chat").name("10.0.0.1", NS, hostname, None)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
SOUND = {
    "pods": pod("a", "10.0.0.1", namespace=NS, labels={"a": "b"}, hostname="a"),
    "endpoints": endpoints("a", [address("10.0.0.1", "a", namespace=NS, hostname="a")], namespace=NS),
    "endpoint_slices": endpoint_slice("a", [endpoint("10.0.0.1", "a", namespace=NS)], namespace=NS, service="a"),
}


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:
    """The value with one part of it, at any depth, replaced by anything."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: draw(damaged(value[key]))}
    if isinstance(value, list) and value and draw(st.booleans()):
        return [draw(damaged(value[0])), *value[1:]]
    return draw(ANYTHING)


@pytest.mark.parametrize("lookup", sorted(SOUND))
@pytest.mark.parametrize("mode", ["ip", "dns", "hostname"])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_payload_breaks_the_parser(lookup: str, mode: str, data: st.DataObject) -> None:
    item = data.draw(damaged(SOUND[lookup]))
    for node in nodes(lookup, item, mode=mode, service_name="chat")[0]:
        assert node.name.startswith("app@")
        assert node.address == "10.0.0.1"
