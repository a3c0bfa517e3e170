# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin through ansible-inventory and through plays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness.ansible.command import Ansible
from tests.harness.ansible.inventories import TEMPLATE_TEXT, bare, evaluate, is_untrusted, listed, static, write


def test_topologies_and_their_nodes_are_hosts(ansible: Ansible, tmp_path: Path) -> None:
    node = {"name": "b@host", "address": "127.0.0.2", "state": "not_ready", "attributes": {"zone": "x"}}
    policy = {"max_prune": "1"}
    data = ansible.inventory(
        write(tmp_path, {"my-app": static("a@127.0.0.1", node, policy=policy, connect=["m", "f", []])})
    )
    hostvars = bare(data["_meta"]["hostvars"])
    assert data["topologies"]["hosts"] == ["my-app"]
    assert data["cluster_my_app"]["hosts"] == ["my-app.a@127.0.0.1", "my-app.b@host"]
    assert hostvars["my-app"] == {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "topology_strategy": "static",
        "topology_config": {"nodes": ["a@127.0.0.1", node]},
        "topology_policy": policy,
        "topology_connect": ["m", "f", []],
        "topology_directory": str(tmp_path),
    }
    assert hostvars["my-app.b@host"] == {
        "ansible_host": "127.0.0.2",
        "node_name": "b@host",
        "node_address": "127.0.0.2",
        "node_state": "not_ready",
        "node_attributes": {"zone": "x"},
    }


def test_a_run_on_a_topology_uses_the_interpreter_of_the_playbook_and_warns_of_nothing(
    ansible: Ansible, tmp_path: Path
) -> None:
    file = write(tmp_path, {"chat": static("a@127.0.0.1")})
    play = {"hosts": "topologies", "gather_facts": False, "tasks": [{"ansible.builtin.ping": {}}]}
    run = ansible.playbook([play], "-i", str(file)).ok()
    assert "WARNING" not in run.output


@pytest.mark.parametrize("name", ["app.yml", "cluster.yml.bak", "cluster.yml", "app.cluster.json"])
def test_other_files_are_not_ours(ansible: Ansible, tmp_path: Path, name: str) -> None:
    run, data = listed(ansible, write(tmp_path, {"chat": static("a@h")}, name))
    assert "topologies" not in data


def test_yaml_with_a_long_ending_is_ours(ansible: Ansible, tmp_path: Path) -> None:
    assert "topologies" in ansible.inventory(write(tmp_path, {"chat": static("a@h")}, "app.cluster.yaml"))


def test_discovered_values_are_never_templates(ansible: Ansible, tmp_path: Path) -> None:
    topologies = f"""
chat:
  strategy: static
  config: {{nodes: [{{name: a@h, attributes: {{label: !unsafe "{TEMPLATE_TEXT}"}}}}]}}
"""
    file = write(
        tmp_path, topologies, compose={"copied": "node_attributes.label", "joined": "'x' ~ node_attributes.label"}
    )
    hostvars = ansible.inventory(file)["_meta"]["hostvars"]["chat.a@h"]
    # M4: a text that is trusted is also run where a condition is expected.
    discovered = ("node_name", "node_state", "copied", "joined")
    for value in (hostvars["node_attributes"]["label"], *(hostvars[name] for name in discovered)):
        assert is_untrusted(value), value
    assert evaluate(ansible, file, "chat.a@h", "[node_attributes.label, copied, joined]") == [
        TEMPLATE_TEXT,
        TEMPLATE_TEXT,
        f"x{TEMPLATE_TEXT}",
    ]


def test_a_name_from_the_trusted_file_is_data_once_it_was_discovered(ansible: Ansible, tmp_path: Path) -> None:
    hostvars = ansible.inventory(write(tmp_path, {"chat": static("a@h")}))["_meta"]["hostvars"]["chat.a@h"]
    assert is_untrusted(hostvars["node_name"])


def test_constructed_features(ansible: Ansible, tmp_path: Path) -> None:
    nodes = ({"name": "a@h", "state": "ready"}, {"name": "b@h", "state": "terminating"})
    data = ansible.inventory(
        write(
            tmp_path,
            {"chat": static(*nodes)},
            compose={"ansible_user": "'deploy'"},
            groups={"up": "node_state == 'ready'"},
            keyed_groups=[{"key": "node_state", "prefix": "state"}],
        )
    )
    assert data["up"]["hosts"] == data["state_ready"]["hosts"] == ["chat.a@h"]
    assert data["state_terminating"]["hosts"] == ["chat.b@h"]
    assert bare(data["_meta"]["hostvars"]["chat.a@h"]["ansible_user"]) == "deploy"


