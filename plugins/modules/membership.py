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
  - selfheal.cluster.attributes.action_group
  - selfheal.cluster.attributes.in_process
options:
  max_rounds:
    description:
      - How many rounds may be made until the cluster has converged.
    type: int
    default: 5
  duration:
    description:
      - For how many seconds to go on after the first run of up to O(max_rounds) rounds, with a run every O(interval).
        The connections to the members stay open in between.
      - With V(0) there is one run. In check mode there is always only one.
      - A failed discovery, or a cluster in which no node answers, does not end the loop. The task fails if that is
        still so at the end.
      - Each event is shown as it happens, on the standard error, where the task runs on the control host itself,
        without C(become) and without C(async).
    type: float
    default: 0
  interval:
    description:
      - With O(duration), how many seconds from the beginning of one run to that of the next. What could not be done is
        tried again sooner, after 1, 2, 4 seconds and so on.
      - V(ttl) follows the time to live of the records of DNS, between 1 and 300 seconds, for O(strategy=dns),
        O(strategy=dns_srv), O(strategy=kubernetes_dns) and O(strategy=kubernetes_dns_srv).
    type: str
    default: "30"
  watch:
    description:
      - With O(duration), whether the source is watched, so that a run follows each of its changes at once, at most one
        a second. There still is a run every O(interval).
      - V(auto) watches a source that can be watched, which only O(strategy=kubernetes) has. V(false) never watches, and
        V(true) is an error where the source cannot be watched.
      - It needs the verb C(watch) on what is listed. If that right is missing, this is reported once, and the runs
        follow O(interval).
    type: str
    default: auto
  events_file:
    description:
      - With O(duration), a file to which each event is appended as it happens, as a line of JSON with C(time),
        C(topology), C(event), C(node), C(reason) and C(observer).
    type: path
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
      service_name: chat
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

- name: Keep the chat cluster whole for an hour, at once when Kubernetes reports a change
  selfheal.cluster.membership:
    topology: chat
    strategy: kubernetes
    config:
      namespace: prod
      service_name: chat
      node_basename: chat
    driver_config:
      cookie_file: /etc/chat/cookie
    duration: 3600
    interval: 60

- name: Keep a cluster of Serf agents whole
  selfheal.cluster.membership:
    topology: web
    strategy: dns
    config:
      query: web.example.net
    driver: exec
    driver_config:
      format: json
      path: members[?status=='alive'].name
      down_path: members[?status=='failed'].name
      unsettled_path: members[?status=='leaving'].name
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
connected:
  description: The node of each connect that worked, and the member that connected it. In check mode, those planned.
  returned: always
  type: list
  elements: dict
  sample:
    - observer: chat@10.0.0.1
      node: chat@10.0.0.3
pruned:
  description: The node of each prune that worked, and the member on which it was called. In check mode, those planned.
  returned: always
  type: list
  elements: dict
  sample:
    - observer: chat@10.0.0.4
      node: chat@10.0.0.4
refused:
  description: Actions that were outstanding and refused, each with the reason in one word; a warning has the details.
  returned: always
  type: list
  elements: dict
  sample:
    - node: chat@10.0.0.5
      action: prune
      reason: max_prune
events:
  description:
    - The net changes of the run. Each node appears at most once per event type; what was undone in the same run is left
      out.
    - V(joined), the desired node was linked into the largest island. V(left), it was pruned, and no member lists it any
      more. V(connect_failed), it could not be connected and still lacks the link. V(prune_refused), the policy keeps
      it.
    - Empty in check mode, in which nothing happens. What would happen is in RV(connected), RV(pruned) and RV(refused).
    - With O(duration) they are those of all runs, in the order in which they happened. V(connect_failed) and
      V(prune_refused) are there when they begin, and not again as long as they last. Without a node there are
      V(round_failed) for a run that could not go on, V(recovered) for the first one after it that could, and V(watch)
      for a watch that was lost or is back. No more than the last 1,000 are kept, as of RV(connected) and RV(pruned).
  returned: always
  type: list
  elements: dict
  contains:
    event:
      description: V(joined), V(left), V(connect_failed) or V(prune_refused), with O(duration) also V(round_failed),
        V(recovered) or V(watch).
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
    time:
      description: When it happened, in UTC. Only with O(duration).
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

from ansible_collections.selfheal.cluster.plugins.module_utils._config.schema import TOPOLOGY_SPEC
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._module import Command, Request, run
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import Returned
from ansible_collections.selfheal.cluster.plugins.module_utils._run.events_file import EventsFile
from ansible_collections.selfheal.cluster.plugins.module_utils._run.loop import keep_whole
from ansible_collections.selfheal.cluster.plugins.module_utils._run.pace import pace_of
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import converge


def run_module(request: Request) -> Returned:
    params = request.params
    topology = topology_of(params)
    pace = pace_of(topology.source, params)
    if request.check_mode or not pace.duration:
        return converge(topology, request.check_mode, params["max_rounds"], params["full"])
    events = EventsFile(topology.name, params["events_file"], request.masked)
    try:
        kept = keep_whole(topology, params["max_rounds"], params["full"], pace, events.append)
    except RoundError as error:
        error.warnings = [*error.warnings, *events.problems]
        raise
    return kept._replace(warnings=[*kept.warnings, *events.problems])


COMMAND = Command(
    {
        **TOPOLOGY_SPEC,
        "full": {"type": "bool", "default": False},
        "max_rounds": {"type": "int", "default": 5},
        "duration": {"type": "float", "default": 0},
        "interval": {"type": "str", "default": "30"},
        "watch": {"type": "str", "default": "auto"},
        "events_file": {"type": "path"},
    },
    run_module,
)


def main() -> None:
    run(COMMAND)


if __name__ == "__main__":
    main()
