# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup in real templates."""

from __future__ import annotations

from typing import Any

from tests.harness.ansible.command import Ansible, Run
from tests.harness.dns.nameserver import nameserver


def _evaluate(ansible: Ansible, expression: str, **variables: Any) -> Run:
    task = {"ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"}}
    return ansible.playbook([{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [task]}])


def _message(run: Run) -> Any:
    return run.ok().of("localhost", "ansible.builtin.debug")["msg"]


def test_options_are_one_topology(ansible: Ansible) -> None:
    run = _evaluate(ansible, "query('selfheal.cluster.nodes', strategy='static', config={'nodes': ['a@127.0.0.1']})")
    assert _message(run) == [{"name": "a@127.0.0.1", "address": "127.0.0.1", "state": "ready", "attributes": {}}]


def test_terms_are_topologies_that_take_what_they_lack_from_the_options(ansible: Ansible) -> None:
    run = _evaluate(
        ansible,
        "query('selfheal.cluster.nodes', one, two, strategy='static') | map(attribute='name')",
        one={"config": {"nodes": ["a@h"]}},
        two={"config": {"nodes": ["b@h", "c@h"]}},
    )
    assert _message(run) == ["a@h", "b@h", "c@h"]


def test_what_is_discovered_is_never_templated(ansible: Ansible) -> None:
    # the value is made without a template's braces in a place that is trusted
    node = "{'name': 'a@h', 'attributes': {'label': '{' ~ '{ 1 + 1 }' ~ '}'}}"
    run = _evaluate(
        ansible,
        f"(query('selfheal.cluster.nodes', strategy='static', config={{'nodes': [{node}]}}) | first).attributes.label",
    )
    assert _message(run) == "{{ 1 + 1 }}"


def test_a_failed_discovery_is_an_error_and_no_empty_list(ansible: Ansible) -> None:
    with nameserver({"app.example.test": ["127.0.8.1"]}) as server:
        config = {**server.config, "query": "gone.example.test", "node_basename": "app"}
        run = _evaluate(
            ansible, "query('selfheal.cluster.nodes', topology='web', strategy='dns', config=config)", config=config
        )
    assert run.code != 0
    assert "topology 'web': the discovery failed: " in run.text
    assert "NXDOMAIN" in run.text
    assert "Traceback" not in run.output


def test_bad_options_name_the_topology(ansible: Ansible) -> None:
    run = _evaluate(ansible, "query('selfheal.cluster.nodes', topology='web', strategy='foo')")
    assert run.code != 0
    assert "topology 'web': strategy: 'foo' is unknown" in run.text
    run = _evaluate(ansible, "query('selfheal.cluster.nodes', 'a@h', strategy='static')")
    assert "'a@h' is not a topology" in run.text
