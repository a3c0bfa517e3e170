# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin through ansible-inventory and through plays."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.selfheal.cluster.plugins.inventory.nodes import DOCUMENTATION
from ansible_collections.selfheal.cluster.plugins.plugin_utils._inventory_file import TOPOLOGY_KEYS

from tests.harness.ansible import ROOT, Ansible, Run
from tests.harness.kube import any_kube_api
from tests.harness.nameserver import Nameserver, nameserver
from tests.harness.nameserver_faults import FaultyNameserver, by_type, faulty_nameserver, rcode, records

SECRET = "a-cookie-nobody-may-see"
TEMPLATE_TEXT = "{{ 1 + 1 }}"


def static(*nodes: Any, **options: Any) -> dict[str, Any]:
    return {"strategy": "static", "config": {"nodes": list(nodes)}, **options}


def dns(server: Nameserver | FaultyNameserver, query: str = "app.example.test", **options: Any) -> dict[str, Any]:
    return {"strategy": "dns", "config": {**server.config, "query": query, "node_basename": "app"}, **options}


def write(directory: Path, topologies: dict[str, Any] | str, name: str = "app.cluster.yml", **options: Any) -> Path:
    """An inventory file; topologies may be YAML text, for tags."""
    file = directory / name
    head = yaml.safe_dump({"plugin": "selfheal.cluster.nodes", **options})
    if not isinstance(topologies, str):
        topologies = yaml.safe_dump(topologies)
    body = "".join(f"  {line}\n" for line in topologies.splitlines())
    file.write_text(f"{head}topologies:\n{body}")
    return file


def bare(value: Any) -> Any:
    """Without the marks that ansible-inventory puts around what is not trusted as a template."""
    if isinstance(value, dict):
        return (
            bare(value["__ansible_unsafe"])
            if set(value) == {"__ansible_unsafe"}
            else {key: bare(inner) for key, inner in value.items()}
        )
    return [bare(inner) for inner in value] if isinstance(value, list) else value


def is_untrusted(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"__ansible_unsafe"}


def evaluate(ansible: Ansible, file: Path, host: str, expression: str, *arguments: str) -> Any:
    task = {"ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"}}
    run = ansible.playbook([{"hosts": host, "gather_facts": False, "tasks": [task]}], "-i", str(file), *arguments)
    return run.ok().of(host, "ansible.builtin.debug")["msg"]


def listed(ansible: Ansible, file: Path, **environment: str) -> tuple[Run, dict[str, Any]]:
    """Also where the source fails."""
    run = ansible.run("ansible-inventory", "--list", "-i", str(file), **environment)
    return run, json.loads(run.stdout)


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
        assert problem in str([line["result"] for line in run.results if line["host"] == "chat"])
        assert "chat" not in [line["host"] for line in run.results if line["action"].endswith("membership_info")]
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


def test_a_literal_secret_is_read_from_the_file_only_when_a_task_needs_it(ansible: Ansible, tmp_path: Path) -> None:
    directory = tmp_path / 'it\'s "odd" {{ 1 }} é'
    directory.mkdir()
    file = write(directory, {"it.s-me": static("a@h", driver_config={"cookie": SECRET, "port": 4000})})
    listing = ansible.run("ansible-inventory", "--list", "--export", "-i", str(file)).ok()
    assert SECRET not in listing.output
    assert evaluate(ansible, file, "it.s-me", "topology_driver_config") == {"cookie": SECRET, "port": 4000}


def test_a_literal_secret_that_looks_like_a_template_is_not_one(ansible: Ansible, tmp_path: Path) -> None:
    topologies = (
        f"chat: {{strategy: static, config: {{nodes: []}}, driver_config: {{cookie: !unsafe '{TEMPLATE_TEXT}'}}}}"
    )
    file = write(tmp_path, topologies)
    assert evaluate(ansible, file, "chat", "topology_driver_config.cookie") == TEMPLATE_TEXT


def test_a_templated_secret_stays_a_template(ansible: Ansible, tmp_path: Path) -> None:
    template = "{{ lookup('ansible.builtin.env', 'CHAT_COOKIE') }}"
    file = write(tmp_path, {"chat": static("a@h", driver_config={"cookie": template})})
    ansible.environment["CHAT_COOKIE"] = SECRET
    data = ansible.inventory(file)
    assert data["_meta"]["hostvars"]["chat"]["topology_driver_config"] == {"cookie": template}
    assert evaluate(ansible, file, "chat", "topology_driver_config.cookie") == SECRET


