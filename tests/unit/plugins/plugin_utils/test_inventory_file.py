# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a topology is said when its file is read, as far as no template hides it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.plugin_utils._inventory_file import check_keys, check_top_level
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import PluginError

STATIC = {"strategy": "static", "config": {"nodes": []}}
TASKS = dict.fromkeys(("list_nodes_tasks", "connect_tasks", "disconnect_tasks"), "x.yml")
TEMPLATE = "{{ somewhere }}"
OWN = ["lists", "delete", []]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({**STATIC, "polcy": {}}, "polcy: is not an option (the options: "),
        ({**STATIC, "polcy": {}}, "; did you mean policy?"),
        ({**STATIC, "policy": {"prun": False}}, "policy.prun: is not an option"),
        ({**STATIC, "policy": {"prun": False}}, "; did you mean policy.prune?"),
        ({**STATIC, "facts": {"transitve": True}}, "; did you mean facts.transitive?"),
        ({"stratgy": "static"}, "; did you mean strategy?"),
        ({"strategy": "statik"}, "strategy: 'statik' is unknown"),
        # Of the chosen strategy and driver alone, not of all of them
        (
            {"strategy": "static", "config": {"nodez": TEMPLATE}},
            "config.nodez: is not an option of 'static' (its options: nodes); did you mean config.nodes?",
        ),
        ({"strategy": "static", "config": {"nodes": [], "query": "x"}}, "config.query: is not an option of 'static'"),
        ({**STATIC, "driver_config": {"cokie": TEMPLATE}}, "; did you mean driver_config.cookie?"),
        ({**STATIC, "driver": "exec", "driver_config": {"cookie": "x"}}, "cookie: is not an option of 'exec'"),
        ({**STATIC, "driver": "erlan"}, "driver: 'erlan' is unknown"),
        ({"strategy": TEMPLATE, "config": {"nodez": []}}, "config.nodez: is not an option (the options: "),
        # What the driver does not take
        ({**STATIC, "driver": "exec", "policy": {"fence": "yes"}}, "policy.fence: is not for driver 'exec'"),
        ({**STATIC, "disconnect": OWN, "policy": {"fence": True}}, "policy.fence: does not go with disconnect"),
        ({**STATIC, "driver_config": {"preset": "ejabberd"}, "connect": OWN}, "connect: does not go with"),
        ({**STATIC, "driver_config": {"preset": "ejabberd", "mesh_only": "yes"}}, "mesh_only: does not go with"),
        ({**STATIC, "driver": "ejabberd", "connect": OWN}, "connect: is not for driver 'ejabberd'"),
        ({**STATIC, **TASKS, "connect": [TEMPLATE]}, "connect: is not for tasks in the place of a driver"),
        ({**STATIC, **TASKS, "policy": {"fence": True}}, "policy.fence: is not for tasks in the place of a driver"),
        # H4
        ({**STATIC, "watch": True}, "watch: strategy 'static' cannot be watched, only 'kubernetes' can"),
        ({"strategy": "dns", "watch": "yes"}, "watch: strategy 'dns' cannot be watched"),
        ({**STATIC, "watch": "maybe"}, "watch: 'maybe' is none of 'auto', true and false"),
    ],
)
def test_what_no_topology_takes_is_an_error(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(PluginError) as error:
        check_keys("chat", options)
    assert str(error.value).startswith("topology 'chat': ")
    assert expected in str(error.value)


@pytest.mark.parametrize(
    "options",
    [
        {**STATIC, "watch": "auto", "own_variables": ["topology_team"]},
        {**STATIC, "watch": TEMPLATE, "policy": {"fence": TEMPLATE}, "driver": "exec"},
        {**STATIC, "driver": TEMPLATE, "driver_config": {"cookie": "x"}, "policy": {"fence": True}},
        {**STATIC, "driver": "exec", "policy": {"fence": "no"}},
        {**STATIC, "driver": None, "config": {"nodes": [], "query": None}, "connect": None},
        {"strategy": TEMPLATE, "config": {"query": "x"}, "watch": True},
        {**STATIC, "driver_config": {"preset": TEMPLATE}, "connect": OWN},
        {**STATIC, "driver_config": {"preset": "ejabberd", "mesh_only": "no"}},
        {**STATIC, "connect": TEMPLATE, "policy": {"fence": True}},
        {"strategy": "kubernetes", "watch": True},
        {**STATIC, **TASKS, "facts": {"transitive": True}},
    ],
)
def test_what_may_be_right_is_left_to_the_run(options: dict[str, Any]) -> None:
    check_keys("chat", options)


def test_a_misspelt_key_of_the_file_is_told_with_the_nearest() -> None:
    with pytest.raises(PluginError, match=r"topologys: is not an option .*; did you mean topologies\?"):
        check_top_level({"topologys": {}}, ["plugin", "topologies", "discover"])
