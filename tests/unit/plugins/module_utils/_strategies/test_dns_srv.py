# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver import RecordsAnswer
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver_records import Srv
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.dns_srv import fetch as dns_srv


def answer(*texts: str, addresses: dict[str, list[str]] | None = None) -> RecordsAnswer:
    """:param texts: the records' data as in a zone file."""
    fields = (text.split() for text in texts)
    records = [Srv(int(priority), int(weight), int(port), target) for priority, weight, port, target in fields]
    return RecordsAnswer(tuple(records), addresses or {})


def test_each_target_is_a_node_and_the_rest_its_attributes() -> None:
    given = answer("1 50 4369 b.test.", "0 10 4370 a.test.", addresses={"a.test.": ["10.0.0.1", "fd00::1"]})
    assert dns_srv.nodes_of("app", given) == (
        [
            Node(
                "app@a.test",
                "10.0.0.1",
                attributes={"port": 4370, "priority": 0, "weight": 10, "addresses": ["10.0.0.1", "fd00::1"]},
            ),
            Node("app@b.test", "b.test", attributes={"port": 4369, "priority": 1, "weight": 50}),
        ],
        [],
    )


def test_of_several_records_of_a_target_the_most_wanted_comes_first() -> None:
    """D2: they are several nodes only where they differ in more than priority and weight."""
    nodes, left_out = dns_srv.nodes_of("app", answer("5 0 1 a.test.", "0 1 1 a.test.", "0 9 1 a.test."))
    assert [node.attributes for node in nodes] == [{"port": 1, "priority": 0, "weight": 9}]
    assert left_out == []


FIVE = [f"1 1 {20000 + number} web.node.dc1.consul." for number in range(5)]


def test_several_ports_of_a_target_are_several_instances() -> None:
    """D2: Consul 1.19 and newer, services without an address of their own."""
    given = answer(*FIVE, addresses={"web.node.dc1.consul.": [f"10.0.0.{number}" for number in range(1, 6)]})
    nodes, left_out = dns_srv.nodes_of("app", given)
    assert [node.name for node in nodes] == ["app@web.node.dc1.consul"]
    assert left_out == [
        "DNS record SRV: 5 ports share the target 'web.node.dc1.consul', and one name is one node: give each instance"
        " a target of its own"
    ]


@pytest.mark.parametrize(
    ("addresses", "what"),
    [
        (["10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1"], "3 IPv4 addresses"),
        (["10.0.0.1", "fd00::1", "fd00::2"], "2 IPv6 addresses"),
        (["10.0.0.1", "fd00::1"], ""),
        (["10.0.0.1", "0.0.0.0"], ""),
    ],
)
def test_several_addresses_of_a_target_in_one_family_are_several_instances(addresses: list[str], what: str) -> None:
    """D2: a pod or host has one in each."""
    for several_ports in (False, True):
        given = answer("0 0 1 a.test.", addresses={"a.test.": addresses})
        nodes, left_out = dns_srv.nodes_of("app", given, several_ports)
        assert [(node.name, node.address) for node in nodes] == [("app@a.test", "10.0.0.1")]
        assert [text.partition(" share ")[0] for text in left_out] == ([f"DNS record SRV: {what}"] if what else [])


def test_targets_that_differ_in_case_only_are_one() -> None:
    """D2, RFC 4343: in the spelling that hosts usually have."""
    given = answer("0 0 1 A.Test.", "0 0 1 a.test.", "9 0 1 a.TEST.", addresses={"a.test.": ["10.0.0.1"]})
    assert dns_srv.nodes_of("app", given) == (
        [Node("app@a.test", "10.0.0.1", attributes={"port": 1, "priority": 0, "weight": 0})],
        [],
    )
    nodes, _left_out = dns_srv.nodes_of("app", answer("0 0 1 A.Test."))
    assert [node.name for node in nodes] == ["app@A.Test"]


def test_where_nobody_can_be_is_no_address_of_a_target() -> None:
    """D6: the name is left to be resolved."""
    nothing = ["0.0.0.0", "255.255.255.255", "::", "fe80::1", "ff02::1"]
    nodes, left_out = dns_srv.nodes_of("app", answer("0 0 1 a.test.", addresses={"a.test.": nothing}))
    assert ([node.address for node in nodes], left_out) == (["a.test"], [])


def test_the_root_alone_says_that_there_is_no_such_service() -> None:
    assert dns_srv.nodes_of("app", answer("0 0 0 .")) == ([], [])


@pytest.mark.parametrize("target", [".", "a\\032b.test.", "{{7*7}}.test.", "x" * 57 + 4 * ("." + "y" * 48) + "."])
def test_a_target_that_names_no_node_is_told(target: str) -> None:
    nodes, left_out = dns_srv.nodes_of("app", answer("0 0 1 a.test.", f"0 0 1 {target}"))
    assert [node.name for node in nodes] == ["app@a.test"]
    assert len(left_out) == 1
    assert "node" in left_out[0]
