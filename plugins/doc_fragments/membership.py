# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that look at members share: the driver's options and the policy, once."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  driver:
    description:
      - How the actual membership is read and changed.
      - V(erlang) talks to every member at once over the Erlang distribution protocol, as a hidden node.
    type: str
    default: erlang
  driver_config:
    description:
      - The options of the driver. An option that the chosen O(driver) does not have is an error.
    type: dict
    default: {}
    suboptions:
      cookie:
        description:
          - The cookie of the cluster. Ansible masks it wherever it would show, also where a node's name contains the
            same text.
          - Without it and without O(driver_config.cookie_file) it is read from C(~/.erlang.cookie), or from
            C($XDG_CONFIG_HOME/erlang/.erlang.cookie).
        type: str
      cookie_file:
        description:
          - The file that the cookie is read from.
        type: path
      epmd_port:
        description:
          - The port of the Erlang port mapper on the members' hosts.
          - Left out it is V(4369).
        type: int
      node_name:
        description:
          - The name under which the driver itself shows up at the members, for those that only allow known names.
          - Left out, each member gives the driver a name, which costs the members no atom and can be used by any number
            of runs at once.
        type: str
      parallel:
        description:
          - How many members are connected to at the same time.
          - Left out it is V(64).
        type: int
      port:
        description:
          - The distribution port of all members, where they listen on a fixed one. Then no port mapper is asked.
        type: int
      timeout:
        description:
          - Seconds in which a member has to take the connection and prove itself, and again to answer a call. A call
            that connects members may take 8 more.
          - Left out it is V(5).
        type: float
  connect:
    description:
      - The call that connects an observer to a node, C([module, function, args]). The node's name is appended to the
        args. A string is an atom, a dictionary with the one key C(binary) or C(charlist) is what it says.
      - Left out it is the driver's own safe way.
    type: list
    elements: raw
  disconnect:
    description:
      - The call that disconnects an observer from a node, as in O(connect).
      - Left out it is the driver's own safe way.
    type: list
    elements: raw
  full:
    description:
      - Whether the views are returned in full also where the cluster is large. Otherwise large ones are summarised.
    type: bool
    default: false
  list_nodes:
    description:
      - The call that lists an observer's peers, as in O(connect), with nothing appended.
      - Left out it is the driver's own.
    type: list
    elements: raw
  policy:
    description:
      - What a plan may do. What the policy refuses is in the result, with the reason, and is a warning.
    type: dict
    default: {}
    suboptions:
      allow_empty:
        description:
          - Whether an empty complete discovery may prune the members that are known from an earlier round.
        type: bool
        default: false
      confirmation_interval:
        description:
          - Seconds between two of the discoveries that O(policy.confirmations) asks for.
        type: float
        default: 2.0
      confirmations:
        description:
          - How many complete discoveries in a row have to miss a node before it is pruned, 1 to 100.
        type: int
        default: 2
      max_prune:
        description:
          - How many members may be pruned at once, a count, or a percentage of the members in O(policy.scope),
            rounded down but at least 1. Above it nothing is pruned at all.
        type: str
        default: 34%
      min_nodes:
        description:
          - How many members have to be left after pruning.
        type: int
        default: 1
      on_unreachable:
        description:
          - Whether a desired node that is ready and gives no answer is a warning, or fails the task once all else is
            done.
        type: str
        default: warn
        choices: [warn, fail]
      prune:
        description:
          - Whether to prune at all.
        type: bool
        default: true
      prune_live:
        description:
          - Whether members that are alive may be pruned. Otherwise only those that the cluster itself reports
            unreachable are.
          - Left out it is V(true) where the driver can undo a disconnect, else V(false).
        type: bool
      prune_unauthoritative:
        description:
          - Whether a strategy that cannot list everyone may prune.
        type: bool
        default: false
      scope:
        description:
          - Globs of the names that may be pruned.
          - Left out it is C(<node_basename>@*). Without a O(config.node_basename) nothing is pruned until it is set.
        type: list
        elements: str
"""
