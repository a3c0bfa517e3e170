# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several objects of Kubernetes say of one node, and what several nodes under one name are."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes.merge import merge
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes.parse import Naming, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.kubernetes.objects import address, endpoint, endpoint_slice, endpoints, pod

NS = "prod"
READY: dict[str, Any] = {}
NOT_READY = {"ready": False}
LEAVING = {"ready": False, "serving": True, "terminating": True}


def naming(mode: str = "ip", **more: Any) -> Naming:
    return Naming("app", mode, "cluster.local", None, **more)


def read(lookup: str, *items: Any, mode: str = "ip", **more: Any) -> tuple[list[Node], list[str]]:
    """Also in the other order, one object a page: it has to be the same."""
    found = merge([parse(lookup, items, naming(mode, **more))])
    assert merge([parse(lookup, [item], naming(mode, **more)) for item in reversed(items)]) == found
    return found


def in_each_order(*endpoints_: Any, mode: str = "ip") -> tuple[list[Node], list[str]]:
    """Of the endpoints of one slice."""
    found = [
        read("endpoint_slices", endpoint_slice("a", order, namespace=NS, service="chat"), mode=mode)
        for order in itertools.permutations(endpoints_)
    ]
    assert all(one == found[0] for one in found)
    return found[0]


def one(ip: str, pod: str | None = None, **more: Any) -> dict[str, Any]:
    return endpoint(ip, pod, namespace=NS, **more)


class TestAnAddressThatPassesToANewPod:
    """K4"""

    @pytest.mark.parametrize("old", [NOT_READY, LEAVING])
    def test_the_new_one_counts(self, old: dict[str, Any]) -> None:
        found, problems = in_each_order(one("10.0.0.1", "old", **old), one("10.0.0.1", "new"))
        assert [(node.name, node.state, node.attributes["pod_name"]) for node in found] == [
            ("app@10.0.0.1", "ready", "new")
        ]
        assert problems == []

    def test_a_new_one_that_is_not_ready_comes_before_an_old_one_that_leaves(self) -> None:
        found, problems = in_each_order(one("10.0.0.1", "old", **LEAVING), one("10.0.0.1", "new", **NOT_READY))
        assert [(node.state, node.attributes["pod_name"]) for node in found] == [("not_ready", "new")]
        assert problems == []

    def test_two_that_leave_are_nobodys_doubt(self) -> None:
        found, problems = in_each_order(one("10.0.0.1", "a", **LEAVING), one("10.0.0.1", "b", **LEAVING))
        assert ([node.state for node in found], problems) == (["terminating"], [])

    @pytest.mark.parametrize("old", [{"ready": False}, {"terminating": True}, {"terminating": True, "ready": False}])
    def test_the_same_with_pods(self, old: dict[str, Any]) -> None:
        pods = [pod("old", "10.0.0.1", namespace=NS, **old), pod("new", "10.0.0.1", namespace=NS)]
        found, problems = read("pods", *pods)
        assert [(node.state, node.attributes["pod_name"]) for node in found] == [("ready", "new")]
        assert problems == []

    def test_a_host_name_brings_the_address_of_the_new_one(self) -> None:
        old, new = one("10.0.0.1", "old", hostname="a", **LEAVING), one("10.0.0.2", "new", hostname="a")
        found, problems = in_each_order(old, new, mode="hostname")
        assert [(node.name, node.address) for node in found] == [("app@a.chat.prod.svc.cluster.local", "10.0.0.2")]
        assert problems == []


class TestSeveralUnderOneName:
    def test_two_pods_with_a_fixed_host_name(self) -> None:
        both = [one(f"10.0.0.{n}", f"chat-{n}", hostname="chat") for n in (1, 2)]
        found, problems = in_each_order(*both, mode="hostname")
        assert [node.name for node in found] == ["app@chat.chat.prod.svc.cluster.local"]
        assert problems == [
            "2 instances share one name, and only one of them can be listed: app@chat.chat.prod.svc.cluster.local"
        ]

    def test_three_pods_on_the_network_of_one_host(self) -> None:
        found, problems = read("pods", *(pod(name, "10.0.0.1", namespace=NS) for name in "abc"))
        assert len(found) == 1
        assert problems[0].startswith("3 instances share one name")

    def test_those_of_two_namespaces_too(self) -> None:
        pods = [pod("a", "10.0.0.1", namespace=namespace) for namespace in ("x", "y")]
        assert read("pods", *pods)[1][0].startswith("2 instances share one name")

    def test_two_addresses_of_which_nobody_says_whose_they_are(self) -> None:
        both = [one(f"10.0.0.{n}", hostname="chat") for n in (1, 2)]
        assert in_each_order(*both, mode="hostname")[1][0].startswith("2 instances share one name")

    def test_host_names_that_differ_in_case_only(self) -> None:
        """RFC 4343"""
        both = [one("10.0.0.1", "a", hostname="chat"), one("10.0.0.2", "b", hostname="CHAT")]
        assert in_each_order(*both, mode="hostname")[1][0].startswith("2 instances share one name")

    def test_an_address_that_one_object_knows_the_pod_of_and_another_does_not(self) -> None:
        found, problems = in_each_order(one("10.0.0.1"), one("10.0.0.1", "a"))
        assert (len(found), problems) == (1, [])

    def test_the_two_families_of_one_host_without_a_target(self) -> None:
        found, problems = in_each_order(one("10.0.0.1", hostname="a"), one("fd00::1", hostname="a"), mode="hostname")
        assert ([node.address for node in found], problems) == (["10.0.0.1"], [])