def test_strict_errors_are_those_of_their_topology(ansible: Ansible, tmp_path: Path) -> None:
    topologies = {"one": static("a@h"), "two": static({"name": "b@h", "attributes": {"zone": "x"}})}
    compose = {"zone": "node_attributes.zone"}
    assert ansible.inventory(write(tmp_path, topologies, compose=compose))["cluster_two"]["hosts"] == ["two.b@h"]
    run, data = listed(ansible, write(tmp_path, topologies, compose=compose, strict=True))
    assert "topology 'one': Could not set zone" in run.text
    assert bare(data["_meta"]["hostvars"]["two.b@h"]["zone"]) == "x"


STRICT = {"strict": True, "compose": {"zone": "node_attributes.zone"}, "keyed_groups": [{"key": "node_state"}]}
FILTERED = {"filters": [{"include": "node_attributes.zone == 'x'"}]}


@pytest.mark.parametrize("options", [STRICT, FILTERED], ids=["strict", "filter"])
def test_where_one_node_is_an_error_no_node_of_its_topology_is_a_host(
    ansible: Ansible, tmp_path: Path, options: dict[str, Any]
) -> None:
    """H5: a play that runs on a third of a cluster looks like one that ran on all of it."""
    in_a_zone = [{"name": f"{name}@h", "attributes": {"zone": "x"}} for name in "abc"]
    topologies = {"one": static(in_a_zone[0], "lost@h", in_a_zone[2]), "two": static(in_a_zone[1])}
    run, data = listed(ansible, write(tmp_path, topologies, **options))
    assert "so none of its nodes is a host" in run.text
    assert data["cluster_two"]["hosts"] == ["two.b@h"]
    assert "cluster_one" not in data
    assert set(data["_meta"]["hostvars"]) == {"one", "two", "two.b@h"}


def test_a_group_that_another_inventory_has_made_stays_with_its_hosts(ansible: Ansible, tmp_path: Path) -> None:
    """H5"""
    (tmp_path / "a.ini").write_text("[cluster_one]\ndb ansible_host=127.0.0.9\n[cluster_one:vars]\nzone=eu\n")
    write(tmp_path, {"one": static("lost@h")}, "b.cluster.yml", **STRICT)
    run, data = listed(ansible, tmp_path)
    assert "so none of its nodes is a host" in run.text
    assert data["cluster_one"]["hosts"] == ["db"]
    assert data["_meta"]["hostvars"]["db"] == {"ansible_host": "127.0.0.9", "zone": "eu"}


def test_keyed_groups_of_what_is_no_text(ansible: Ansible, tmp_path: Path) -> None:
    """M2"""
    values = [True, False, 0, 4369, 1.5, [1, 2], "x"]
    nodes = [{"name": f"n{number}@h", "attributes": {"key": value}} for number, value in enumerate(values)]
    keyed_groups = [{"key": "node_attributes.key", "prefix": "key"}]
    data = ansible.inventory(write(tmp_path, {"chat": static(*nodes)}, keyed_groups=keyed_groups))
    groups = {name: group["hosts"] for name, group in data.items() if name.startswith("key_")}
    assert groups == {
        "key_True": ["chat.n0@h"],
        "key_False": ["chat.n1@h"],
        "key_0": ["chat.n2@h"],
        "key_4369": ["chat.n3@h"],
        "key_1_5": ["chat.n4@h"],
        "key_1": ["chat.n5@h"],
        "key_2": ["chat.n5@h"],
        "key_x": ["chat.n6@h"],
    }
    assert len(data["cluster_chat"]["hosts"]) == len(values)


def test_a_key_that_gives_no_group_costs_no_node(ansible: Ansible, tmp_path: Path) -> None:
    """M2: of any error that Ansible raises whatever strict says."""
    keyed_groups = [{"key": "node_name", "default_value": "x", "trailing_separator": False}, {"key": "node_state"}]
    run, data = listed(ansible, write(tmp_path, {"chat": static("a@h", "b@h")}, keyed_groups=keyed_groups))
    assert "topology 'chat': keyed_groups: key 'node_name': parameters are mutually exclusive" in run.text
    assert "; topology 'chat'" not in run.text  # of two nodes it is the same
    assert data["cluster_chat"]["hosts"] == data["_ready"]["hosts"] == ["chat.a@h", "chat.b@h"]


