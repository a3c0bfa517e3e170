# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies ``dns_srv`` and ``kubernetes_dns_srv`` against a real nameserver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import TopologyError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, FAILED, Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies._registry import discover
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import source_of

from tests.harness.nameserver import TTL, Nameserver, nameserver

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
        "app@a.example.test": Node("app@a.example.test", "127.0.8.1", attributes=attributes),
        "app@b.example.test": Node("app@b.example.test", "::2", attributes=attributes),
        "app@c.other": Node("app@c.other", "c.other", attributes={**attributes, "priority": 1}),
    }


def test_more_records_than_udp_carries_are_all_there(ns: Nameserver) -> None:
    ns.replace(APP, SRV=[f"0 0 4369 n{n}.example.test." for n in range(200)])
    found = read({"query": APP, **ns.config})
    assert found.status == COMPLETE
    assert found.names == {f"app@n{n}.example.test" for n in range(200)}


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


def test_a_malformed_service_is_said(ns: Nameserver) -> None:
    config = {"service": "app.", "namespace": "prod", **ns.config}
    with pytest.raises(TopologyError, match=r"topology 'chat': config.service: 'app..prod.svc.cluster.local'"):
        read(config, "kubernetes_dns_srv")