def test_one_pod_at_two_addresses_of_one_family() -> None:
    """It has just got another, and some slices lag behind: whichever is dropped may be the one that lives."""
    found, problems = in_each_order(one("10.0.0.1", "a"), one("10.0.0.2", "a", **NOT_READY))
    assert [node.name for node in found] == ["app@10.0.0.1", "app@10.0.0.2"]
    assert problems == ["one pod is listed at several addresses of one family: prod/a"]


class TestAPodWithoutAHostName:
    """K5: nearly every chart has a headless Service and one with an address of its own, with the same labels."""

    def test_is_named_by_another_object(self) -> None:
        headless = endpoint_slice("a", [one("10.0.0.1", "chat-0", hostname="chat-0")], namespace=NS, service="chat")
        other = endpoint_slice("b", [one("10.0.0.1", "chat-0")], namespace=NS, service="chat-http")
        found, problems = read("endpoint_slices", headless, other, mode="hostname")
        assert [node.name for node in found] == ["app@chat-0.chat.prod.svc.cluster.local"]
        assert problems == []

    def test_the_same_with_endpoints(self) -> None:
        headless = endpoints("chat", [address("10.0.0.1", "chat-0", namespace=NS, hostname="chat-0")], namespace=NS)
        other = endpoints("chat-http", [address("10.0.0.1", "chat-0", namespace=NS)], namespace=NS)
        assert read("endpoints", headless, other, mode="hostname")[1] == []

    def test_by_its_address_where_there_is_no_pod(self) -> None:
        assert in_each_order(one("10.0.0.1", hostname="a"), one("10.0.0.1"), mode="hostname")[1] == []

    def test_whom_nobody_names_is_missing(self) -> None:
        found, problems = in_each_order(
            one("10.0.0.1", "chat-0", hostname="chat-0"), one("10.0.0.2", "chat-1"), mode="hostname"
        )
        assert len(found) == 1
        assert problems == ["mode 'hostname' needs a hostname, and there is none: prod/chat-1"]


class TestSpellingsOfAnAddress:
    """K7"""

    def test_are_one_node(self) -> None:
        found, problems = in_each_order(one("FD00:0:0:0:0:0:0:7"), one("fd00::7"))
        assert [(node.name, node.address) for node in found] == [("app@fd00::7", "fd00::7")]
        assert problems == []

    @pytest.mark.parametrize("mapped", ["::ffff:10.0.0.1", "::ffff:a00:1", "0:0:0:0:0:FFFF:0A00:0001"])
    def test_an_ipv4_mapped_one_is_called_the_same_by_every_python(self, mapped: str) -> None:
        assert [node.name for node in in_each_order(one(mapped))[0]] == ["app@::ffff:10.0.0.1"]
        name = "app@--ffff-10-0-0-1.prod.pod.cluster.local"
        assert [node.name for node in in_each_order(one(mapped), mode="dns")[0]] == [name]


class TestWhatIsMalformed:
    """K8"""

    @pytest.mark.parametrize(
        "bad", [{"addresses": []}, {}, None, "junk", {"addresses": None}, {"addresses": ["x"], "conditions": 5}]
    )
    def test_an_endpoint_costs_itself(self, bad: Any) -> None:
        found, problems = in_each_order(bad, one("10.0.0.1", "a"), one("10.0.0.2", "b"))
        assert [node.name for node in found] == ["app@10.0.0.1", "app@10.0.0.2"]
        assert problems == ["an endpoint is malformed: prod/a"]

    def test_endpoints_that_are_no_list_cost_the_slice(self) -> None:
        bad = {**endpoint_slice("b", [], namespace=NS), "endpoints": {"a": 1}}
        good = endpoint_slice("a", [one("10.0.0.1")], namespace=NS)
        assert read("endpoint_slices", bad, good)[1] == ["an object is malformed: prod/b"]

    @pytest.mark.parametrize("bad", [{}, None, 5, {"ip": None}, {"ip": "10.0.0.9", "targetRef": 1}])
    def test_an_address_of_endpoints_costs_itself(self, bad: Any) -> None:
        good = address("10.0.0.1", "a", namespace=NS)
        subsets = [{"addresses": [bad, good]}, {"addresses": 5}, 7]
        found, problems = read("endpoints", {**endpoints("chat", namespace=NS), "subsets": subsets})
        assert [node.name for node in found] == ["app@10.0.0.1"]
        assert problems


