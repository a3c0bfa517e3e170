# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies ``dns_srv`` and ``kubernetes_dns_srv`` against a real nameserver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of, topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    COMPLETE,
    FAILED,
    PARTIAL,
    Discovery,
    Node,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.harness.dns.nameserver import TTL, Nameserver, free_port, nameserver
from tests.harness.erlang.beam import BASENAME, COOKIE, beam
from tests.harness.erlang.clusters import outcome

APP = "_app._tcp.example.test"
SERVICE = "app.prod.svc.cluster.test"


@pytest.fixture
def ns() -> Iterator[Nameserver]:
    with nameserver(
        {"a.example.test": ["127.0.8.1", "::1"], "b.example.test": ["::2"]}, zones=("test", "other")
    ) as server:
        server.replace(APP, SRV=["0 5 4369 b.example.test.", "0 5 4369 a.example.test.", "1 5 4369 c.other."])
        yield server


def read(config: Mapping[str, object], strategy: str = "dns_srv") -> Discovery:
    config = {"node_basename": "app", **config}
    return discover(source_of({"topology": "chat", "strategy": strategy, "config": config}))


def test_each_target_is_a_node_with_the_address_that_comes_along(ns: Nameserver) -> None:
    found = read({"query": APP, **ns.config})
    assert found.status == COMPLETE
    attributes = {"port": 4369, "priority": 0, "weight": 5}
    assert set(found.names) == {"app@a.example.test", "app@b.example.test", "app@c.other"}
    assert {node.name: node for node in found.nodes} == {
        "app@a.example.test": Node(
            "app@a.example.test", "127.0.8.1", attributes={**attributes, "addresses": ["127.0.8.1", "::1"]}
        ),
        "app@b.example.test": Node("app@b.example.test", "::2", attributes=attributes),
        "app@c.other": Node("app@c.other", "c.other", attributes={**attributes, "priority": 1}),
    }


def test_more_records_than_udp_carries_are_all_there(ns: Nameserver) -> None:
    ns.replace(APP, SRV=[f"0 0 4369 n{n}.example.test." for n in range(200)])
    found = read({"query": APP, **ns.config})
    assert found.status == COMPLETE
    assert found.names == {f"app@n{n}.example.test" for n in range(200)}


@pytest.mark.parametrize("records", [13, 14, 40])
def test_targets_whose_addresses_do_not_come_along_are_reached_by_their_names(ns: Nameserver, records: int) -> None:
    """E7: how many come along is the server's to say, BIND has all of up to 13 targets and none of 14."""
    targets = {f"n{n}.example.test": f"127.0.9.{n + 1}" for n in range(records)}
    for target, address in targets.items():
        ns.set_addresses(target, [address])
    ns.replace(APP, SRV=[f"0 0 4369 {target}." for target in targets])
    found = read({"query": APP, **ns.config})
    assert found.status == COMPLETE
    assert found.names == {f"app@{target}" for target in targets}
    for node in found.nodes:
        target = node.name.partition("@")[2]
        assert node.address in (targets[target], target)


def test_several_ports_of_one_target_are_doubtful(ns: Nameserver) -> None:
    """D2"""
    ns.replace(APP, SRV=[f"1 1 {20000 + n} a.example.test." for n in range(5)])
    found = read({"query": APP, **ns.config})
    assert (found.status, found.names) == (PARTIAL, {"app@a.example.test"})
    assert "5 ports share the target 'a.example.test'" in found.reasons[0]


def test_records_that_differ_in_case_priority_and_weight_are_one_node(ns: Nameserver) -> None:
    """D2, RFC 4343"""
    ns.replace(APP, SRV=["0 5 4369 a.example.test.", "0 6 4369 A.Example.test.", "1 5 4369 a.example.TEST."])
    found = read({"query": APP, **ns.config})
    assert (found.status, len(found.nodes)) == (COMPLETE, 1)


