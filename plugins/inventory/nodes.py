# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One file that names the topologies: each becomes a host, and so do its discovered nodes."""

from __future__ import annotations

DOCUMENTATION = r"""
name: nodes
short_description: Topologies and the nodes that are discovered for them
version_added: 0.1.0
author:
  - The selfheal.cluster maintainers (@selfheal)
description:
  - Reads a file that names topologies. Its name ends in C(.cluster.yml) or C(.cluster.yaml).
  - Each topology becomes a host in the group C(topologies), for the role P(selfheal.cluster.converge#role). Its
    variables are the options in the file, each where it is given, with C(topology_) in front, C(topology_strategy) and
    so on, and C(topology_directory), the directory of the file. Tasks for it run on the control node.
  - Each discovered node becomes a host C(<topology>.<node name>) in the group C(cluster_<topology>), with the variables
    C(node_name), C(node_address), C(node_state), C(node_attributes) and, where the address is known, C(ansible_host).
    C(node_attributes) is a dictionary of what else the source says of the node.
  - A colon in a node's name, as of an IPv6 address, is a dash in the name of its host, since a colon separates the
    patterns of C(--limit) and C(hosts). C(node_name) has the colon.
  - Where O(strict=true) finds an error in one node, or a condition of O(filters) cannot be decided for one, none of the
    nodes of this topology becomes a host, rather than some. A key of O(keyed_groups) that is a number, true or false
    counts as its text, such as C(True).
  - A topology cannot have the name of a group, since Ansible takes a name for that of a host first. A play for the
    group would run on the control node instead. Nor can it have the name of another inventory's host, unless that
    inventory has the host in the group C(topologies). Such a topology gets no host, and the message at the end names
    it. Only what was read before can be seen. Of a group that comes later Ansible itself warns.
  - A node whose host would have the name of a group, of a topology, of a node of another topology or of another
    inventory's host becomes no host, and the message at the end names it.
  - A topology that two files name is an error in both.
  - A topology that is invalid or whose discovery fails keeps its host, unless no host can have its name, and hides no
    other topology. At the end the source fails with a message that lists them all. A task that uses
    C(topology_strategy) of an invalid one fails and says what is wrong. Set
    E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true) to make that end the run.
  - A secret that is a template in the file stays one in the host's variables. A secret that the file holds in the
    clear, or encrypted as a whole with Ansible Vault, is read from the file when a task needs it.
  - What is discovered is data and is never templated.
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: The name of this plugin, V(selfheal.cluster.nodes).
    type: str
    required: true
    choices: [selfheal.cluster.nodes]
  topologies:
    description:
      - The topologies, from name to options. The options are those of M(selfheal.cluster.membership), C(strategy),
        C(config), C(driver), C(driver_config), C(connect), C(disconnect), C(list_nodes), C(policy), C(max_rounds),
        C(full), C(duration), C(interval) and C(watch), and those of the role P(selfheal.cluster.converge#role) alone,
        C(on_join), C(on_leave), C(list_nodes_tasks), C(connect_tasks), C(disconnect_tasks), C(facts) and
        C(own_variables).
      - A relative path of a task file starts at the directory of this file.
      - The templates in C(strategy) and C(config) are resolved when the nodes are discovered. They can use extra
        variables and lookups.
    type: dict
    required: true
  discover:
    description:
      - Whether nodes are discovered. V(false) names the topologies only, which is all that converging needs.
    type: bool
    default: true
    env:
      - name: SELFHEAL_CLUSTER_DISCOVER
  filters:
    description:
      - Which discovered nodes become hosts. The first entry whose condition holds decides. A node that none decides on
        becomes a host.
      - Each entry is a dictionary with one key, C(include) or C(exclude), and a condition on the host's variables.
    type: list
    elements: dict
    default: []
notes:
  - The cache holds discovered nodes only, and only of complete discoveries. It never holds an option that is a
    secret. With a warm cache no request is made. A topology whose C(strategy) or C(config) has changed is discovered
    afresh.
seealso:
  - module: selfheal.cluster.membership
  - module: selfheal.cluster.nodes_info
"""

