# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What strategies and drivers declare, and what is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils import _drivers, _strategies
from ansible_collections.selfheal.cluster.plugins.module_utils._config.chosen import (
    discovery_spec_for,
    topology_spec_for,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._config.schema import (
    CONFIG_SPEC,
    DRIVER_CONFIG_SPEC,
    merged,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers import registry as drivers
from ansible_collections.selfheal.cluster.plugins.module_utils._options import Option, Options, StrategyOptions
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies import registry as strategies

ROOMS = [
    *((name, strategies.options_of(name)) for name in strategies.NAMES),
    *((name, drivers.options_of(name)) for name in drivers.NAMES),
]


def _packages(package: Any) -> set[str]:
    """The packages that declare options, but for what is shared."""
    return {path.parent.name for path in Path(package.__path__[0]).glob("*/options.py")} - {"common"}


def test_the_registries_have_each_that_declares_options() -> None:
    assert _packages(_strategies) == set(strategies.NAMES)
    # No topology names task files as its driver.
    assert _packages(_drivers) == {*drivers.NAMES, "tasks"}


def test_an_unknown_name_is_in_no_registry() -> None:
    for registry in (strategies, drivers):
        with pytest.raises(ValueError, match="zookeeper"):
            registry.options_of("zookeeper")


def test_the_schema_has_the_options_of_all_and_knows_the_secrets() -> None:
    assert (CONFIG_SPEC["secret"], CONFIG_SPEC["port"]) == ({"type": "str", "no_log": True}, {"type": "int"})
    assert DRIVER_CONFIG_SPEC["cookie"] == {"type": "str", "no_log": True}
    secrets = {name for spec in (CONFIG_SPEC, DRIVER_CONFIG_SPEC) for name in spec if spec[name].get("no_log")}
    assert secrets == {"api_key", "cookie", "secret"}


@pytest.mark.parametrize("other", [Option("int"), Option("list", elements="str"), Option(no_log=True)])
def test_two_that_declare_an_option_differently_are_an_error(other: Option) -> None:
    same = Options({"host": Option(default="a", required=True, choices=("a",))})
    assert merged([Options({"host": Option()}), same]) == {"host": {"type": "str"}}
    with pytest.raises(ValueError, match="option 'host' is declared as"):
        merged([Options({"host": Option()}), Options({"host": other})])


@pytest.mark.parametrize(("name", "options"), ROOMS)
def test_defaults_are_values_that_the_option_takes(name: str, options: Options) -> None:
    for key, option in options.options.items():
        assert not (option.required and option.default is not None), key
        if option.default is not None:
            option.check(key, option.default)
            chosen = option.default if isinstance(option.default, tuple) else (option.default,)
            assert not option.choices or set(chosen) <= set(option.choices), key


def test_what_a_driver_declares_of_other_options_exists() -> None:
    known = {"connect", "disconnect", "list_nodes", "fence"}
    for name in drivers.NAMES:
        options = drivers.options_of(name)
        assert set(options.takes) <= known
        assert set(options.own_way) <= set(options.takes)
        assert {*options.instead, *sum(options.instead.values(), ())} <= known | options.names
        if options.other_driver:
            assert set(options.options[options.other_driver].choices) <= set(drivers.NAMES)


def test_capabilities_of_strategies() -> None:
    def those(capability: str) -> set[str]:
        return {name for name in strategies.NAMES if getattr(strategies.options_of(name), capability)}

    assert those("watchable") == those("asks_kubernetes") == {"kubernetes"}
    assert those("has_ttl") == {"dns", "dns_srv", "kubernetes_dns", "kubernetes_dns_srv"}
    assert those("samples") == {"dns", "dns_srv"}
    assert set(strategies.NAMES) - those("authoritative") == {"gossip"}
    witnesses = strategies.options_of("kubernetes").has_witness
    assert witnesses({"lookup": "endpoints"})
    assert not witnesses({"lookup": "pods"})
    assert not StrategyOptions().has_witness({})


@pytest.mark.parametrize(
    ("params", "keys"),
    [
        ({"strategy": "dns"}, set()),
        ({"strategy": "static", "config": {"nodes": []}}, {"nodes"}),
        ({"strategy": "static", "config": {"nodes": [], "query": "a"}}, set(CONFIG_SPEC)),
        ({"strategy": "{{ strategy }}", "config": {"nodes": []}}, set(CONFIG_SPEC)),
        ({"strategy": "static", "config": "nodes=[]"}, set(CONFIG_SPEC)),
    ],
)
def test_the_spec_has_what_the_chosen_strategy_takes_and_all_where_that_is_not_enough(
    params: dict[str, Any], keys: set[str]
) -> None:
    assert set(discovery_spec_for(params)["config"]["options"]) == keys


@pytest.mark.parametrize(
    ("params", "keys"),
    [
        ({}, set()),
        ({"driver_config": {"cookie": "a"}}, drivers.options_of("erlang").names),
        ({"driver": "exec", "driver_config": {"path": "a"}}, drivers.options_of("exec").names),
        ({"driver": "exec", "driver_config": {"cookie": "a"}}, set(DRIVER_CONFIG_SPEC)),
        ({"driver": "{{ driver }}", "driver_config": {"cookie": "a"}}, set(DRIVER_CONFIG_SPEC)),
    ],
)
def test_the_same_of_the_driver(params: dict[str, Any], keys: set[str]) -> None:
    assert set(topology_spec_for({"strategy": "static", **params})["driver_config"]["options"]) == keys