def test_nodes_with_ipv6_can_be_named_in_patterns(ansible: Ansible, tmp_path: Path) -> None:
    """M3: a colon separates patterns."""
    names = ["app@fd00::1", "app@fd00::2", "app@fe80::1%eth0", "db.example.test:7001"]
    file = write(tmp_path, {"chat": static(*names, "app@fd00--2")})
    run, data = listed(ansible, file)
    assert "node 'app@fd00--2': becomes no host, since 'chat.app@fd00--2' is already the name of the host" in run.text
    hosts = ["chat.app@fd00--1", "chat.app@fd00--2", "chat.app@fe80--1%eth0", "chat.db.example.test-7001"]
    assert data["cluster_chat"]["hosts"] == hosts
    task = {"ansible.builtin.debug": {"msg": "{{ node_name }}"}}
    plays = [{"hosts": host, "gather_facts": False, "tasks": [task]} for host in hosts]
    for limit, expected in (([], dict(zip(hosts, names))), (["--limit", hosts[0]], {hosts[0]: names[0]})):
        shown = ansible.playbook(plays, "-i", str(file), *limit).ok()
        assert {line["host"]: line["result"]["msg"] for line in shown.results} == expected


def test_a_topology_in_two_files_is_an_error_that_names_both(ansible: Ansible, tmp_path: Path) -> None:
    """M7: of several files and of a directory; Ansible would merge them key by key."""
    one = write(tmp_path, {"chat": static("a@h", policy={"prune": False}), "one": static("b@h")}, "one.cluster.yml")
    two = write(tmp_path, {"chat": static("c@h"), "two": static("d@h")}, "two.cluster.yml")
    problem = f"topology 'chat': is in two files, {one} and {two}: rename one of them or take it out"
    for sources in (("-i", str(one), "-i", str(two)), ("-i", str(tmp_path), "-i", str(one))):
        run = ansible.playbook("selfheal.cluster.status", *sources)
        assert run.code != 0
        assert problem in run.text
        told = run.of("chat", "selfheal.cluster.membership_info")
        assert (told["msg"], "views" in told) == (problem, False), "nobody was asked"
        assert {"one", "two"} <= {line["host"] for line in run.results}


def test_filters_decide_in_their_order(ansible: Ansible, tmp_path: Path) -> None:
    nodes = [
        {"name": f"n{number}@h", "state": state} for number, state in enumerate(("ready", "terminating", "not_ready"))
    ]
    filters = [{"include": "node_name == 'n1@h'"}, {"exclude": "node_state != 'ready'"}]
    data = ansible.inventory(write(tmp_path, {"chat": static(*nodes)}, filters=filters))
    assert data["cluster_chat"]["hosts"] == ["chat.n0@h", "chat.n1@h"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([{"include": "true", "exclude": "false"}], "one key, 'include' or 'exclude'"),
        ([{"only": "true"}], "one key, 'include' or 'exclude'"),
        ([{"include": "node_attributes.zone == 'x'"}], "topology 'chat': "),
    ],
)
def test_a_filter_that_decides_nothing_is_an_error(
    ansible: Ansible, tmp_path: Path, filters: list[Any], expected: str
) -> None:
    run, data = listed(ansible, write(tmp_path, {"chat": static("a@h")}, filters=filters))
    assert expected in run.text
    assert "cluster_chat" not in data


def test_discover_false_names_the_topologies_only(ansible: Ansible, tmp_path: Path) -> None:
    topologies = {"chat": static("a@h"), "gone": {"strategy": "dns", "config": {"query": "{{ undefined_here }}"}}}
    for data in (
        ansible.inventory(write(tmp_path, topologies, discover=False)),
        ansible.inventory(write(tmp_path, topologies), SELFHEAL_CLUSTER_DISCOVER="false"),
    ):
        assert data["topologies"]["hosts"] == ["chat", "gone"]
        assert set(data["_meta"]["hostvars"]) == {"chat", "gone"}
