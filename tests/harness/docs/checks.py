# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what the documentation shows of topologies, variables and tasks is what the collection takes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.selfheal.cluster.plugins.module_utils._config.schema import TOPOLOGY_SPEC
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of, topology_of
from ansible_collections.selfheal.cluster.plugins.plugin_utils._inventory_file import TOPOLOGY_KEYS, check_keys
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import checked

from tests.harness.ansible.command import Ansible
from tests.harness.paths import ROOT

MODULES = ("membership", "membership_info", "nodes_info")
_TASK_FILES = ("connect_tasks", "disconnect_tasks", "list_nodes_tasks")
_GIVE_FULL_NAMES = ("erlang_hosts", "gossip", "local_epmd")
_PREFIX = "selfheal.cluster."


def check_topology(name: str, options: Mapping[str, Any]) -> None:
    """All keys, types and values, but for those that are templates.

    :raises PluginError: one is wrong.
    :raises OptionError: the strategy or the driver has no such option, or takes no such value.
    """
    check_keys(name, options)
    known = {key: value for key, value in options.items() if key in TOPOLOGY_SPEC}
    params = checked(name, TOPOLOGY_SPEC, {**known, "topology": name})
    if isinstance(known.get("config", {}).get("nodes"), str):
        params["config"]["nodes"] = []  # a template, that Ansible took apart at its commas
    # Task files take the place of a driver, and with it that of its names
    source_of(params) if set(options) & set(_TASK_FILES) else topology_of(params)


def check_role_variables(role: str, variables: Mapping[str, Any]) -> None:
    """
    :raises PluginError: the role has no such variable, or takes no such value.
    """
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    options = specs["main"]["options"]
    given = {name: {**options.get(name, {}), "required": False} for name in variables if name in options}
    checked(role, given, variables)
    if role == "converge":
        check_topology("of-the-role", fragment({key[len("topology_") :]: value for key, value in variables.items()}))


def check_tasks(tasks: Sequence[Mapping[str, Any]]) -> None:
    """Arguments of the collection's own modules and variables of its roles. The rest is Ansible's to judge."""
    for task in tasks:
        assert "name" in task, f"a task without a name: {task}"
        for module in MODULES:
            arguments = task.get(_PREFIX + module)
            if arguments is not None:
                options = {key: value for key, value in arguments.items() if key in TOPOLOGY_KEYS}
                check_topology(arguments.get("topology", "default"), fragment(options))
        role = task.get("ansible.builtin.include_role", {}).get("name", "")
        if role.startswith(_PREFIX):
            check_role_variables(role[len(_PREFIX) :], task.get("vars", {}))


def check_plays(plays: Sequence[Mapping[str, Any]]) -> None:
    """As :func:`check_tasks`, in plays, whose roles are looked at as well."""
    for play in plays:
        check_tasks(play.get("tasks", []))
        for role in play.get("roles", []):
            named: Mapping[str, Any] = {"role": role} if isinstance(role, str) else role
            if named["role"].startswith(_PREFIX):
                check_role_variables(named["role"][len(_PREFIX) :], named.get("vars", {}))


def fragment(options: Mapping[str, Any]) -> dict[str, Any]:
    """A whole topology of a part of one."""
    found = {key: value for key, value in options.items() if key in TOPOLOGY_KEYS}
    found.setdefault("strategy", "static")
    if found["strategy"] == "static":
        found.setdefault("config", {"nodes": ["app@10.0.0.1"]})
    elif found.get("driver", "erlang") == "erlang" and found["strategy"] not in _GIVE_FULL_NAMES:
        found["config"] = {"node_basename": "app", **found.get("config", {})}
    return found


def check_inventories(ansible: Ansible, directory: Path, shown: Mapping[str, Mapping[str, Any]]) -> None:
    """The inventory plugin reads each file, and each topology in it is one that can be converged.

    :param shown: whole files, by names of no further meaning.
    :raises AssertionError: Ansible does not read one of them, or a topology in it has no host.
    """
    arguments = []
    expected = {}
    for number, content in enumerate(shown.values()):
        topologies = {f"in_{number}_{name}": options for name, options in content["topologies"].items()}
        expected.update(topologies)
        file = directory / f"file_{number}.cluster.yml"
        file.write_text(yaml.safe_dump({**content, "topologies": topologies}))
        arguments += ["-i", str(file)]
    environment = {"SELFHEAL_CLUSTER_DISCOVER": "false", "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    listed = ansible.run("ansible-inventory", "--list", "--yaml", *arguments, **environment).ok()
    found = yaml.safe_load(re.sub(r"!\w+", "", listed.stdout))["all"]["children"]["topologies"]["hosts"]
    assert set(found) == set(expected), listed.stderr
    for name, options in expected.items():
        check_topology(name, options)
