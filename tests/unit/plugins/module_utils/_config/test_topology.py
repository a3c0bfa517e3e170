# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of, topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.registry import options_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._names import check_node_name

DNS = {"query": "web.example.test", "node_basename": "web"}


def error_of(**params):
    with pytest.raises(OptionError) as caught:
        topology_of({"topology": "chat", "strategy": "dns", "config": DNS, **params})
    assert str(caught.value).startswith(f"{caught.value.option}: ")
    return caught.value


def test_defaults_are_filled_in_and_the_scope_comes_from_the_basename() -> None:
    topology = topology_of({"topology": "chat", "strategy": "dns", "config": DNS})
    assert topology.name == "chat"
    assert topology.driver == "erlang"
    assert topology.source.config["timeout"] == 5.0
    assert topology.policy.scope == ("web@*",)
    assert topology.policy.max_prune == "34%"


def test_without_a_basename_nothing_is_in_scope() -> None:
    topology = topology_of({"strategy": "static", "config": {"nodes": ["app@10.0.0.1"]}})
    assert topology.policy.scope == ()
    assert not topology.policy.in_scope("app@10.0.0.1")


def test_with_basenames_by_label_the_scope_is_that_of_the_nodes() -> None:
    """M5"""
    config = {"node_basename_label": "example.com/role"}
    policy = topology_of({"strategy": "kubernetes", "config": config}).policy
    found = Discovery.complete([Node("worker@10.0.0.2"), Node("api@10.0.0.1"), Node("api@10.0.0.3")])
    assert not policy.in_scope("api@10.0.0.1")
    assert policy.over(found).scope == ("api@*", "worker@*")
    assert policy.over(Discovery.complete([])).scope == ()
    own = topology_of({"strategy": "kubernetes", "config": config, "policy": {"scope": ["api@*"]}}).policy
    assert own.over(found).scope == ("api@*",)


def test_pods_are_connected_before_they_are_ready_and_endpoints_are_not() -> None:
    for lookup, expected in (("pods", True), ("endpoints", False), ("endpoint_slices", False)):
        topology = topology_of({"strategy": "kubernetes", "config": {"node_basename": "app", "lookup": lookup}})
        assert topology.policy.include_not_ready is expected


@pytest.mark.parametrize(
    ("params", "option", "said"),
    [
        ({"strategy": "zookeeper"}, "strategy", "'zookeeper'"),
        ({"strategy": "dns_sv"}, "strategy", "did you mean dns_srv?"),
        ({"config": {**DNS, "node_basname": "web"}}, "config.node_basname", "did you mean config.node_basename?"),
        ({"driver_config": {"cokie": "x"}}, "driver_config.cokie", "did you mean driver_config.cookie?"),
        ({"driver": "telepathy"}, "driver", "'telepathy'"),
        ({"driver_config": {"transport": "port_forward"}}, "driver_config.transport", "strategy is 'dns'"),
        ({"config": {"node_basename": "web"}}, "config.query", "required"),
        ({"config": {**DNS, "namespace": "prod"}}, "config.namespace", "not an option of 'dns'"),
        ({"config": {**DNS, "node_basename": ""}}, "config.node_basename", "empty"),
        ({"config": {**DNS, "node_basename": "a@b"}}, "config.node_basename", "'a@b'"),
        ({"config": {**DNS, "port": 70000}}, "config.port", "70000"),
        ({"config": {**DNS, "timeout": float("inf")}}, "config.timeout", "inf"),
        ({"config": {**DNS, "types": ["MX"]}}, "config.types", "'MX'"),
        ({"config": {**DNS, "types": []}}, "config.types", "empty"),
        ({"driver_config": {"parallel": 0}}, "driver_config.parallel", "0"),
        ({"driver_config": {"node_name": "me"}}, "driver_config.node_name", "'me'"),
        ({"config": {"query": "web.example.test"}}, "config.node_basename", "required by driver 'erlang'"),
        ({"strategy": "static", "config": {"nodes": ["a@b", "agent"]}}, "config.nodes[1]", "'agent'"),
        ({"strategy": "static", "config": {"nodes": [{"name": "agent"}]}}, "config.nodes[0]", "'agent'"),
        ({"strategy": "gossip", "config": {"listen": 0}}, "config.listen", "0"),
        ({"policy": {"max_prune": "half"}}, "policy.max_prune", "'half'"),
        ({"policy": {"max_prune": "101%"}}, "policy.max_prune", "'101%'"),
        ({"policy": {"confirmations": 0}}, "policy.confirmations", "0"),
        ({"policy": {"min_nodes": -1}}, "policy.min_nodes", "-1"),
        (
            {"strategy": "kubernetes", "config": {"node_basename": "a", "lookup": "nodes"}},
            "config.lookup",
            "'nodes'",
        ),
        (
            {"strategy": "kubernetes", "config": {"node_basename": "a", "namespace": "x", "namespaces": ["y"]}},
            "config.namespaces",
            "not both",
        ),
        (
            {"strategy": "kubernetes", "config": {"node_basename": "a", "node_basename_label": "role"}},
            "config.node_basename_label",
            "not both",
        ),
        ({"strategy": "kubernetes", "config": {"node_basename_label": "a=b"}}, "config.node_basename_label", "'a=b'"),
        (
            {"strategy": "kubernetes", "config": {"namespace": "x"}},
            "config.node_basename",
            "required by driver 'erlang'",
        ),
        (
            {"strategy": "kubernetes", "config": {"node_basename": "a", "lookup": "pods", "mode": "hostname"}},
            "config.service_name",
            "required",
        ),
    ],
)
def test_an_error_names_the_option_and_the_value(params, option, said) -> None:
    error = error_of(**params)
    assert error.option == option
    assert said in str(error)


