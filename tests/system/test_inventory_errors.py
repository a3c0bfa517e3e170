# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin: topologies and names that cannot be, and what they leave of the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.selfheal.cluster.plugins.inventory.nodes import DOCUMENTATION
from ansible_collections.selfheal.cluster.plugins.plugin_utils._inventory_file import TOPOLOGY_KEYS

from tests.harness.ansible.command import Ansible
from tests.harness.ansible.inventories import SECRET, bare, dns, evaluate, listed, static, write
from tests.harness.dns.nameserver import nameserver
from tests.harness.paths import ROOT


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        pytest.param({"strategy": "foo"}, "strategy: 'foo' is unknown", id="strategy"),
        pytest.param({}, "strategy: is required", id="no strategy"),
        pytest.param("static", "not a dictionary of options", id="no dictionary"),
        pytest.param({"strategy": "static", "config": {"nodes": ["x@"]}}, "config.nodes[0]: 'x@'", id="node name"),
        pytest.param({"strategy": "static", "config": {"nods": []}}, "config.nods: is not an option", id="sub-option"),
        pytest.param(static("a@h", drivr="erlang"), "drivr: is not an option", id="option"),
        pytest.param(static("a@h", policy={"prun": True}), "policy.prun: is not an option", id="policy"),
        pytest.param(static("a@h", on_jion="x.yml"), "on_jion: is not an option", id="task file"),
        pytest.param(static("a@h", facts={"transient": True}), "facts.transient: is not an option", id="facts"),
        pytest.param({"strategy": "dns", "config": {"port": "x"}}, "'x'", id="type"),
        pytest.param({"strategy": "static", "config": {"nodes": "{{ nowhere }}"}}, "nowhere", id="undefined"),
    ],
)
def test_an_invalid_topology_keeps_its_host_and_hides_no_other(
    ansible: Ansible, tmp_path: Path, broken: Any, expected: str
) -> None:
    topologies = {"a-broken-one": broken, "chat": static("a@h"), "zebra": static("b@h")}
    run, data = listed(ansible, write(tmp_path, topologies))
    assert data["topologies"]["hosts"] == sorted(topologies)
    assert data["cluster_chat"]["hosts"] == ["chat.a@h"]
    assert data["cluster_zebra"]["hosts"] == ["zebra.b@h"]
    assert "topologies" in data["all"]["children"]
    assert "topology 'a-broken-one': " in run.text
    assert expected in run.text
    assert "Traceback" not in run.output
    failing = ansible.run(
        "ansible-inventory", "--list", "-i", str(tmp_path), ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true"
    )
    assert failing.code != 0


def test_whoever_uses_an_invalid_topology_is_told_what_is_wrong_with_it(ansible: Ansible, tmp_path: Path) -> None:
    file = write(tmp_path, {"chat": static("a@h", drivr="{{ 1 + 1 }}")})
    task = {"selfheal.cluster.nodes_info": {"strategy": "{{ topology_strategy }}"}}
    run = ansible.playbook([{"hosts": "chat", "gather_facts": False, "tasks": [task]}], "-i", str(file))
    assert run.code != 0
    assert "topology 'chat': drivr: is not an option" in run.of("chat", "selfheal.cluster.nodes_info")["msg"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("topologys: {chat: {strategy: static}}", "topologys: is not an option (the options: "),
        ("topologies: {}", "topologies: is empty"),
        ("topologies: [chat]", "topologies: is required, a dictionary"),
        ("filter: []\ntopologies: {chat: {strategy: static}}", "filter: is not an option"),
    ],
)
def test_a_file_that_says_something_else_is_an_error(
    ansible: Ansible, tmp_path: Path, text: str, expected: str
) -> None:
    file = tmp_path / "app.cluster.yml"
    file.write_text(f"plugin: selfheal.cluster.nodes\n{text}\n")
    run = ansible.run("ansible-inventory", "--list", "-i", str(file), ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    assert run.code != 0
    assert expected in run.text


def test_what_is_for_the_role_alone_is_handed_on_to_it(ansible: Ansible, tmp_path: Path) -> None:
    options = {
        "on_join": "hooks/joined.yml",
        "list_nodes_tasks": "{{ where }}/list.yml",
        "facts": {"transitive": True},
        "max_rounds": 3,
    }
    data = ansible.inventory(write(tmp_path, {"chat": static("a@h", **options)}))
    hostvars = data["_meta"]["hostvars"]["chat"]
    assert {key: hostvars[f"topology_{key}"] for key in options} == options


def test_the_role_the_file_and_the_documentation_know_the_same_options() -> None:
    entries = yaml.safe_load((ROOT / "roles/converge/meta/argument_specs.yml").read_text())["argument_specs"]
    for entry in entries.values():
        assert set(entry["options"]) == {
            "topology_name",
            "topology_directory",
            *(f"topology_{key}" for key in TOPOLOGY_KEYS),
        }
    facts = entries["main"]["options"]["topology_facts"]["options"]
    assert set(facts) == set(TOPOLOGY_KEYS["facts"]["options"])
    for page in ("roles/converge/README.md", "docs/docsite/rst/role.rst"):
        text = (ROOT / page).read_text()
        assert [key for key in TOPOLOGY_KEYS if f"{key}`" not in text] == []
    documented = yaml.safe_load(DOCUMENTATION)["options"]["topologies"]["description"]
    assert [key for key in TOPOLOGY_KEYS if f"C({key})" not in " ".join(documented)] == []


def test_all_failures_are_in_one_message(ansible: Ansible, tmp_path: Path) -> None:
    with nameserver({"app.example.test": ["127.0.8.1"]}) as server:
        topologies = {
            "gone": dns(server, "gone.example.test"),
            "good": dns(server),
            "refused": dns(server, "app.elsewhere."),
            "odd": {"strategy": "odd"},
        }
        run, data = listed(ansible, write(tmp_path, topologies))
    for name in ("gone", "refused", "odd"):
        assert f"topology '{name}': " in run.text
    assert "topology 'good'" not in run.text
    assert sorted(data["topologies"]["hosts"]) == sorted(topologies)
    assert data["cluster_good"]["hosts"] == ["good.app@127.0.8.1"]
    assert "cluster_gone" not in data


def test_names_that_cannot_be_hosts_or_share_a_group(ansible: Ansible, tmp_path: Path) -> None:
    run, data = listed(ansible, write(tmp_path, {"a b": static("a@h"), "x-y": static("b@h"), "x_y": static("c@h")}))
    assert "topology 'a b': a topology's name" in run.text
    assert "topology 'x_y': its group would be that of 'x-y'" in run.text
    assert data["cluster_x_y"]["hosts"] == ["x-y.b@h"]


@pytest.mark.parametrize("name", ["all", "ungrouped", "topologies", "localhost", "127.0.0.1", "::1", "", "a:b"])
def test_a_name_that_no_host_can_have_touches_nothing_else(ansible: Ansible, tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: static(), "chat": static("a@h"), "zebra": static()})
    (tmp_path / "hosts.yml").write_text("servers: {hosts: {h1: {}}}")
    run, data = listed(ansible, tmp_path)
    assert run.text.count(f"topology {name!r}: ") == run.text.count("topology '")
    assert f"topology {name!r}: a topology's name is" in run.text
    assert data["topologies"]["hosts"] == ["chat", "zebra"]
    hostvars = data["_meta"]["hostvars"]
    assert "h1" not in hostvars
    assert [host for host, variables in hostvars.items() if "topology_problem" in variables] == []
    assert "ansible_connection" not in hostvars["chat.a@h"]


