# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role converge, on the hosts of an inventory and on localhost."""

from __future__ import annotations

from typing import Any

from tests.harness.ansible.command import Ansible, Run
from tests.harness.erlang.beam import COOKIE, Beam, beams, is_whole


def _variables(nodes: list[Beam], **more: Any) -> dict[str, Any]:
    return {
        "topology_name": "chat",
        "topology_strategy": "static",
        "topology_config": {"nodes": [node.name for node in nodes]},
        "topology_driver_config": {"cookie": COOKIE, "port": nodes[0].port},
        **more,
    }


def _apply(ansible: Ansible, variables: dict[str, Any], *arguments: str) -> Run:
    roles = [{"role": "selfheal.cluster.converge", "vars": variables}]
    after = {"ansible.builtin.assert": {"that": "converge_result.converged is boolean"}}
    play = {"hosts": "localhost", "gather_facts": False, "roles": roles, "post_tasks": [after]}
    return ansible.playbook([play], *arguments)


def _line(run: Run) -> str:
    return str(run.ok().of("localhost", "ansible.builtin.debug")["msg"])


def test_on_localhost_with_variables(ansible: Ansible) -> None:
    with beams(3) as nodes:
        assert _line(_apply(ansible, _variables(nodes), "--check")).startswith(
            "chat: 1 of 3 nodes in the largest of 3 islands; would connect 2, prune 0"
        )
        run = _apply(ansible, _variables(nodes), "--diff")
        assert _line(run) == "chat: connected 2, pruned 0; now 3 of 3 nodes in one cluster"
        assert "+chat: 3 desired, 3 members, 1 island" in run.stdout
        assert is_whole(nodes)
        again = _line(_apply(ansible, _variables(nodes)))
        assert again == "chat: connected 0, pruned 0; now 3 of 3 nodes in one cluster"


def test_its_arguments_are_checked(ansible: Ansible) -> None:
    run = _apply(ansible, {"topology_config": {}})
    assert run.code != 0
    assert "topology_strategy" in run.text
    run = _apply(ansible, {"topology_strategy": "static", "topology_config": ["a"]})
    assert run.code != 0
    assert "topology_config" in run.text


def test_its_variables_are_checked_on_any_host_and_those_of_no_topology_are_not(ansible: Ansible) -> None:
    """H3"""
    static = {"topology_strategy": "static", "topology_config": {"nodes": ["app@127.0.0.1"]}}
    run = _apply(ansible, {**static, "topology_polcy": {"prune": False}})
    assert run.code != 0
    assert "topology_polcy: is no variable of a topology; did you mean topology_policy?" in run.text
    ansible.task(
        *("selfheal.cluster.nodes_info", "-e", "topology_polcy=x"),
        **{"strategy": "static", "config": static["topology_config"]},
    ).ok()
