# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovered nodes in a template."""

from __future__ import annotations

DOCUMENTATION = r"""
name: nodes
short_description: Discover the nodes that should be in a cluster
version_added: 0.1.0
author:
  - The selfheal.cluster maintainers (@selfheal)
description:
  - Asks the source of a topology which nodes should be in the cluster.
  - A source that cannot be read is an error, never an empty list. One that could be read in part gives a warning.
  - What is discovered is data and is never templated.
extends_documentation_fragment:
  - selfheal.cluster.discovery
options:
  _terms:
    description:
      - Topologies, each a dictionary of the options below. What a dictionary does not have is taken from the options
        that are given beside it. Without any the options alone are one topology.
    type: list
    elements: dict
  strategy:
    required: false
notes:
  - Use it with P(ansible.builtin.query#lookup) or C(wantlist=True), as everything that returns a list.
seealso:
  - module: selfheal.cluster.nodes_info
"""

EXAMPLES = r"""
- name: The names that DNS lists
  ansible.builtin.debug:
    msg: "{{ query('selfheal.cluster.nodes', strategy='dns', config=config) | map(attribute='name') }}"
  vars:
    config:
      query: web.example.net
      node_basename: web

- name: The addresses of all ready nodes of the topologies in the inventory
  ansible.builtin.debug:
    msg: >-
      {{ query('selfheal.cluster.nodes', topology=item, strategy=hostvars[item].topology_strategy,
               config=hostvars[item].topology_config)
         | selectattr('state', 'eq', 'ready') | map(attribute='address') }}
  loop: "{{ groups['topologies'] }}"
"""

RETURN = r"""
_list:
  description: The nodes of all topologies, each a dictionary with C(name), C(address), C(state) and C(attributes).
  type: list
  elements: dict
  sample:
    - name: web@10.0.0.1
      address: 10.0.0.1
      state: ready
      attributes: {}
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.kubeconfig import remove_files
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE
from ansible_collections.selfheal.cluster.plugins.module_utils._run.listing import nodes_of
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import (
    PluginError,
    discovery_from,
    plain,
    source_from,
)

_OPTIONS = ("topology", "strategy", "config")


class LookupModule(LookupBase):
    def run(self, terms: list[Any], variables: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        shared = {key: self.get_option(key) for key in _OPTIONS}
        nodes = []
        try:
            for term in terms or [{}]:
                if not isinstance(term, Mapping):
                    options = ", ".join(_OPTIONS)
                    raise AnsibleLookupError(f"{term!r} is not a topology, which is a dictionary of {options}")
                nodes += _discovered({**shared, **term})
        finally:
            remove_files()
        return nodes


def _discovered(params: dict[str, Any]) -> list[dict[str, Any]]:
    topology = str(params.pop("topology"))
    try:
        discovery = discovery_from(source_from(topology, params))
    except PluginError as error:
        problem = str(error)
    else:
        if discovery.status != COMPLETE:
            reasons = "; ".join(discovery.reasons)
            Display().warning(f"topology {topology!r}: the discovery is {discovery.status}: {reasons}")
        for note in discovery.notes:
            Display().warning(f"topology {topology!r}: {note}")
        nodes: list[dict[str, Any]] = plain(nodes_of(discovery))
        return nodes
    raise AnsibleLookupError(problem)
