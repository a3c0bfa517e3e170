# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event source for ansible-rulebook: the nodes that joined and left the desired membership of clusters."""

from __future__ import annotations

DOCUMENTATION = r"""
---
short_description: Report nodes that join and leave the desired membership of clusters
version_added: 0.1.0
author:
  - The selfheal.cluster maintainers (@selfheal)
description:
  - Discovers the nodes of topologies periodically, and with strategy C(kubernetes) at once when the API server reports
    a change, and emits an event for each difference.
  - An event is the difference between two discoveries, never a message of the source. So nothing is lost while the
    source is out of reach, while the connection to it is renewed, or while the events are not consumed.
  - A discovery that fails, is partial or lists no node at all never reports that a node left. Nor does strategy
    C(gossip), which cannot list every node.
  - It never ends by itself. A discovery that was not complete is made again after 1, 2, 4 seconds and so on, up to
    O(interval), and a watch that has ended is begun again in the same way.
  - The rulebook C(selfheal.cluster.heal) runs the playbook C(selfheal.cluster.converge) with it.
options:
  inventory:
    description:
      - The files that name the topologies, the same that the playbook C(selfheal.cluster.converge) is given
        with C(-i). Of a directory, its files that end in C(.cluster.yml) or C(.cluster.yaml).
      - Templates in C(strategy) and C(config) can use lookups. Their other options are not looked at.
      - They are read when the rulebook starts.
      - Give this or O(topologies).
    type: list
    elements: path
  topologies:
    description:
      - The topologies themselves, from name to options, as in such a file. Only C(strategy) and C(config) matter.
      - Their templates are those of the rulebook and know its variables, but no lookups.
    type: dict
  interval:
    description:
      - Seconds between two discoveries where no watch reports a change sooner, from V(0.1) to V(86400).
      - V(ttl) follows the time to live of the records, with the strategies that ask DNS.
      - A discovery that was not complete is made again sooner.
    type: str
    default: "30"
  watch:
    description:
      - Whether the sources are watched, so that a change is reported at once. V(auto) watches each source that can be
        watched, which only strategy C(kubernetes) has. V(true) is an error where a source cannot be watched.
    type: str
    default: auto
  pause:
    description:
      - Seconds after an event in which there is no other one for the same topology. Changes in that time are reported
        together at its end.
    type: float
    default: 5
  repeat:
    description:
      - Seconds after the last event of a topology after which an event V(unchanged) repeats the current nodes. The
        members of a cluster can lose one another without any change in the source.
      - V(0) is never.
    type: float
    default: 0
notes:
  - An event has these keys.
  - C(topology), the name of the topology.
  - C(event), V(started) with the first discovery, V(changed), V(unchanged) every O(repeat) seconds,
    V(discovery_failed) when the source can no longer be read, once, and V(discovery_recovered) when it can be again.
  - C(desired), the names of all nodes, in every state, but in V(discovery_failed).
  - C(empty), V(true), there only if the source answered completely and lists no node. C(left) is not there then, and
    C(desired) has the names that were known. The next complete discovery that lists a node reports which nodes left.
  - C(joined), C(left) and C(updated), each there only if there are such nodes, in V(changed) and
    V(discovery_recovered). Each node has C(name), C(address) and C(state), those in C(updated) also
    C(previous_state). Their state or their address has changed.
  - C(status) and C(reasons) of the discovery, as in M(selfheal.cluster.nodes_info).
  - C(meta.hosts), the name of the topology, to which ansible-rulebook limits the playbook that it runs.
  - It needs ansible-core in the Python environment of ansible-rulebook, and what the strategy needs.
seealso:
  - module: selfheal.cluster.nodes_info
  - module: selfheal.cluster.membership
"""

EXAMPLES = r"""
- name: Report nodes that leave
  hosts: all
  sources:
    - selfheal.cluster.membership:
        topologies:
          chat:
            strategy: kubernetes
            config:
              namespace: prod
              service_name: chat
              node_basename: chat
  rules:
    - name: A node left
      condition: event.left is defined
      action:
        debug:
          msg: "{{ event.left | map(attribute='name') | join(', ') }} left {{ event.topology }}"
"""

import asyncio
import os
from typing import Any

_HERE = os.path.abspath(__file__)


def _make_importable() -> None:
    """Set up imports from collections: ansible-rulebook runs this file by its path, without a collection loader."""
    from ansible.plugins.loader import init_plugin_loader
    from ansible.utils.collection_loader import AnsibleCollectionConfig

    # Another source may have done so, for all collections.
    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader([_HERE.rpartition(f"{os.sep}ansible_collections{os.sep}")[0]])


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Put events into the queue until cancelled."""
    _make_importable()
    from ansible_collections.selfheal.cluster.plugins.plugin_utils._event_source import emit_events

    await emit_events(queue, args)
