# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner as a filter, from a real nodes_info to a plan."""

from __future__ import annotations

from typing import Any

from tests.harness.ansible.command import Ansible, Run


def _plan(ansible: Ansible, expression: str, nodes: list[Any]) -> Run:
    tasks = [
        {"selfheal.cluster.nodes_info": {"strategy": "static", "config": {"nodes": nodes}}, "register": "desired"},
        {"ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"}},
    ]
    return ansible.playbook([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])


def test_a_result_of_nodes_info_becomes_a_plan(ansible: Ansible) -> None:
    run = _plan(
        ansible,
        "desired | selfheal.cluster.membership_plan({'a@h': ['b@h'], 'b@h': ['a@h'], 'c@h': []},"
        " facts={'transitive': true, 'reversible': true}, node_basename='a')",
        ["a@h", "b@h", "c@h"],
    )
    plan = run.ok().of("localhost", "ansible.builtin.debug")["msg"]
    assert [line["node"] for line in plan["connect"]] == ["c@h"]
    assert plan["connect"][0]["observer"] in ("a@h", "b@h")
    assert sorted(plan["islands"]) == [["a@h", "b@h"], ["c@h"]]
    assert (plan["prune"], plan["refused"], plan["converged"]) == ([], [], False)


def test_a_bare_list_is_no_discovery(ansible: Ansible) -> None:
    run = _plan(ansible, "desired.nodes | selfheal.cluster.membership_plan({})", ["a@h"])
    assert run.code != 0
    assert "a list of nodes alone does not say whether it is complete" in run.text
    assert "Traceback" not in run.output
