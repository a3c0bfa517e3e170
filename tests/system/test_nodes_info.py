# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module nodes_info, and the edge that all modules share, as a user meets them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.ansible.command import Ansible, result_of
from tests.harness.dns.faults import by_type, faulty_nameserver, rcode, records
from tests.harness.dns.nameserver import nameserver

SECRET = "a-token-nobody-may-see"


def test_it_lists_nodes_in_every_state(ansible: Ansible) -> None:
    nodes = ["a@127.0.0.1", {"name": "b@host", "address": "127.0.0.2", "state": "terminating", "attributes": {"x": 1}}]
    result = ansible.module("selfheal.cluster.nodes_info", strategy="static", config={"nodes": nodes})
    assert result["nodes"] == [
        {"name": "a@127.0.0.1", "address": "127.0.0.1", "state": "ready", "attributes": {}},
        {"name": "b@host", "address": "127.0.0.2", "state": "terminating", "attributes": {"x": 1}},
    ]
    assert (result["status"], result["reasons"], result["changed"]) == ("complete", [], False)


def test_it_runs_in_check_mode(ansible: Ansible) -> None:
    result = ansible.module("selfheal.cluster.nodes_info", "--check", strategy="static", config={"nodes": ["a@h"]})
    assert result["status"] == "complete"


def test_a_failed_discovery_fails_the_task_and_is_no_empty_list(ansible: Ansible) -> None:
    with nameserver({"app.example.test": ["127.0.8.1"]}) as server:
        config = {**server.config, "query": "app.example.test", "node_basename": "app", "timeout": 2}
        server.remove("app.example.test")
        run = ansible.task("selfheal.cluster.nodes_info", topology="web", strategy="dns", config=config)
    result = result_of(run)
    assert run.code != 0
    assert result["status"] == "failed"
    assert result["msg"].startswith("topology 'web': the discovery failed: ")
    assert "NXDOMAIN" in result["msg"]
    assert result["reasons"]


def test_a_partial_discovery_is_a_result_and_a_warning(ansible: Ansible) -> None:
    fault = by_type(A=records({"A": ["127.0.8.1"]}), AAAA=rcode("SERVFAIL"))
    with faulty_nameserver(fault) as server:
        config = {**server.config, "query": "app.example.test", "node_basename": "app", "timeout": 2}
        run = ansible.task("selfheal.cluster.nodes_info", topology="web", strategy="dns", config=config).ok()
    result = result_of(run)
    assert (result["status"], [node["name"] for node in result["nodes"]]) == ("partial", ["app@127.0.8.1"])
    assert "[WARNING]: topology 'web': the discovery is partial: " in run.text
    assert "SERVFAIL" in run.text


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, ["missing required arguments: strategy"], id="no strategy"),
        pytest.param(
            {"strategy": "foo"}, ["strategy: 'foo' is unknown, choose one of", "static"], id="unknown strategy"
        ),
        pytest.param({"strategy": "static", "config": {"nods": []}}, ["config.nods"], id="unknown option"),
        pytest.param({"strategy": "static"}, ["config.nodes: is required by 'static'"], id="missing option"),
        pytest.param(
            {"strategy": "static", "config": {"query": "x"}}, ["config.query", "'static'"], id="other's option"
        ),
        pytest.param({"strategy": "dns", "config": {"port": "x"}}, ["port", "'x'"], id="mistyped option"),
        pytest.param(
            {"strategy": "static", "config": {"nodes": ["x@"]}}, ["config.nodes[0]", "'x@'"], id="malformed name"
        ),
        pytest.param(
            {"strategy": "dns", "config": {"query": "x", "node_basename": ""}},
            ["config.node_basename: is empty"],
            id="empty basename",
        ),
        pytest.param(
            {"strategy": "kubernetes", "config": {"node_basename": "x", "kubeconfig": "/nowhere/kubeconfig"}},
            ["config.kubeconfig", "/nowhere/kubeconfig"],
            id="unreadable kubeconfig",
        ),
    ],
)
def test_bad_input_is_a_clear_error_that_names_the_topology(
    ansible: Ansible, options: dict[str, Any], expected: list[str]
) -> None:
    run = ansible.task("selfheal.cluster.nodes_info", topology="web", **options)
    message = result_of(run)["msg"]
    assert run.code != 0
    assert message.startswith("topology 'web': ")
    assert message.count("topology 'web'") == 1
    for text in expected:
        assert text in message
    assert "Traceback" not in run.output


def test_a_secret_shows_nowhere_not_even_where_the_argument_is_refused(ansible: Ansible) -> None:
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"token": SECRET},
        "tasks": [
            {
                "selfheal.cluster.nodes_info": {
                    "strategy": "kubernetes",
                    "config": {"node_basename": "x", "host": f"https://{SECRET}:x/", "api_key": "{{ token }}"},
                }
            }
        ],
    }
    run = ansible.playbook([play], "-vvv")
    assert run.code != 0
    assert SECRET not in run.output
    assert SECRET not in str(run.results)
