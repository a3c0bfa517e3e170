# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies ``dns`` and ``kubernetes_dns`` against a real nameserver whose zone changes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, FAILED, Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common import (
    resolver_config,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.harness.dns.nameserver import TTL, Nameserver, free_port, nameserver

APP = "app.example.test"


@pytest.fixture
def ns() -> Iterator[Nameserver]:
    with nameserver({APP: ["127.0.8.2", "127.0.8.1", "::1"]}, zones=("test", "other")) as server:
        yield server


def read(config: Mapping[str, object], strategy: str = "dns", attempt: int = 0) -> Discovery:
    if strategy == "dns":
        config = {"query": APP, **config}
    config = {"node_basename": "app", **config}
    return discover(source_of({"topology": "chat", "strategy": strategy, "config": config}), attempt)


def hosts(found: Discovery) -> list[str]:
    assert found.status == COMPLETE, found.reasons
    assert all(node.name == f"app@{node.address}" for node in found.nodes)
    return [node.address for node in found.nodes]


@pytest.mark.parametrize("tcp", [False, True], ids=["UDP", "TCP"])
def test_the_records_are_the_nodes_and_nothing_is_cached(ns: Nameserver, tcp: bool) -> None:
    config = {**ns.config, "tcp": tcp}
    assert hosts(read(config)) == ["127.0.8.1", "127.0.8.2", "::1"]
    ns.set_addresses(APP, ["127.0.8.3"])
    assert hosts(read(config)) == ["127.0.8.3"]


@pytest.mark.parametrize(
    ("types", "found"), [(["A"], ["127.0.8.1", "127.0.8.2"]), (["AAAA"], ["::1"]), (["AAAA", "AAAA"], ["::1"])]
)
def test_types_pick_the_address_family(ns: Nameserver, types: list[str], found: list[str]) -> None:
    assert hosts(read({**ns.config, "types": types})) == found


def test_more_records_than_udp_carries_are_all_there(ns: Nameserver) -> None:
    many = [f"127.1.{n // 200}.{n % 200 + 1}" for n in range(1000)]
    ns.set_addresses(APP, many)
    assert hosts(read(ns.config)) == many


def test_a_discovery_says_what_it_was_read_from_and_for_how_long_that_may_be_kept(ns: Nameserver) -> None:
    """D1: so that who confirms it knows whether a cache gave the same answer again."""
    before = time.monotonic()
    found = read(ns.config)
    after = time.monotonic()
    assert [(one.question, one.server, one.ttl) for one in found.answers] == [
        (f"{APP} A", ns.spec, TTL),
        (f"{APP} AAAA", ns.spec, TTL),
    ]
    assert all(before <= one.asked <= after for one in found.answers)
    ns.replace(APP, TXT=['"here I am"'])
    assert [one.ttl for one in read({**ns.config, "types": ["A"]}).answers] == [TTL]


def test_aliases_are_followed_to_the_end(ns: Nameserver) -> None:
    ns.replace(APP, CNAME=["a.test."])
    ns.replace("a.test", CNAME=["b.other."])
    ns.set_addresses("b.other", ["127.0.8.7"])
    assert hosts(read(ns.config)) == ["127.0.8.7"]


def test_an_alias_to_nowhere_fails(ns: Nameserver) -> None:
    ns.replace(APP, CNAME=["gone.other."])
    assert read(ns.config).status == FAILED


def test_aliases_in_a_circle_fail(ns: Nameserver) -> None:
    ns.replace(APP, CNAME=["a.other."])
    ns.replace("a.other", CNAME=[f"{APP}."])
    found = read(ns.config)
    assert found.status == FAILED
    assert "CNAME" in found.reasons[0]


def test_a_name_that_is_gone_fails(ns: Nameserver) -> None:
    ns.remove(APP)
    found = read(ns.config)
    assert (found.status, found.nodes) == (FAILED, ())
    assert found.reasons[0].startswith(f"DNS query {APP} A: nameserver {ns.spec}: NXDOMAIN: ")
    assert found.reasons[1].startswith(f"DNS query {APP} AAAA: nameserver {ns.spec}: NXDOMAIN: ")


def test_a_name_without_addresses_is_an_honest_nothing(ns: Nameserver) -> None:
    ns.replace(APP, TXT=['"here I am"'])
    found = read(ns.config)
    assert (found.status, found.nodes, found.ttl) == (COMPLETE, (), TTL)


def test_a_zone_that_is_not_served_fails(ns: Nameserver) -> None:
    found = read({**ns.config, "query": "app.example.org"})
    assert found.status == FAILED
    assert "REFUSED: it does not serve this name" in found.reasons[0]


def test_the_query_is_a_full_name(ns: Nameserver) -> None:
    assert hosts(read({**ns.config, "query": f"{APP}."})) == ["127.0.8.1", "127.0.8.2", "::1"]
    assert read({**ns.config, "query": "app"}).status == FAILED


def test_a_nameserver_that_comes_back_is_believed_again(ns: Nameserver) -> None:
    ns.stop()
    found = read(ns.config)
    assert found.status == FAILED
    assert f"nameserver {ns.spec}: UDP: Connection refused" in found.reasons[0]
    ns.start()
    assert hosts(read(ns.config)) == ["127.0.8.1", "127.0.8.2", "::1"]