class TestOnePodBehindTwoServices:
    def test_of_one_family_each_with_endpoints(self) -> None:
        """K11"""
        v4 = endpoints("v4", [address("10.0.0.1", "a", namespace=NS)], namespace=NS)
        v6 = endpoints("v6", [address("fd00::1", "a", namespace=NS)], namespace=NS)
        found, problems = read("endpoints", v4, v6)
        assert ([node.name for node in found], problems) == (["app@10.0.0.1"], [])

    @pytest.mark.parametrize("name", ["a", "z"])
    def test_of_which_one_publishes_who_is_not_ready(self, name: str) -> None:
        """K12: what both say is the same."""
        published = endpoint_slice(
            name, [one("10.0.0.1", "a", ready=True, serving=False)], namespace=NS, service="headless"
        )
        other = endpoint_slice("m", [one("10.0.0.1", "a", ready=False, serving=False)], namespace=NS, service="chat")
        found, problems = read("endpoint_slices", published, other)
        assert ([node.state for node in found], problems) == (["not_ready"], [])

    @pytest.mark.parametrize("names", ["ab", "ba"])
    def test_with_endpoints_of_which_one_publishes_who_is_not_ready(self, names: str) -> None:
        """K12: Endpoints cannot tell, but their order does not matter."""
        told = address("10.0.0.1", "a", namespace=NS)
        found, problems = read(
            "endpoints", endpoints(names[0], [told], namespace=NS), endpoints(names[1], [], [told], namespace=NS)
        )
        assert ([node.state for node in found], problems) == (["ready"], [])

    def test_getting_ready_behind_one_of_them_gives_no_other_name(self) -> None:
        for first, second in ((READY, NOT_READY), (NOT_READY, READY), (READY, READY)):
            slices = [
                endpoint_slice(service, [one("10.0.0.1", "a", hostname="a", **state)], namespace=NS, service=service)
                for service, state in (("x", first), ("y", second))
            ]
            found, _problems = read("endpoint_slices", *slices, mode="hostname")
            assert [node.name for node in found] == ["app@a.x.prod.svc.cluster.local"]


class TestASliceOfNames:
    """K18"""

    NAMES = [one("db.example.net")]

    def test_that_no_service_owns_is_passed_over(self) -> None:
        slices = endpoint_slice("db", self.NAMES, namespace=NS, family="FQDN")
        assert read("endpoint_slices", slices) == ([], [])
        assert read("endpoint_slices", slices, selects=True) == ([], [])

    def test_that_a_service_beside_ours_owns_is_passed_over(self) -> None:
        ours = endpoint_slice("a", [one("10.0.0.1")], namespace=NS, service="chat")
        other = endpoint_slice("db", self.NAMES, namespace=NS, service="db", family="FQDN")
        assert len(read("endpoint_slices", ours, other)[0]) == 1
        assert read("endpoint_slices", ours, other)[1] == []

    def test_of_a_service_that_is_selected_is_missing(self) -> None:
        other = endpoint_slice("db", self.NAMES, namespace=NS, service="db", family="FQDN")
        assert read("endpoint_slices", other, selects=True)[1][0].endswith("IP addresses: prod/db")

    def test_of_a_service_that_has_addresses_too_is_missing(self) -> None:
        both = [
            endpoint_slice("a", [one("10.0.0.1")], namespace=NS, service="chat"),
            endpoint_slice("b", self.NAMES, namespace=NS, service="chat", family="FQDN"),
        ]
        assert read("endpoint_slices", *both)[1][0].endswith("IP addresses: prod/b")