EXAMPLES = r"""
# app.cluster.yml
plugin: selfheal.cluster.nodes
topologies:
  chat:
    strategy: kubernetes
    config:
      namespace: prod
      service_name: chat
      node_basename: chat
    driver_config:
      cookie: "{{ lookup('ansible.builtin.env', 'CHAT_COOKIE') }}"
    policy:
      max_prune: "34%"
  web:
    strategy: dns
    config:
      query: web.example.net
      node_basename: web

# Leave out what is about to go, and group by state
filters:
  - exclude: node_state == 'terminating'
keyed_groups:
  - key: node_state
    prefix: state
compose:
  ansible_user: "'deploy'"
"""

import json
import os
from collections.abc import Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.inventory.host import Host
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable, to_safe_group_name
from ansible.template import trust_as_template
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._run.listing import nodes_of
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Source
from ansible_collections.selfheal.cluster.plugins.plugin_utils._inventory_file import (
    TAKEN_NAMES,
    check_keys,
    check_name,
    check_one_file,
    check_top_level,
    host_name,
    host_vars,
    problem_vars,
)
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import (
    PluginError,
    discovery_from,
    plain,
    source_from,
    without_secrets,
)

_AT_ONCE = 8
_KEY = trust_as_template("__keyed_group")
_FILES: MutableMapping[Any, dict[str, dict[str, str]]] = WeakKeyDictionary()
"""For each inventory: topology name -> the real paths of the files that name it. A plugin instance reads only one."""


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "selfheal.cluster.nodes"
    # Ansible's parse() sets them, before anything here asks for one.
    inventory: InventoryData
    loader: DataLoader
    templar: Any

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith((".cluster.yml", ".cluster.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path)
        self._check_file(path)
        self._read_config_data(path)
        _check_filters(self.get_option("filters"))
        self._problems: list[str] = []
        topologies = self._add_topologies(path)
        if self.get_option("discover"):
            found = self._fetch(topologies, path, cache)
            for topology in topologies:  # in the order of the file, whichever of them were in the cache
                if topology in found:
                    self._try(topology, self._add_nodes, topology, found[topology])
        if self._problems:
            # Ansible does both only after a parse() that raises nothing, and what could be read counts all the same
            if self.get_option("cache"):
                self.update_cache_if_changed()
            self.inventory.reconcile_inventory()
            raise AnsibleParserError("; ".join(self._problems))

    def _check_file(self, path: str) -> None:
        """Check the file before Ansible reads it: that ignores an unknown option and then reports a missing one."""
        given = self.loader.load_from_file(path, cache="none")
        if not isinstance(given, Mapping) or given.get("plugin") != self.NAME:
            return
        try:
            check_top_level(given, self.option_definitions)
        except PluginError as error:
            raise AnsibleParserError(str(error)) from None

    def _try(self, topology: str, function: Callable[..., Any], *args: Any) -> Any:
        """Call the function. An exception of one topology must not hide the topologies after it."""
        try:
            return function(*args)
        except PluginError as error:
            self._problems.append(str(error))
        except AnsibleError as error:
            self._problems.append(f"topology {topology!r}: {error}")
        return None

    def _add_topologies(self, path: str) -> dict[str, Mapping[str, Any]]:
        """
        :returns: the options of the topologies whose nodes can be discovered.
        """
        self.inventory.add_group("topologies")
        groups: dict[str, str] = {}
        valid = {}
        for topology, options in self.get_option("topologies").items():
            if self._try(topology, self._add_topology, path, topology, options):
                if groups.setdefault(_group_of(topology), topology) == topology:
                    valid[topology] = options
                else:
                    other = groups[_group_of(topology)]
                    self._problems.append(f"topology {topology!r}: its group would be that of {other!r}, rename one")
        return valid

    def _add_topology(self, path: str, topology: str, options: Any) -> bool:
        check_name(topology)
        self._check_free(topology)
        host = self._host(topology, "topologies")
        try:
            check_one_file(topology, self._files_of(topology, path))
            check_keys(topology, options)
        except PluginError as error:
            _set_vars(host, problem_vars(str(error)))
            raise
        _set_vars(host, host_vars(path, topology, options, self.templar.is_template))
        return True

    def _files_of(self, topology: str, path: str) -> list[str]:
        """The files of this inventory that name the topology, each once, this one included."""
        files = _FILES.setdefault(self.inventory, {}).setdefault(topology, {})
        files.setdefault(os.path.realpath(path), path)
        return list(files.values())

    def _check_free(self, topology: str) -> None:
        """
        :raises PluginError: another inventory has a host of this name, whose tasks would now run on the control node.
        """
        known = self.inventory.hosts.get(topology)
        if known and "topologies" in _groups_of(known):
            return
        if topology in self.inventory.groups:
            raise PluginError(
                f"topology {topology!r}: is the name of a group. A play for 'hosts: {topology}' would no longer run on"
                " its hosts, but on the control node, for the topology. Rename one"
            )
        if known:
            raise PluginError(
                f"topology {topology!r}: another inventory has a host of that name, which would become a local one."
                " Rename one, or if they are meant to be the same, put that host into the group 'topologies'"
            )

    def _host(self, name: str, group: str) -> Host:
        """The host. Variables are set on this object, never by its name, by which Ansible would find a group first."""
        return self.inventory.hosts[self.inventory.add_host(name, group)]

    def _fetch(
        self, topologies: Mapping[str, Mapping[str, Any]], path: str, cache: bool
    ) -> dict[str, list[dict[str, Any]]]:
        """The nodes of each topology, from the cache if it has them, else from the sources, all concurrently."""
        use_cache = self.get_option("cache")
        keys: dict[str, str | None] = {}
        found: dict[str, list[dict[str, Any]]] = {}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            asked = {}
            for topology, options in topologies.items():
                key = self._try(topology, self._cache_key, path, topology, options) if use_cache else None
                if key and cache and key in self._cache:
                    found[topology] = self._cache[key]["nodes"]
                elif source := self._try(topology, self._source, topology, options):
                    keys[topology] = key
                    asked[topology] = pool.submit(discovery_from, source)
        for topology, answer in asked.items():
            discovery = self._try(topology, answer.result)
            if discovery is not None:
                found[topology] = self._take(topology, discovery, keys[topology])
        return found

    def _take(self, topology: str, discovery: Discovery, cache_key: str | None) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = plain(nodes_of(discovery))
        for note in discovery.notes:
            self.display.warning(f"topology {topology!r}: {note}")
        if discovery.status != COMPLETE:
            reasons = "; ".join(discovery.reasons)
            self.display.warning(f"topology {topology!r}: the discovery is {discovery.status}: {reasons}")
        elif cache_key:
            self._cache[cache_key] = {"nodes": nodes}
        return nodes

    def _cache_key(self, path: str, topology: str, options: Mapping[str, Any]) -> str:
        """A key of everything that the answer depends on, except for the secrets, which are not even looked up."""
        request = [topology, without_secrets(self._templated(topology, without_secrets(options)))]
        digest = sha256(json.dumps(plain(request), sort_keys=True).encode()).hexdigest()
        return f"{self.get_cache_key(path)}_{digest[:16]}"

    def _source(self, topology: str, options: Mapping[str, Any]) -> Source:
        return source_from(topology, self._templated(topology, options))

    def _templated(self, topology: str, options: Mapping[str, Any]) -> dict[str, Any]:
        self.templar.available_variables = self._vars
        values = {key: options[key] for key in ("strategy", "config") if options.get(key) is not None}
        return dict(self.templar.template(values))

    def _add_nodes(self, topology: str, nodes: list[dict[str, Any]]) -> None:
        if (name := _group_of(topology)) in self.inventory.hosts:
            raise PluginError(f"topology {topology!r}: its group {name!r} has the name of a host, rename one")
        before, is_new = set(self.inventory.hosts), name not in self.inventory.groups
        group = self.inventory.add_group(name)
        try:
            for node in nodes:
                variables = {f"node_{key}": value for key, value in node.items()}
                if self._is_wanted(variables) and self._try(topology, self._check_node, topology, node["name"]):
                    self._add_node(topology, group, variables)
        except AnsibleError as error:
            # A play on some of a cluster's nodes would pass for one on all of them.
            for host in set(self.inventory.hosts) - before:
                self.inventory.remove_host(self.inventory.hosts[host])
            if is_new:
                self.inventory.remove_group(self.inventory.groups[group])
            raise PluginError(f"topology {topology!r}: {error}; so none of its nodes is a host") from None

    def _is_wanted(self, variables: Mapping[str, Any]) -> bool:
        self.templar.available_variables = variables
        for entry in self.get_option("filters"):
            ((decision, condition),) = entry.items()
            if self.templar.evaluate_conditional(condition):
                return bool(decision == "include")
        return True

    def _check_node(self, topology: str, node: str) -> bool:
        """
        :raises PluginError: its host's name is taken, in this file or in another inventory.
        """
        name = host_name(topology, node)
        known = self.inventory.hosts.get(name)
        if name in TAKEN_NAMES or name in self.inventory.groups or (known and known.vars.get("node_name") != node):
            other = known.vars.get("node_name") if known else None
            whose = f"of the host of node {other!r}" if other else "of a group, or of a host that is not this node"
            raise PluginError(
                f"topology {topology!r}: node {node!r}: becomes no host, since {name!r} is already the name {whose}."
                " Rename the topology"
            )
        return True

    def _add_node(self, topology: str, group: str, variables: Mapping[str, Any]) -> None:
        name = host_name(topology, variables["node_name"])
        host = self._host(name, group)
        _set_vars(host, variables)
        if variables["node_address"]:
            host.set_variable("ansible_host", variables["node_address"])
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), host.get_vars(), name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), host.get_vars(), name, strict=strict)
        for entry in self.get_option("keyed_groups"):
            try:
                self._add_to_keyed_group(entry, host.get_vars(), name, strict)
            except AnsibleError as error:
                if strict:
                    raise
                key = entry.get("key") if isinstance(entry, Mapping) else entry
                problem = f"topology {topology!r}: keyed_groups: key {str(key)!r}: {error}"
                if problem not in self._problems:  # of each node it is the same
                    self._problems.append(problem)

    def _add_to_keyed_group(self, entry: Any, variables: Mapping[str, Any], host: str, strict: bool) -> None:
        """What is a number, true or false counts as its text, as with ``| string``. Ansible makes no group of it."""
        try:
            value = self._compose(entry["key"], variables)
        except Exception:  # whether that is an error is for Ansible to say
            value = None
        if isinstance(value, (bool, int, float)):
            entry, variables = {**entry, "key": _KEY}, {**variables, _KEY: str(value)}
        self._add_host_to_keyed_groups([entry], variables, host, strict=strict)


def _set_vars(host: Host, variables: Mapping[str, Any]) -> None:
    for key, value in variables.items():
        host.set_variable(key, value)


def _groups_of(host: Host) -> set[str]:
    return {group.name for group in host.get_groups()}


def _group_of(topology: str) -> str:
    return str(to_safe_group_name(f"cluster_{topology}"))


def _check_filters(filters: list[dict[str, Any]]) -> None:
    for entry in filters:
        if len(entry) != 1 or not set(entry) <= {"include", "exclude"}:
            raise AnsibleParserError(f"filters: {entry!r} is not a dictionary with one key, 'include' or 'exclude'")
