# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import TopologyError
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies import dns, kubernetes_dns
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies._resolver_config import SystemConfig
from hypothesis import given
from hypothesis import strategies as st


def test_each_address_is_a_node_ipv4_first_in_numerical_order() -> None:
    nodes, left_out = dns.nodes_of("chat", "app", ["fd00::1", "10.0.0.10", "10.0.0.9", "10.0.0.10"])
    assert [(node.name, node.address) for node in nodes] == [
        ("app@10.0.0.9", "10.0.0.9"),
        ("app@10.0.0.10", "10.0.0.10"),
        ("app@fd00::1", "fd00::1"),
    ]
    assert left_out == []


def test_without_a_basename_a_node_is_called_by_its_address() -> None:
    nodes, _left_out = dns.nodes_of("chat", None, ["10.0.0.9", "fd00::1"])
    assert [node.name for node in nodes] == ["10.0.0.9", "fd00::1"]


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "ff02::1"])
def test_an_address_that_no_host_has_is_told(address: str) -> None:
    nodes, left_out = dns.nodes_of("chat", "app", [address, "10.0.0.1"])
    assert [node.name for node in nodes] == ["app@10.0.0.1"]
    assert left_out == [f"DNS record {address}: no host has this address"]


@given(st.lists(st.ip_addresses(), max_size=20))
def test_no_address_is_lost_and_the_order_does_not_matter(addresses: list[object]) -> None:
    texts = [str(address) for address in addresses]
    nodes, left_out = dns.nodes_of("chat", "app", texts)
    assert len(nodes) + len(left_out) == len(set(texts))
    assert dns.nodes_of("chat", "app", reversed(texts)) == (nodes, left_out)


IN_A_POD = SystemConfig(
    ("10.96.0.10",), ("prod.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example")
)


def test_a_bare_service_is_one_of_the_pods_own_namespace() -> None:
    assert kubernetes_dns.full_name("chat", "app", IN_A_POD) == "app.prod.svc.cluster.local"


@pytest.mark.parametrize("search", [(), ("corp.example",), ("svc.cluster.local",), ("svc", "a.svc")])
def test_a_bare_service_outside_a_pod_is_an_error(search: tuple[str, ...]) -> None:
    with pytest.raises(TopologyError) as error:
        kubernetes_dns.full_name("chat", "app", SystemConfig(("10.0.0.1",), search))
    assert error.value.option == "config.service"
    assert "'app.<namespace>.svc.<cluster domain>'" in str(error.value)