class TestABasenameByLabel:
    """M5"""

    LABEL = {"label": "example.com/role"}

    def test_of_pods(self) -> None:
        pods = [
            pod(role, f"10.0.0.{n}", namespace=NS, labels={"example.com/role": role})
            for n, role in enumerate(("api", "worker"))
        ]
        found, problems = read("pods", *pods, **self.LABEL)
        assert ([node.name for node in found], problems) == (["api@10.0.0.0", "worker@10.0.0.1"], [])

    @pytest.mark.parametrize("mode", ["ip", "dns", "hostname"])
    def test_of_services(self, mode: str) -> None:
        slices = [self._slice(role, role, n) for n, role in enumerate(("api", "worker"))]
        found, problems = read("endpoint_slices", *slices, mode=mode, **self.LABEL)
        assert ([node.name.partition("@")[0] for node in found], problems) == (["api", "worker"], [])

    def test_of_endpoints(self) -> None:
        one_ = endpoints(
            "api", [address("10.0.0.1", "a", namespace=NS)], namespace=NS, labels={"example.com/role": "api"}
        )
        assert [node.name for node in read("endpoints", one_, **self.LABEL)[0]] == ["api@10.0.0.1"]

    @pytest.mark.parametrize(("value", "why"), [(None, "is missing"), ("a.b", "is 'a.b', which is no basename")])
    def test_that_is_missing_or_none(self, value: str | None, why: str) -> None:
        labels = {"example.com/role": value} if value else {}
        found, problems = read("pods", pod("a", "10.0.0.1", namespace=NS, labels=labels), **self.LABEL)
        assert (found, problems) == (
            [],
            [f"label 'example.com/role' (config.node_basename_label) {why}: prod/a"],
        )

    def test_a_pod_that_another_service_gives_a_basename_has_one(self) -> None:
        slices = [self._slice("api", "api", 1), self._slice("http", None, 1)]
        found, problems = read("endpoint_slices", *slices, **self.LABEL)
        assert ([node.name for node in found], problems) == (["api@10.0.0.1"], [])

    def test_a_pod_with_two_of_them_is_doubtful(self) -> None:
        slices = [self._slice("x", "worker", 1), self._slice("y", "api", 1)]
        found, problems = read("endpoint_slices", *slices, **self.LABEL)
        assert [node.name for node in found] == ["api@10.0.0.1"]
        assert problems == ["one pod is listed with several basenames (config.node_basename_label): prod/p1"]

    def _slice(self, service: str, role: str | None, n: int) -> dict[str, Any]:
        labels = {"example.com/role": role} if role else {}
        told_ = [one(f"10.0.0.{n}", f"p{n}", hostname=f"p{n}")]
        return endpoint_slice(service, told_, namespace=NS, service=service, labels=labels)


SPELLINGS = ("10.0.0.1", "10.0.0.2", "fd00::1", "FD00:0::1", "fd00::2", "::ffff:10.0.0.1")
STATES: tuple[dict[str, Any], ...] = (READY, NOT_READY, LEAVING, {"ready": True, "serving": False}, {"ready": None})


@st.composite
def told(draw: st.DrawFn) -> dict[str, Any]:
    """One of a few pods, at one of a few addresses, in some state, or junk."""
    name = draw(st.sampled_from(["a", "b", "c", None, "junk"]))
    if name == "junk":
        return {"addresses": []}
    hostname = draw(st.sampled_from([None, "a", "A", "b"]))
    more = draw(st.sampled_from(STATES))
    return one(draw(st.sampled_from(SPELLINGS)), name, hostname=hostname, zone=draw(st.sampled_from("xy")), **more)


@pytest.mark.parametrize("mode", ["ip", "dns", "hostname"])
@pytest.mark.parametrize("lookup", ["endpoint_slices", "endpoints", "pods"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_nothing_depends_on_the_order(lookup: str, mode: str, data: st.DataObject) -> None:
    """K4, K5, K7, K8, K11, K12: of objects, of what is in them, and of pages."""
    most = 1 if lookup == "pods" else 4
    groups = data.draw(st.lists(st.lists(told(), max_size=most), min_size=1, max_size=6))
    items = [_object(lookup, f"s{number}", group) for number, group in enumerate(groups)]
    shuffled = [_object(lookup, f"s{number}", data.draw(st.permutations(group))) for number, group in enumerate(groups)]
    shuffled = data.draw(st.permutations(shuffled))
    cut = data.draw(st.integers(0, len(shuffled)))
    pages = [shuffled[:cut], shuffled[cut:]]
    assert merge([parse(lookup, page, naming(mode)) for page in pages]) == merge([parse(lookup, items, naming(mode))])


def _object(lookup: str, name: str, group: list[dict[str, Any]]) -> dict[str, Any]:
    if lookup == "endpoint_slices":
        return endpoint_slice(name, group, namespace=NS, service=f"x{name[-1]}")
    if lookup == "endpoints":
        told_ = [{"ip": (one["addresses"] or [None])[0], **one} for one in group]
        ready = [one for one in told_ if (one.get("conditions") or {}).get("ready") is not False]
        return endpoints(name, ready, [one for one in told_ if one not in ready], namespace=NS)
    first = group[0] if group else {"addresses": []}
    ip = (first["addresses"] or ["junk"])[0]
    conditions = first.get("conditions") or {}
    return pod(
        name,
        ip,
        namespace=NS,
        ready=conditions.get("ready") is not False,
        terminating=bool(conditions.get("terminating")),
        hostname=first.get("hostname"),
    )