def test_the_port_is_that_of_every_nameserver_without_its_own(ns: Nameserver) -> None:
    assert hosts(read({"nameservers": [ns.address], "port": ns.port, "types": ["AAAA"]})) == ["::1"]


def test_a_dead_nameserver_before_a_good_one_costs_nothing_but_its_answer(ns: Nameserver) -> None:
    dead = f"127.0.0.1:{free_port('127.0.0.1')}"
    assert hosts(read({"nameservers": [dead, ns.spec]})) == ["127.0.8.1", "127.0.8.2", "::1"]


def test_a_nameserver_on_ipv6() -> None:
    with nameserver({APP: ["127.0.8.1"]}, address="::1") as server:
        assert server.spec.startswith("[::1]:")
        assert hosts(read(server.config)) == ["127.0.8.1"]


def test_the_next_attempt_asks_the_next_nameserver(ns: Nameserver) -> None:
    with nameserver({APP: ["127.0.8.9"]}) as second:
        config = {"nameservers": [ns.spec, second.spec], "types": ["A"]}
        assert hosts(read(config)) == ["127.0.8.1", "127.0.8.2"]
        assert hosts(read(config, attempt=1)) == ["127.0.8.9"]
        assert hosts(read(config, attempt=2)) == ["127.0.8.1", "127.0.8.2"]


def test_a_kubernetes_service_by_its_full_name(ns: Nameserver) -> None:
    ns.set_addresses("app.prod.svc.cluster.test", ["127.0.8.4"])
    config = {"service": "app.prod.svc.cluster.test", **ns.config}
    assert hosts(read(config, "kubernetes_dns")) == ["127.0.8.4"]


def test_a_kubernetes_service_by_its_bare_name_is_sought_in_the_own_namespace_only(
    ns: Nameserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("search prod.svc.cluster.test svc.cluster.test cluster.test test\noptions ndots:5\n")
    monkeypatch.setattr(resolver_config, "RESOLV_CONF", resolv_conf)
    config = {"service": "app", **ns.config}
    ns.set_addresses("app.prod.svc.cluster.test", ["127.0.8.4"])
    ns.set_addresses("app.test", ["127.0.8.66"])
    assert hosts(read(config, "kubernetes_dns")) == ["127.0.8.4"]
    ns.remove("app.prod.svc.cluster.test")
    assert read(config, "kubernetes_dns").status == FAILED


def test_the_address_of_a_service_that_is_not_headless_is_no_node() -> None:
    """Kubernetes' DNS leads from a ClusterIP to the Service, and from a pod to its name below the Service."""
    service = "app.prod.svc.cluster.test"
    reverse = "4.8.0.127.in-addr.arpa"
    with nameserver({service: ["127.0.8.4", "fd00::4"]}, zones=("test", "in-addr.arpa")) as server:
        config = {"service": "App.prod.svc.cluster.test.", **server.config}
        assert hosts(read(config, "kubernetes_dns")) == ["127.0.8.4", "fd00::4"]
        server.replace(reverse, PTR=[f"127-0-8-4.{service}."])
        assert hosts(read(config, "kubernetes_dns")) == ["127.0.8.4", "fd00::4"]
        server.replace(reverse, PTR=[f"{service}."])
        found = read(config, "kubernetes_dns")
        server.set_addresses(service, ["127.0.8.4", "127.0.8.5"])
        assert hosts(read(config, "kubernetes_dns")) == ["127.0.8.4", "127.0.8.5"]
    assert (found.status, found.nodes) == (FAILED, ())
    assert found.reasons == (
        f"config.service: {service} at 127.0.8.4 is a ClusterIP Service (a virtual IP): use its headless Service,"
        " which has clusterIP: None",
    )


def test_addresses_that_dns64_makes_are_those_of_the_nodes() -> None:
    """D6: with the prefix that is the same everywhere, and with one of the network's own (RFC 7050)."""
    addresses = ["10.0.0.1", "64:ff9b::a00:1", "2001:db8::a00:1"]
    with nameserver({APP: addresses}, zones=("test", "arpa")) as server:
        assert hosts(read(server.config)) == ["10.0.0.1", "2001:db8::a00:1"]
        server.replace("ipv4only.arpa", AAAA=["2001:db8::c000:aa", "2001:db8::c000:ab"])
        assert hosts(read(server.config)) == ["10.0.0.1"]


def test_a_name_with_as_many_records_as_servers_take_is_told(ns: Nameserver) -> None:
    """E7: it stays complete. A server that took no more says so in its log only."""
    many = [f"127.1.0.{n}" for n in range(1, 101)]
    ns.set_addresses(APP, many[1:])
    assert read(ns.config).notes == ()
    ns.set_addresses(APP, many)
    found = read(ns.config)
    assert hosts(found) == many
    assert [note.partition(":")[0] for note in found.notes] == [f"DNS query {APP} A"]
    assert "100 records are close to a server's limit" in found.notes[0]