@pytest.mark.parametrize(
    "bad", ["app", "@host", "app@", "app@.", "app@a b", "a/b@c", "app@" + "h" * 260, 7, None, "{{ x }}@h"]
)
def test_malformed_node_names(bad) -> None:
    with pytest.raises(OptionError, match="config.nodes"):
        check_node_name("config.nodes[0]", bad)


@pytest.mark.parametrize(
    "good", ["app@10.0.0.1", "app@fd00::1", "a_b-c@host.example.net", "app@host", "app@fe80::1%eth0"]
)
def test_well_formed_node_names(good) -> None:
    assert check_node_name("config.nodes[0]", good) == good


def test_only_erlang_asks_for_an_at_in_names() -> None:
    by_name = {"strategy": "static", "config": {"nodes": ["agent-1"]}}
    by_address = {"strategy": "dns", "config": {"query": "web.example.test"}}
    for params in (by_name, by_address):
        assert topology_of({**params, "driver": "exec"}).policy.scope == ()


def test_a_source_needs_no_driver() -> None:
    assert source_of({"strategy": "static", "config": {"nodes": []}}).topology == "default"


OWN = ["lists", "delete", []]
EJABBERD = {"driver_config": {"preset": "ejabberd"}}


@pytest.mark.parametrize(
    ("params", "option", "said"),
    [
        ({"driver": "exec", "policy": {"fence": True}}, "policy.fence", "not for driver 'exec' (which takes connect, "),
        ({**EJABBERD, "connect": OWN}, "connect", "does not go with driver_config.preset 'ejabberd'"),
        ({**EJABBERD, "disconnect": ["erlang", "disconnect_node", []]}, "disconnect", "driver_config.preset"),
        ({**EJABBERD, "list_nodes": OWN}, "list_nodes", "driver_config.preset 'ejabberd': leave one of them out"),
        ({**EJABBERD, "policy": {"fence": True}}, "policy.fence", "driver_config.preset"),
        (
            {"driver_config": {"preset": "ejabberd", "mesh_only": True}},
            "driver_config.mesh_only",
            "does not go with driver_config.preset 'ejabberd'",
        ),
        ({"driver": "ejabberd", "connect": OWN}, "connect", "not for driver 'ejabberd' (which takes none of its kind)"),
        ({"driver": "ejabberd", "policy": {"fence": True}}, "policy.fence", "not for driver 'ejabberd'"),
        (
            {"driver": "ejabberd", "driver_config": {"mesh_only": True}},
            "driver_config.mesh_only",
            "is not an option of 'ejabberd'",
        ),
        ({"disconnect": OWN, "policy": {"fence": True}}, "policy.fence", "does not go with disconnect: leave one"),
    ],
)
def test_what_the_driver_does_not_take_is_an_error(params, option, said) -> None:
    """H3: it would be passed over."""
    error = error_of(**params)
    assert error.option == option
    assert said in str(error)


@pytest.mark.parametrize("preset", options_of("erlang").options["preset"].choices)
def test_a_preset_is_the_old_name_of_a_driver(preset) -> None:
    names = {"strategy": "dns", "config": DNS}
    connection = {"cookie": "c", "port": 4370, "transport": "direct"}
    old = topology_of({**names, "driver_config": {**connection, "preset": preset, "mesh_only": False}})
    assert old == topology_of({**names, "driver": preset, "driver_config": connection})


def test_what_the_driver_takes_is_none() -> None:
    own_way = {
        "connect": ["net_kernel", "connect_node", []],
        "disconnect": ["erlang", "disconnect_node", []],
        "list_nodes": ["erlang", "nodes", ["connected"]],
    }
    carried_over = topology_of({"strategy": "dns", "config": DNS, **own_way, "policy": {"fence": True}})
    assert (carried_over.connect, carried_over.disconnect, carried_over.list_nodes) == (None, None, None)
    own = topology_of({"strategy": "dns", "config": DNS, "connect": OWN, "policy": {"fence": True}})
    assert own.connect == OWN
    words = {"connect": ["a"], "disconnect": ["b"], "list_nodes": ["c"]}
    topology = topology_of({"strategy": "dns", "config": DNS, "driver": "exec", **words, "policy": {"fence": False}})
    assert topology.list_nodes == ["c"]