def test_a_topology_does_not_take_the_name_of_a_group(ansible: Ansible, tmp_path: Path) -> None:
    write(tmp_path, {"chat": static("a@h"), "web": static("b@h"), "cluster_web": static("c@h")}, "m.cluster.yml")
    (tmp_path / "a.yml").write_text("chat: {hosts: {h1: {}, h2: {}}}")
    run, data = listed(ansible, tmp_path)
    assert "topology 'chat': is the name of a group." in run.text
    assert "topology 'web': its group 'cluster_web' has the name of a host" in run.text
    assert data["chat"]["hosts"] == ["h1", "h2"]
    assert set(data["_meta"]["hostvars"]) == {"web", "cluster_web", "cluster_web.c@h"}


def test_a_group_that_comes_later_gets_nothing_of_the_topology_of_its_name(ansible: Ansible, tmp_path: Path) -> None:
    write(tmp_path, {"chat": static("a@h", driver_config={"cookie": SECRET})}, "m.cluster.yml")
    (tmp_path / "z.yml").write_text("chat: {hosts: {h1: {}, h2: {}}}")
    run, data = listed(ansible, tmp_path)
    assert "Found both group and host with same name: chat" in run.text
    assert data["chat"]["hosts"] == ["h1", "h2"]
    assert set(data["_meta"]["hostvars"]) == {"chat", "chat.a@h"}
    assert evaluate(ansible, tmp_path, "chat", "topology_driver_config.cookie") == SECRET


def test_a_host_of_another_inventory_does_not_become_a_topology(ansible: Ansible, tmp_path: Path) -> None:
    write(tmp_path, {"chat": static("a@h"), "web": static()})
    (tmp_path / "a.yml").write_text("servers: {hosts: {chat: {}}}\ntopologies: {hosts: {web: {}}}")
    run, data = listed(ansible, tmp_path)
    assert "topology 'chat': another inventory has a host of that name" in run.text
    assert data["topologies"]["hosts"] == ["web"]
    assert set(data["_meta"]["hostvars"]) == {"web"}


def test_a_node_takes_the_name_of_no_other_host_or_group(ansible: Ansible, tmp_path: Path) -> None:
    topologies = {
        "a": static("b", "b.c", "server", "group", "d"),
        "a.b": static("c", "e"),
        "127": static("0.0.1", "0.0.2"),
    }
    write(tmp_path, topologies, "m.cluster.yml", compose={"copied": "node_name"})
    (tmp_path / "a.yml").write_text("a.group: {hosts: {h1: {}}}\nservers: {hosts: {a.server: {}}}")
    run, data = listed(ansible, tmp_path)
    for topology, node in (("a", "b"), ("a", "server"), ("a", "group"), ("a.b", "c"), ("127", "0.0.1")):
        assert f"topology {topology!r}: node {node!r}: becomes no host" in run.text
    assert data["cluster_a"]["hosts"] == ["a.b.c", "a.d"]
    assert data["cluster_a_b"]["hosts"] == ["a.b.e"]
    assert data["cluster_127"]["hosts"] == ["127.0.0.2"]
    hostvars = bare(data["_meta"]["hostvars"])
    assert hostvars["a.b.c"]["copied"] == "b.c"
    assert hostvars["a.b"]["topology_strategy"] == "static"
    assert {"h1", "a.server", "127.0.0.1"}.isdisjoint(hostvars)


def test_a_file_that_is_read_twice_is_as_one(ansible: Ansible, tmp_path: Path) -> None:
    file = write(tmp_path, {"chat": static("a@h")})
    assert ansible.inventory(file, tmp_path) == ansible.inventory(file)
