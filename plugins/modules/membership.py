#!/usr/bin/python
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a cluster whole: discover, compare, connect what is missing and prune what no longer belongs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: membership
short_description: Connect the nodes that are missing in a cluster, and prune those that no longer belong
version_added: 0.1.0
author:
  - The selfheal.cluster maintainers (@selfheal)
description:
  - Discovers the nodes that should be in the cluster, reads the view of every member, connects what is missing,
    prunes what no longer belongs, and reads again, for up to O(max_rounds) rounds.
  - A failed or doubtful discovery never removes a member. Only a complete discovery, confirmed, inside the limits of
    O(policy), prunes.
extends_documentation_fragment:
  - selfheal.cluster.discovery
  - selfheal.cluster.membership
  - selfheal.cluster.attributes
options:
  max_rounds:
    description:
      - How many rounds may be made until the cluster has converged.
    type: int
    default: 5
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
    details:
      - It waits for confirmations as the real run does, and predicts its actions node by node.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check mode), when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates
      no change.
    support: full
    details:
      - A cluster that has converged is left alone.
seealso:
  - module: selfheal.cluster.membership_info
  - module: selfheal.cluster.nodes_info
  - plugin: selfheal.cluster.nodes
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Keep the chat cluster whole
  selfheal.cluster.membership:
    topology: chat
    strategy: kubernetes
    config:
      namespace: prod
      selector: app=chat
      node_basename: chat
    driver_config:
      cookie: "{{ lookup('ansible.builtin.env', 'CHAT_COOKIE') }}"

- name: Connect only, whatever DNS no longer lists
  selfheal.cluster.membership:
    topology: web
    strategy: dns
    config:
      query: web.example.net
      node_basename: web
    driver_config:
      cookie_file: /etc/web/cookie
    policy:
      prune: false

- name: Keep a cluster of Serf agents whole
  selfheal.cluster.membership:
    topology: web
    strategy: dns
    config:
      query: web.example.net
    driver: exec
    driver_config:
      format: json
      path: members[?status=='alive' || status=='leaving'].name
      down_path: members[?status=='failed'].name
      transitive: true
    list_nodes: [serf, members, -format=json, "-rpc-addr={observer_address}:7373"]
    connect: [serf, join, "-rpc-addr={observer_address}:7373", "{node_address}:7946"]
    disconnect: [serf, force-leave, "-rpc-addr={observer_address}:7373", "{node}"]
    policy:
      scope: ["10.*"]

- name: Bring the nodes from anywhere
  selfheal.cluster.membership:
    topology: queue
    strategy: static
    config:
      nodes: "{{ groups['queue'] | map('regex_replace', '^', 'queue@') }}"
    policy:
      scope: ["queue@*"]
      max_prune: "1"
"""

RETURN = r"""
status:
  description: The status of the discovery, V(complete), V(partial) or V(failed).
  returned: always
  type: str
  sample: complete
reasons:
  description: Why RV(status) is not V(complete).
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
  description: The names of all who answered or are listed by somebody who did.
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
converged:
  description: Whether no connect and no prune is outstanding, refused ones included.
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
timings:
  description: Seconds that each part took.
  returned: always
  type: dict
  sample:
    discover: 0.01
    observe: 0.02
connected:
  description: Who was connected to whom. In check mode, who would be.
  returned: always
  type: list
  elements: dict
  sample:
    - observer: chat@10.0.0.1
      node: chat@10.0.0.3
pruned:
  description: Who was pruned, and which member was told so. In check mode, who would be.
  returned: always
  type: list
  elements: dict
  sample:
    - observer: chat@10.0.0.4
      node: chat@10.0.0.4
refused:
  description: What was outstanding and was not done, and why, in one word; a warning says it in full.
  returned: always
  type: list
  elements: dict
  sample:
    - node: chat@10.0.0.5
      action: prune
      reason: max_prune
events:
  description:
    - What the run has come to, from its beginning to its end, a node once for each event. What happened and was undone
      in the same run is no event.
    - V(joined), the desired node was linked into the largest island. V(left), it was pruned, and no member lists it any
      more. V(connect_failed), it could not be connected and still lacks the link. V(prune_refused), the policy keeps
      it.
    - Empty in check mode, in which nothing happens. What would happen is in RV(connected), RV(pruned) and RV(refused).
  returned: always
  type: list
  elements: dict
  contains:
    event:
      description: V(joined), V(left), V(connect_failed) or V(prune_refused).
      type: str
    node:
      description: The name of the node.
      type: str
    reason:
      description: Of V(prune_refused) the word that RV(refused) has, of V(connect_failed) what went wrong last, else a
        text for people.
      type: str
    observer:
      description: The member on which the call was made, V(none) if there was no call.
      type: str
  sample:
    - event: joined
      node: chat@10.0.0.3
      reason: it is in the largest island now
      observer: chat@10.0.0.1
rounds:
  description: How many rounds were made.
  returned: always
  type: int
  sample: 1
"""

from typing import Any, Dict, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._module import ClusterModule, run
from ansible_collections.selfheal.cluster.plugins.module_utils._reconcile import converge
from ansible_collections.selfheal.cluster.plugins.module_utils._schema import TOPOLOGY_SPEC
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import topology_of


def work(params: Mapping[str, Any], check_mode: bool) -> Dict[str, Any]:
    return converge(topology_of(params), check_mode, params["max_rounds"], params["full"])


def main() -> None:
    spec = {
        **TOPOLOGY_SPEC,
        "full": {"type": "bool", "default": False},
        "max_rounds": {"type": "int", "default": 5},
    }
    module = ClusterModule(argument_spec=spec, supports_check_mode=True)
    run(module, lambda params: work(params, module.check_mode))


if __name__ == "__main__":
    main()
