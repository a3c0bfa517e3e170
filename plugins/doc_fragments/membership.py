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
      - V(ejabberd) does the same, and reads and changes the membership that ejabberd itself keeps.
      - V(exec) runs the commands in O(list_nodes), O(connect) and O(disconnect) where the module runs, for any other
        system.
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
          - Of V(erlang) and V(ejabberd). The cookie of the cluster. Ansible masks it wherever it would show, also
            where a node's name contains the same text.
          - Without it and without O(driver_config.cookie_file) it is read from C(~/.erlang.cookie), or from
            C($XDG_CONFIG_HOME/erlang/.erlang.cookie).
        type: str
      cookie_file:
        description:
          - Of V(erlang) and V(ejabberd). The file that the cookie is read from.
        type: path
      down_path:
        description:
          - Of V(exec). As O(driver_config.path), for the members that the cluster itself reports unreachable.
        type: str
      epmd_port:
        description:
          - Of V(erlang) and V(ejabberd). The port of the Erlang port mapper on the members' hosts.
          - Left out it is V(4369).
        type: int
      format:
        description:
          - Of V(exec). What O(list_nodes) prints, V(lines) with a name each, or V(json).
          - Left out it is V(lines).
        type: str
      mesh_only:
        description:
          - Of V(erlang). Whether links alone count where the members keep a member table of their own, RabbitMQ's or
            that of a Mnesia which several nodes share. There a link does not decide who is a member, so that no node is
            made to leave, RabbitMQ's nodes are not connected, and a whole mesh is not called a whole cluster.
          - Not for a RabbitMQ cluster. A prune would cut its links, and RabbitMQ stays partitioned after that.
          - Left out it is V(false).
        type: bool
      node_name:
        description:
          - Of V(erlang) and V(ejabberd). The name under which the driver itself shows up at the members, for those
            that only allow known names.
          - Left out, each member gives the driver a name, which costs the members no atom and can be used by any number
            of runs at once.
        type: str
      parallel:
        description:
          - Of V(erlang) and V(ejabberd). How many members are connected to at the same time. Left out it is V(64).
          - Of V(exec). How many commands run at the same time. Left out it is V(16).
        type: int
      path:
        description:
          - Of V(exec) with O(driver_config.format=json), and required there. Where the names of the members are in the
            output, as a JMESPath expression that gives a list of strings, such as C(members[*].name). Members that the
            cluster itself reports unreachable belong to O(driver_config.down_path) instead.
        type: str
      port:
        description:
          - Of V(erlang) and V(ejabberd). The distribution port of all members, where they listen on a fixed one. Then
            no port mapper is asked.
        type: int
      preset:
        description:
          - Of V(erlang). V(ejabberd) is the old name of O(driver=ejabberd).
        type: str
      reversible:
        description:
          - Of V(exec). Whether O(connect) brings back a live member that O(disconnect) removed, so that live members
            may be pruned.
          - Left out it is V(false).
        type: bool
      timeout:
        description:
          - Of V(erlang) and V(ejabberd). Seconds in which a member has to take the connection and prove itself, and
            again to answer a call. A call that connects members may take 8 more. Left out it is V(5).
          - Of V(exec). Seconds in which a command has to end. Left out it is V(10).
        type: float
      tls:
        description:
          - Of V(erlang) and V(ejabberd). The options of TLS, for members that run with C(-proto_dist inet_tls). Left
            out, TLS is not used; V({}) is TLS with all of its defaults.
        type: dict
        suboptions:
          ca_cert:
            description:
              - A file with the certificates of the authorities that may sign a member's certificate.
              - Left out they are those of the system.
            type: path
          check_hostname:
            description:
              - Whether a member's certificate has to be one for the host in the member's name, the part after the C(@).
              - Nothing is checked with O(driver_config.tls.validate_certs=false).
            type: bool
            default: true
          client_cert:
            description:
              - A file with the driver's own certificate, where the members ask for one.
            type: path
          client_key:
            description:
              - A file with the key of O(driver_config.tls.client_cert), without a passphrase.
              - Left out it is read from that file.
            type: path
          validate_certs:
            description:
              - Whether the certificates of the members are verified.
            type: bool
            default: true
      transitive:
        description:
          - Of V(exec). Whether one connect between two parts of the cluster merges them. Otherwise each missing link is
            made alone.
          - It also means that a removal on one member spreads to the others. A prune runs on one member first, and on
            the others only if they still list the node 3 seconds later.
          - Left out it is V(false).
        type: bool
      transport:
        description:
          - Of V(erlang) and V(ejabberd). How a member is reached.
          - V(direct) is a connection to its address. V(port_forward) goes through the Kubernetes API server to its pod,
            for a control host that cannot reach the network of the pods. It needs O(strategy=kubernetes), whose options
            say where that server is, and the Python library websockets, version 15 or newer.
          - Left out it is V(direct).
        type: str
      unsettled_path:
        description:
          - Of V(exec). As O(driver_config.path), for the members that are listed and neither in nor out, as Serf's
            C(leaving) is. They are never pruned. One that stays so for more than some seconds is refused as
            C(unsteady).
        type: str
  connect:
    description:
      - With O(driver=erlang), the call that connects an observer to a node, C([module, function, args]). The node's
        name is appended to the args. A string is an atom, a dictionary with the one key C(binary) or C(charlist) is
        that type. Left out it is the driver's own safe way.
      - With O(driver=exec), and required there, the command that connects an observer to a node, as a list of its
        words. C({observer}), C({observer_address}), C({node}) and C({node_address}) are replaced. It runs without a
        shell.
    type: list
    elements: raw
  disconnect:
    description:
      - The call or command that disconnects an observer from a node, as in O(connect).
    type: list
    elements: raw
  full:
    description:
      - Whether the views are returned in full also where the cluster is large. Otherwise large ones are summarised.
    type: bool
    default: false
  list_nodes:
    description:
      - The call or command that lists an observer's peers, as in O(connect). Nothing is appended to a call, and a
        command cannot use C({node}) and C({node_address}).
    type: list
    elements: raw
  policy:
    description:
      - What a plan may do. What the policy refuses is in the result, with the reason, and is a warning.
    type: dict
    default: {}
    suboptions:
      absent_for:
        description:
          - Seconds for which complete discoveries have to miss a node before it may be pruned, 0 to 604800. The time
            between two discoveries counts as at most a third of it, and an answer that a cache gave before does not
            count. Until they are over the prune is refused as C(not_yet).
          - They are counted within one run, so that more than some seconds take a loop (C(duration)).
          - Left out it is 300 for members that are alive with O(strategy=dns) and O(strategy=dns_srv), whose answers
            may be samples of the list, and 0 for all others.
          - V(0) declares that each answer of the source is the whole list.
        type: float
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
      fence:
        description:
          - Whether a live node that is pruned is also kept out, even if its own code tries to reconnect. Its cookie is
            changed before it leaves, to one that is derived from the cluster's cookie and its name. A run with this
            option lets it in again once discovery lists it.
          - Only with O(driver=erlang) and its own way to disconnect.
        type: bool
        default: false
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
          - Left out it is C(<node_basename>@*), and with O(config.node_basename_label) that of each basename found.
            Without either nothing is pruned until it is set.
        type: list
        elements: str
"""