def test_a_vaulted_secret_stays_encrypted(ansible: Ansible, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("a-password")
    ansible.environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(password)
    encrypted = ansible.run("ansible-vault", "encrypt_string", SECRET).ok().stdout
    block = "".join(f"\n      {line.strip()}" for line in encrypted.splitlines()[1:] if line.strip())
    topologies = (
        f"chat:\n  strategy: static\n  config: {{nodes: [a@h]}}\n  driver_config:\n    cookie: !vault |{block}\n"
    )
    file = write(tmp_path, topologies)
    assert SECRET not in ansible.run("ansible-inventory", "--list", "-i", str(file)).ok().output
    assert evaluate(ansible, file, "chat", "topology_driver_config.cookie") == SECRET


def test_config_may_use_lookups_and_extra_variables(ansible: Ansible, tmp_path: Path) -> None:
    config = {"nodes": ["{{ base }}@{{ lookup('ansible.builtin.env', 'WHERE') }}"]}
    file = write(tmp_path, {"chat": {"strategy": "{{ 'static' }}", "config": config}})
    run = ansible.run("ansible-inventory", "--list", "-i", str(file), "-e", "base=app", WHERE="10.0.0.1").ok()
    assert json.loads(run.stdout)["cluster_chat"]["hosts"] == ["chat.app@10.0.0.1"]


def _with_cache(ansible: Ansible, directory: Path) -> Path:
    cache = directory / "cache"
    ansible.environment.update(
        ANSIBLE_INVENTORY_CACHE="true",
        ANSIBLE_INVENTORY_CACHE_PLUGIN="ansible.builtin.jsonfile",
        ANSIBLE_INVENTORY_CACHE_CONNECTION=str(cache),
    )
    return cache


def test_annotations_of_pods_are_never_templates(ansible: Ansible, tmp_path: Path) -> None:
    with any_kube_api() as api:
        api.add_pod("chat-0", "10.1.0.1", labels={"app": "chat"}, annotations={"note": TEMPLATE_TEXT})
        config = {"lookup": "pods", "node_basename": "chat", "namespace": api.namespace, **api.auth}
        file = write(
            tmp_path,
            {"chat": {"strategy": "kubernetes", "config": config}},
            compose={"copied": "node_attributes.annotations.note"},
            keyed_groups=[{"key": "node_attributes.labels.app", "prefix": "app"}],
        )
        data = ansible.inventory(file)
        hostvars = data["_meta"]["hostvars"]
        assert is_untrusted(hostvars["chat.chat@10.1.0.1"]["copied"])
        assert data["app_chat"]["hosts"] == ["chat.chat@10.1.0.1"]
        # A real cluster is reached by a kubeconfig, and its token is not in the topology.
        assert config.get("api_key", SECRET) not in json.dumps(data)
        assert evaluate(ansible, file, "chat.chat@10.1.0.1", "copied") == TEMPLATE_TEXT


def test_a_partial_discovery_is_a_warning_and_not_cached(ansible: Ansible, tmp_path: Path) -> None:
    cache = _with_cache(ansible, tmp_path)
    with faulty_nameserver(by_type(A=records({"A": ["127.0.8.1"]}), AAAA=rcode("SERVFAIL"))) as server:
        run, data = listed(ansible, write(tmp_path, {"web": dns(server)}))
    assert data["cluster_web"]["hosts"] == ["web.app@127.0.8.1"]
    assert "[WARNING]: topology 'web': the discovery is partial: " in run.text
    assert not any(names for _place, _directories, names in os.walk(cache))


def test_a_warm_cache_makes_no_request(ansible: Ansible, tmp_path: Path) -> None:
    _with_cache(ansible, tmp_path)
    with nameserver({"app.example.test": ["127.0.8.1"]}) as server:
        file = write(tmp_path, {"web": dns(server)}, compose={"copied": "node_name"})
        cold = ansible.inventory(file)
        server.stop()
        warm = ansible.inventory(file)
    assert warm == cold
    assert is_untrusted(warm["_meta"]["hostvars"]["web.app@127.0.8.1"]["copied"])


def test_the_cache_is_asked_for_what_is_in_the_file_now(ansible: Ansible, tmp_path: Path) -> None:
    _with_cache(ansible, tmp_path)
    assert ansible.inventory(write(tmp_path, {"chat": static("a@h")}))["cluster_chat"]["hosts"] == ["chat.a@h"]
    assert ansible.inventory(write(tmp_path, {"chat": static("b@h")}))["cluster_chat"]["hosts"] == ["chat.b@h"]


def test_flush_cache_asks_again(ansible: Ansible, tmp_path: Path) -> None:
    _with_cache(ansible, tmp_path)
    with nameserver({"app.example.test": ["127.0.8.1"]}) as server:
        file = write(tmp_path, {"web": dns(server)})
        ansible.inventory(file)
        server.replace("app.example.test", A=["127.0.8.2"])
        assert ansible.inventory(file)["cluster_web"]["hosts"] == ["web.app@127.0.8.1"]
        flushed = ansible.run("ansible-inventory", "--list", "--flush-cache", "-i", str(file)).ok()
        assert json.loads(flushed.stdout)["cluster_web"]["hosts"] == ["web.app@127.0.8.2"]
        assert ansible.inventory(file)["cluster_web"]["hosts"] == ["web.app@127.0.8.2"]


def test_the_cache_holds_complete_discoveries_only_and_no_secret(ansible: Ansible, tmp_path: Path) -> None:
    cache = _with_cache(ansible, tmp_path)
    kubernetes = {
        "node_basename": "x",
        "host": "https://127.0.0.1:1",
        "api_key": SECRET,
        "namespace": "x",
        "timeout": 2,
    }
    topologies = {
        "chat": static("a@h", driver_config={"cookie": SECRET}),
        "kube": {"strategy": "kubernetes", "config": kubernetes},
    }
    run, data = listed(ansible, write(tmp_path, topologies))
    assert "topology 'kube': the discovery failed" in run.text
    assert SECRET not in run.output
    files = [Path(place) / name for place, _directories, names in os.walk(cache) for name in names]
    assert len(files) == 1
    assert "a@h" in files[0].read_text()
    assert SECRET not in files[0].read_text()
