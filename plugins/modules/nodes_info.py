#!/usr/bin/python
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discover the nodes that should be in a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nodes_info
short_description: Discover the nodes that should be in a cluster
version_added: 0.1.0
author:
  - The selfheal.cluster maintainers (@selfheal)
description:
  - Asks the source of a topology which nodes should be in the cluster, and says how far the answer can be trusted.
  - A source that cannot be read fails the task. It is never an empty list.
extends_documentation_fragment:
  - selfheal.cluster.discovery
  - selfheal.cluster.attributes
  - selfheal.cluster.attributes.action_group
  - selfheal.cluster.attributes.in_process
  - selfheal.cluster.attributes.read_only
options:
  attempt:
    description:
      - Which attempt of a confirmation this is, from V(0). A source with several servers, such as
        O(config.nameservers), starts with another one each time.
    type: int
    default: 0
seealso:
  - module: selfheal.cluster.membership_info
  - plugin: selfheal.cluster.nodes
    plugin_type: lookup
  - plugin: selfheal.cluster.membership_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Ask DNS
  selfheal.cluster.nodes_info:
    topology: web
    strategy: dns
    config:
      query: web.example.net
      node_basename: web
  register: web

- name: Show the nodes and the status
  ansible.builtin.debug:
    msg: "{{ web.nodes | map(attribute='name') }} ({{ web.status }})"

- name: Ask Kubernetes for the ready and the not yet ready pods of an application
  selfheal.cluster.nodes_info:
    topology: chat
    strategy: kubernetes
    config:
      namespace: prod
      selector: app=chat
      node_basename: chat
"""

RETURN = r"""
nodes:
  description: The nodes that should be in the cluster, in every state.
  returned: always
  type: list
  elements: dict
  sample:
    - name: chat@10.0.0.1
      address: 10.0.0.1
      state: ready
      attributes: {}
  contains:
    name:
      description: What the cluster calls the node.
      type: str
      sample: chat@10.0.0.1
    address:
      description: Where the control side reaches the node, empty where the source does not say.
      type: str
      sample: 10.0.0.1
    state:
      description: V(ready), V(not_ready) or V(terminating).
      type: str
      sample: ready
    attributes:
      description: What else the source says of the node.
      type: dict
      sample: {}
status:
  description:
    - V(complete) when everything that the source knows was read, V(partial) when something is known to be missing.
    - V(failed) comes with a failed task.
  returned: always
  type: str
  sample: complete
reasons:
  description: Why RV(status) is not V(complete).
  returned: always
  type: list
  elements: str
  sample: []
answers:
  description:
    - What RV(nodes) was read from, where a cache may have answered, as of the strategies over DNS.
    - Together with RV(nodes) and RV(status) it is taken by the tasks that hand a discovery on.
  returned: when a cache may have answered
  type: list
  elements: dict
  sample:
    - question: app.example.net A
      server: 10.0.0.53:53
      asked: 52163.71
      ttl: 30.0
  contains:
    question:
      description: What was asked, the name and the type of the records.
      type: str
      sample: app.example.net A
    server:
      description: Who answered, its address and port.
      type: str
      sample: 10.0.0.53:53
    asked:
      description: When the answer arrived, in seconds on the monotonic clock of the host that asked.
      type: float
      sample: 52163.71
    ttl:
      description: The seconds for which the answer may be kept from then on.
      type: float
      sample: 30.0
still_running:
  description: Names that the source does not list and that a second witness reports running. None of them is pruned.
  returned: with O(attempt) of 1 and more, when there are any
  type: list
  elements: str
  sample: [chat@10.0.0.2]
notes:
  description: What users should know of the source although nothing is missing. Each is a warning too.
  returned: when there are any
  type: list
  elements: str
  sample: []
"""

from ansible_collections.selfheal.cluster.plugins.module_utils._config.schema import DISCOVERY_SPEC
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import FailedWithResult
from ansible_collections.selfheal.cluster.plugins.module_utils._model import FAILED, PARTIAL
from ansible_collections.selfheal.cluster.plugins.module_utils._module import Command, Request, run
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import Returned
from ansible_collections.selfheal.cluster.plugins.module_utils._run.listing import listing_of
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover


def run_module(request: Request) -> Returned:
    source = source_of(request.params)
    result = listing_of(discover(source, request.params["attempt"]))
    reasons = "; ".join(result["reasons"])
    if result["status"] == FAILED:
        raise FailedWithResult(f"the discovery failed: {reasons}", result)
    warnings = list(result.get("notes", ()))
    if result["status"] == PARTIAL:
        warnings.insert(0, f"the discovery is partial: {reasons}")
    texts = [f"topology {source.topology!r}: {warning}" for warning in warnings]
    return Returned({"changed": False, **result}, texts)


COMMAND = Command({**DISCOVERY_SPEC, "attempt": {"type": "int", "default": 0}}, run_module)


def main() -> None:
    run(COMMAND)


if __name__ == "__main__":
    main()
