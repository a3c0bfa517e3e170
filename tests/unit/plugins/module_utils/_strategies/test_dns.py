# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from functools import partial
from ipaddress import IPv6Network

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.addresses import (
    Prefix,
    ip_of,
    prefixes_in,
    same_text,
    stands_for,
    text_of,
    why_no_host,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver_config import SystemConfig
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.service_names import service_of
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.dns import fetch as dns
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes_dns import fetch as kubernetes_dns
from hypothesis import given
from hypothesis import strategies as st


def test_each_address_is_a_node_ipv4_first_in_numerical_order() -> None:
    nodes, left_out = dns.nodes_of("app", ["fd00::1", "10.0.0.10", "10.0.0.9", "10.0.0.10"])
    assert [(node.name, node.address) for node in nodes] == [
        ("app@10.0.0.9", "10.0.0.9"),
        ("app@10.0.0.10", "10.0.0.10"),
        ("app@fd00::1", "fd00::1"),
    ]
    assert left_out == []


def test_without_a_basename_a_node_is_called_by_its_address() -> None:
    nodes, _left_out = dns.nodes_of(None, ["10.0.0.9", "fd00::1"])
    assert [node.name for node in nodes] == ["10.0.0.9", "fd00::1"]


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255"])
def test_an_address_that_no_host_has_is_told(address: str) -> None:
    nodes, left_out = dns.nodes_of("app", [address, "10.0.0.1"])
    assert [node.name for node in nodes] == ["app@10.0.0.1"]
    assert left_out == [f"DNS record {address}: no host has this address"]


def test_a_link_local_address_without_its_zone_is_no_node() -> None:
    """D6"""
    assert dns.nodes_of("app", ["fe80::1"]) == (
        [],
        ["DNS record fe80::1: a link-local address leads nowhere without its zone"],
    )


@given(st.lists(st.ip_addresses(), max_size=20))
def test_no_address_is_lost_and_the_order_does_not_matter(addresses: list[object]) -> None:
    texts = [str(address) for address in addresses]
    nodes, left_out = dns.nodes_of("app", texts)
    assert len(nodes) + len(left_out) <= len(set(texts))
    reached = {ip.number for ip in map(ip_of, texts) if ip.version == 4}
    for ip in map(ip_of, texts):
        assert why_no_host(ip) or text_of(ip) in {node.address for node in nodes} or reached & {*stands_for(ip.number)}
    assert dns.nodes_of("app", reversed(texts)) == (nodes, left_out)


def prefix(text: str) -> Prefix:
    network = IPv6Network(text)
    return Prefix(int(network.network_address) >> (128 - network.prefixlen), network.prefixlen)


def unasked() -> list[Prefix]:
    raise AssertionError("there was no need to ask")


@pytest.mark.parametrize(
    "form",
    ["64:ff9b::a00:1", "::ffff:a00:1", "64:ff9b:1::a00:1", "64:ff9b:1:a00:0:100::", "64:ff9b:1:0:a:0:100:0"],
)
def test_an_ipv4_address_in_another_form_is_the_same_node(form: str) -> None:
    """D6, RFC 6052: what DNS64 makes of an A record. These prefixes are no host's, so that nobody is asked."""
    nodes, left_out = dns.nodes_of("app", [form, "10.0.0.1", "fd00::1"], unasked)
    assert ([node.name for node in nodes], left_out) == (["app@10.0.0.1", "app@fd00::1"], [])


@pytest.mark.parametrize("form", ["64:ff9b::a00:2", "fd00::7", "2001:db8::a01:1"])
def test_what_is_no_form_of_an_address_that_is_there_is_a_node(form: str) -> None:
    """D6"""
    nodes, _left_out = dns.nodes_of("app", ["10.0.0.1", form], unasked)
    assert [node.name for node in nodes] == ["app@10.0.0.1", f"app@{form}"]


@pytest.mark.parametrize(
    ("its", "form"),
    [
        ("2001:db8::/32", "2001:db8:a00:1::"),
        ("2001:db8:100::/40", "2001:db8:10a:0:1::"),
        ("2001:db8:122::/48", "2001:db8:122:a00:0:100::"),
        ("2001:db8:122:300::/56", "2001:db8:122:30a:0:1::"),
        ("2001:db8:122:344::/64", "2001:db8:122:344:a:0:100:0"),
        ("2001:db8:122:344::/96", "2001:db8:122:344::a00:1"),
    ],
)
def test_a_prefix_of_the_network_is_one_only_where_the_network_says_so(its: str, form: str) -> None:
    """D6, RFC 7050: without that a host whose own address ends like an IPv4 address would be taken for another."""
    for known, names in (([prefix(its)], {"app@10.0.0.1"}), ([], {"app@10.0.0.1", f"app@{form}"})):
        nodes, _left_out = dns.nodes_of("app", ["10.0.0.1", form], partial(list, known))
        assert {node.name for node in nodes} == names


def test_the_prefixes_of_a_network_are_those_of_the_name_that_has_no_ipv6_addresses() -> None:
    """D6, RFC 7050 section 3"""
    assert prefixes_in(["2001:db8::c000:aa", "2001:db8:1::192.0.0.171", "2001:db8:2::1"]) == [
        prefix("2001:db8::/96"),
        prefix("2001:db8:1::/96"),
    ]


@pytest.mark.parametrize(
    ("given_text", "text"),
    [
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("::FFFF:0A00:0001", "::ffff:10.0.0.1"),
        ("FD00:0:0:0:0:0:0:7", "fd00::7"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("::10.0.0.1", "::a00:1"),
    ],
)
def test_an_address_has_one_text_on_every_python(given_text: str, text: str) -> None:
    """K7, RFC 5952"""
    nodes, _left_out = dns.nodes_of("app", [given_text, text])
    assert [(node.name, node.address) for node in nodes] == [(f"app@{text}", text)]
    assert same_text(given_text) == same_text(text) == text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A.Test.", "a.test", True),
        ("fe80::1%eth0", "FE80:0::1%eth0", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("beef", "face", False),
        ("1", "2", False),
    ],
)
def test_what_two_spellings_have_in_common(one: str, other: str, same: bool) -> None:
    """K7"""
    assert (same_text(one) == same_text(other)) is same


@pytest.mark.parametrize(
    ("query", "service"),
    [
        ("app.prod.svc.cluster.local", "app.prod.svc.cluster.local"),
        ("_epmd._tcp.App.prod.svc.cluster.local.", "app.prod.svc.cluster.local"),
        ("app-0.app.prod.svc.cluster.local", None),
        ("app.prod.svc", None),
        ("_app._tcp.example.net", None),
    ],
)
def test_which_names_are_services_of_kubernetes(query: str, service: str | None) -> None:
    assert service_of(query) == service


IN_A_POD = SystemConfig(
    ("10.96.0.10",), ("prod.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example")
)


def test_a_bare_service_is_one_of_the_pods_own_namespace() -> None:
    assert kubernetes_dns.full_name("app", IN_A_POD) == "app.prod.svc.cluster.local"


@pytest.mark.parametrize("search", [(), ("corp.example",), ("svc.cluster.local",), ("svc", "a.svc")])
def test_a_bare_service_outside_a_pod_is_an_error(search: tuple[str, ...]) -> None:
    with pytest.raises(OptionError) as error:
        kubernetes_dns.full_name("app", SystemConfig(("10.0.0.1",), search))
    assert error.value.option == "config.service"
    assert "'app.<namespace>.svc.<cluster domain>'" in str(error.value)
