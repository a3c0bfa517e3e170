#!/usr/bin/python
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which nodes should be in a cluster, which are, and what would heal it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: membership_info
short_description: Show which nodes are in a cluster, which should be, and what would heal it
version_added: 0.1.0
author:
  - The selfheal.cluster maintainers (@selfheal)
description:
  - Discovers the nodes that should be in the cluster, reads the view of every member, and returns both, the islands
    that the views fall into, and the plan that M(selfheal.cluster.membership) would carry out.
  - It changes nothing and waits for no confirmation. Prunes that M(selfheal.cluster.membership) would have confirmed
    first are marked C(unconfirmed).
extends_documentation_fragment:
  - selfheal.cluster.discovery
  - selfheal.cluster.membership
  - selfheal.cluster.attributes
  - selfheal.cluster.attributes.action_group
  - selfheal.cluster.attributes.in_process
  - selfheal.cluster.attributes.read_only
seealso:
  - module: selfheal.cluster.membership
  - module: selfheal.cluster.nodes_info
"""

EXAMPLES = r"""
- name: Read the state of a cluster
  selfheal.cluster.membership_info:
    topology: chat
    strategy: dns
    config:
      query: chat.example.net
      node_basename: chat
    driver_config:
      cookie: "{{ chat_cookie }}"
  register: chat

- name: Show the mesh
  ansible.builtin.debug:
    var: chat.picture

- name: Stop if the cluster is split
  ansible.builtin.assert:
    that: chat.islands | length == 1
"""

RETURN = r"""
status:
  description: The status of the discovery, V(complete), V(partial) or V(failed).
  returned: always
  type: str
  sample: complete
reasons:
  description:
    - Why RV(status) is not V(complete), and why the cluster cannot be called whole although its links may all be there.
  returned: always
  type: list
  elements: str
  sample: []
desired:
  description: The names of the nodes that should be in the cluster.
  returned: always
  type: list
  elements: str
  sample: [chat@10.0.0.1, chat@10.0.0.2]
members:
  description: The names of all nodes that answered or are listed by a member that did.
  returned: always
  type: list
  elements: str
  sample: [chat@10.0.0.1, chat@10.0.0.2]
views:
  description: What each observer sees, from its name to its sorted peers. Summarised in large clusters unless
    O(full=true).
  returned: always
  type: dict
  sample:
    chat@10.0.0.1: [chat@10.0.0.2]
    chat@10.0.0.2: [chat@10.0.0.1]
islands:
  description: The names of the members of each connected part. More than one is a split cluster.
  returned: always
  type: list
  elements: list
  sample:
    - [chat@10.0.0.1, chat@10.0.0.2]
unreachable_nodes:
  description: The nodes that gave no answer, from name to reason.
  returned: always
  type: dict
  sample:
    chat@10.0.0.9: "no epmd on 10.0.0.9:4369: Connection refused"
verdict:
  description:
    - How the topology is, in one word. The first of these that holds. V(discovery_failed), the source cannot be read.
      V(no_node_answers), somebody was asked and nobody answers. V(empty), the source lists no node. V(partitioned),
      members of one cluster disagree on who is in it. V(no_quorum), too few voters answer each other. V(split), ready
      nodes are in more than one island. V(changing), a change is under way. V(not_whole), something is outstanding or
      refused, a ready node does not answer, or the discovery is partial. V(whole).
    - It is V(none) where the run ended before it saw the cluster.
  returned: always
  type: str
  sample: whole
verdict_reasons:
  description: All words of RV(verdict) that hold, in their order.
  returned: always
  type: list
  elements: str
  sample: [whole]
converged:
  description:
    - Whether no connect and no prune is outstanding, refused ones included, and nothing else keeps the cluster from
      being called whole. Where members keep a member table of their own, links alone are not enough.
  returned: always
  type: bool
  sample: true
picture:
  description: The mesh as lines of text.
  returned: always
  type: list
  elements: str
  sample:
    - "chat: 2 desired, 2 members, 1 island"
    - ""
    - "  chat@10.0.0.1    ●"
    - "  chat@10.0.0.2  ●"
time:
  description: When this was so, in UTC.
  returned: always
  type: str
  sample: "2026-11-22T14:03:07Z"
timings:
  description: Seconds that each part took.
  returned: always
  type: dict
  sample:
    discover: 0.01
    observe: 0.02
plan:
  description: What would heal the cluster, one action for each line of the plan.
  returned: always
  type: list
  elements: dict
  sample:
    - action: connect
      observer: chat@10.0.0.1
      node: chat@10.0.0.3
      reason: island
"""

from ansible_collections.selfheal.cluster.plugins.module_utils._config.schema import TOPOLOGY_SPEC
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._module import Command, Request, run
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import Returned
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import inspect


def run_module(request: Request) -> Returned:
    return inspect(topology_of(request.params), full=request.params["full"])


COMMAND = Command({**TOPOLOGY_SPEC, "full": {"type": "bool", "default": False}}, run_module)


def main() -> None:
    run(COMMAND)


if __name__ == "__main__":
    main()