def test_a_member_is_reached_at_each_address_that_comes_along(ns: Nameserver) -> None:
    """D5: an IPv4 address where nobody listens, and the IPv6 address where the member does."""
    target = "a.example.test"
    with beam(f"{BASENAME}@{target}", "::1", port=free_port("::1")) as node:
        ns.replace(APP, SRV=[f"0 5 4369 {target}."])
        seen = outcome(
            topology_of(
                {
                    "topology": "chat",
                    "strategy": "dns_srv",
                    "config": {"query": APP, "node_basename": BASENAME, **ns.config},
                    "driver_config": {"cookie": COOKIE, "port": node.port},
                }
            ),
            inspects=True,
        )
    assert seen["unreachable_nodes"] == {}
    assert seen["members"] == [node.name]


def test_the_root_says_that_there_is_no_such_service(ns: Nameserver) -> None:
    ns.replace(APP, SRV=["0 0 0 ."])
    found = read({"query": APP, **ns.config})
    assert (found.status, found.nodes, found.ttl) == (COMPLETE, (), TTL)


def test_a_name_without_srv_records_is_an_honest_nothing(ns: Nameserver) -> None:
    found = read({"query": "a.example.test", **ns.config})
    assert (found.status, found.nodes, found.ttl) == (COMPLETE, (), TTL)


def test_a_name_that_is_gone_fails(ns: Nameserver) -> None:
    ns.remove(APP)
    found = read({"query": APP, **ns.config})
    assert (found.status, found.nodes) == (FAILED, ())
    assert found.reasons[0].startswith(f"DNS query {APP} SRV: nameserver {ns.spec}: NXDOMAIN: ")


def test_a_kubernetes_service_has_one_record_for_each_pod_and_port(ns: Nameserver) -> None:
    pods = [f"app-{n}.{SERVICE}" for n in range(2)]
    ns.replace(SERVICE, SRV=[f"0 50 {port} {pod}." for pod in pods for port in (4369, 9100)])
    for n, pod in enumerate(pods):
        ns.set_addresses(pod, [f"127.0.8.{n + 1}"])
    config = {"service": "app", "namespace": "prod", "cluster_domain": "cluster.test", **ns.config}
    found = read(config, "kubernetes_dns_srv")
    assert found.status == COMPLETE
    assert [(node.name, node.address) for node in found.nodes] == [
        (f"app@{pod}", f"127.0.8.{n + 1}") for n, pod in enumerate(pods)
    ]


@pytest.mark.parametrize("port", ["", "_epmd._tcp."])
@pytest.mark.parametrize("strategy", ["kubernetes_dns_srv", "dns_srv"])
def test_a_service_that_is_not_headless_has_itself_for_a_target(ns: Nameserver, strategy: str, port: str) -> None:
    ns.replace(f"{port}{SERVICE}", SRV=[f"0 100 4369 {SERVICE}."])
    ns.set_addresses(f"x.{SERVICE}", ["127.0.8.1"])
    config: dict[str, object] = {"query": f"{port}{SERVICE}"}
    if strategy == "kubernetes_dns_srv":
        config = {"service": f"{port}app", "namespace": "prod", "cluster_domain": "cluster.test"}
    found = read({**config, **ns.config}, strategy)
    assert (found.status, found.nodes) == (FAILED, ())
    option = "config.query" if strategy == "dns_srv" else "config.service"
    assert found.reasons == (
        f"{option}: {SERVICE} is a ClusterIP Service (a virtual IP): use its headless Service, which has"
        " clusterIP: None",
    )


def test_pods_that_share_a_hostname_are_doubtful(ns: Nameserver) -> None:
    """D2: a Deployment whose pods have the same hostname and subdomain."""
    ns.replace(SERVICE, SRV=[f"0 50 4369 app.{SERVICE}."])
    ns.set_addresses(f"app.{SERVICE}", ["127.0.8.1", "127.0.8.2", "::1"])
    config = {"service": "app", "namespace": "prod", "cluster_domain": "cluster.test", **ns.config}
    found = read(config, "kubernetes_dns_srv")
    assert (found.status, found.names) == (PARTIAL, {f"app@app.{SERVICE}"})
    assert "2 IPv4 addresses share the target" in found.reasons[0]


def test_a_malformed_service_is_said(ns: Nameserver) -> None:
    config = {"service": "app.", "namespace": "prod", **ns.config}
    with pytest.raises(OptionError, match=r"config.service: 'app..prod.svc.cluster.local'"):
        read(config, "kubernetes_dns_srv")
