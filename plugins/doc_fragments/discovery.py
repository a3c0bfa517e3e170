# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The discovery half of a topology: every strategy's options, once."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  topology:
    description:
      - The name of the topology. Every message names it.
    type: str
    default: default
  strategy:
    description:
      - Where the desired membership comes from.
      - V(kubernetes) reads EndpointSlices, Endpoints or Pods from the API server.
      - V(dns) reads the A and AAAA records of O(config.query), V(dns_srv) its SRV records.
      - V(kubernetes_dns) and V(kubernetes_dns_srv) read the records that a cluster's own DNS serves for a headless
        service.
      - V(static) is the list in O(config.nodes). Use it with nodes from any other source.
      - V(local_epmd) asks the Erlang port mapper of one host for the nodes that are registered there, V(erlang_hosts)
        that of each host in a C(.hosts.erlang) file.
      - V(gossip) listens for the heartbeats that libcluster's nodes send. A listener cannot know which nodes are
        missing, so it connects and never prunes unless the policy allows it (C(prune_unauthoritative)).
      - V(rancher) reads the containers of the service that it runs in from Rancher's metadata service.
    type: str
    required: true
  config:
    description:
      - The options of the strategy. An option that the chosen O(strategy) does not have is an error.
    type: dict
    default: {}
    suboptions:
      api_key:
        description:
          - Of V(kubernetes). The bearer token for the API server.
        type: str
      broadcast_only:
        description:
          - Of V(gossip). Whether the nodes send to a broadcast address, so that no multicast group is joined.
          - Left out it is V(false).
        type: bool
      ca_cert:
        description:
          - Of V(kubernetes). A file with the certificates of the authorities that may sign the API server's
            certificate.
        type: path
      cluster_domain:
        description:
          - Of V(kubernetes) and V(kubernetes_dns_srv). The DNS domain of the Kubernetes cluster.
          - Left out it is V(cluster.local).
        type: str
      context:
        description:
          - Of V(kubernetes). The context of the kubeconfig to use instead of its current one.
        type: str
      epmd_port:
        description:
          - Of V(local_epmd) and V(erlang_hosts). The port of the Erlang port mapper.
          - Left out it is V(4369).
        type: int
      field_selector:
        description:
          - Of V(kubernetes). A field selector that narrows what is listed. EndpointSlices and Endpoints have the fields
            C(metadata.name) and C(metadata.namespace) only.
        type: str
      host:
        description:
          - Of V(kubernetes). The URL of the API server.
          - Of V(rancher). The URL of the metadata service. Left out it is V(http://rancher-metadata).
        type: str
      hosts_file:
        description:
          - Of V(erlang_hosts). The file that lists the hosts, one C('name'.) a line.
          - Left out it is C(.hosts.erlang), sought where Erlang seeks it. That is in the current directory, in the home
            directory and in the root directory of the Erlang installation, and the first one found counts.
        type: path
      if_addr:
        description:
          - Of V(gossip). Libcluster's other name for O(config.multicast_if). Give one of the two.
          - Left out it is V(0.0.0.0), which is any address of this machine.
        type: str
      include_not_ready:
        description:
          - Of V(kubernetes) and V(rancher). Whether nodes that are not ready are connected too. They are listed in any
            case, and never pruned.
          - Left out it is V(true) with V(rancher) and with O(config.lookup=pods), since their health checks may wait
            for the cluster, else V(false).
        type: bool
      kubeconfig:
        description:
          - Of V(kubernetes). The kubeconfig file, read as C(kubectl) reads it. Several have a colon between them, and
            each has to be there.
          - Without it and without O(config.host) the service account of the
            pod is used where there is one, else the default kubeconfig.
        type: path
      listen:
        description:
          - Of V(gossip). Seconds to listen. Each node sends at least every 5 seconds.
          - Left out it is V(6).
        type: float
      lookup:
        description:
          - Of V(kubernetes). What is listed, V(endpoint_slices), V(endpoints) or V(pods).
          - Left out it is V(endpoint_slices).
        type: str
      mode:
        description:
          - Of V(kubernetes). What stands behind the C(@) of a node's name.
          - V(ip) is the address of the pod, V(dns) its name in the cluster's DNS, V(hostname) its host name below
            O(config.service_name).
          - Left out it is V(ip).
        type: str
      multicast_addr:
        description:
          - Of V(gossip). The multicast group that the nodes send to, or with O(config.broadcast_only) the broadcast
            address.
          - Left out it is V(233.252.1.32).
        type: str
      multicast_if:
        description:
          - Of V(gossip). The address of the network interface on which the group is joined.
          - Left out the system chooses it by its route to O(config.multicast_addr).
        type: str
      multicast_ttl:
        description:
          - Of V(gossip). How many hops the heartbeats of the nodes may make. It is accepted as in a libcluster
            configuration and ignored, since a listener sends nothing.
          - A value that is not between 0 and 255 is an error all the same.
        type: int
      nameservers:
        description:
          - Of the strategies that ask DNS. The addresses of the nameservers, asked in this order.
          - Left out they are those of the system.
        type: list
        elements: str
      namespace:
        description:
          - Of V(kubernetes) and V(kubernetes_dns_srv). The namespace to look in.
          - V(kubernetes) without it and without O(config.namespaces) uses the namespace of the context or of the
            service account.
        type: str
      namespaces:
        description:
          - Of V(kubernetes). Several namespaces to look in. Use either this or O(config.namespace).
        type: list
        elements: str
      node_basename:
        description:
          - What stands before the C(@) of every node's name. Of all strategies but V(static), V(local_epmd),
            V(erlang_hosts) and V(gossip), which give full names.
          - Required by the drivers V(erlang) and V(ejabberd). Without it a node's name is its address or host name
            alone, as systems other than Erlang's call their members.
        type: str
      node_basename_label:
        description:
          - Of V(kubernetes), in place of O(config.node_basename). The key of a label whose value stands before the C(@)
            of a node's name, so that one topology is about a cluster of several applications, such as V(api@10.0.0.1)
            and V(worker@10.0.0.2).
          - With O(config.lookup=pods) it is a label of the pod. With V(endpoint_slices) and V(endpoints) it is one of
            the Service, so each application has a Service of its own.
          - A node without it makes the discovery partial. Left out, the policy's C(scope) is that of all basenames
            found, C(api@*) and C(worker@*). What has a basename that no node has any more is not pruned.
        type: str
      node_host:
        description:
          - Of V(local_epmd). What stands behind the C(@) of the names. The port mapper that is asked is always that of
            the host on which the module runs.
          - Left out it is the short name of that host.
        type: str
      nodes:
        description:
          - Of V(static), and required there. The nodes, each a name such as V(app@10.0.0.1), or a dictionary with
            C(name) and C(address). Only the drivers V(erlang) and V(ejabberd) need the C(@).
        type: list
        elements: raw
      page_size:
        description:
          - Of V(kubernetes). How many objects are asked for at once.
          - Left out it is V(500).
        type: int
      port:
        description:
          - Of the strategies that ask DNS. The port of the nameservers. Left out it is V(53).
          - Of V(gossip). The UDP port that the nodes send to. Left out it is V(45892).
        type: int
      query:
        description:
          - Of V(dns) and V(dns_srv), and required there. The name to ask for.
        type: str
      secret:
        description:
          - Of V(gossip). The secret with which the nodes encrypt their heartbeats. With it, plain heartbeats are
            ignored; without it, encrypted ones cannot be read.
        type: str
      selector:
        description:
          - Of V(kubernetes). A label selector that narrows what is listed.
          - With O(config.lookup=pods) it means the labels of the pods. With V(endpoint_slices) and V(endpoints) it
            means the labels of the Service, which Kubernetes copies to them, and not those of its pods. When nothing
            has them, the discovery fails.
        type: str
      service:
        description:
          - Of V(kubernetes_dns) and V(kubernetes_dns_srv), and required there. The headless service.
        type: str
      service_name:
        description:
          - Of V(kubernetes). The Service whose EndpointSlices or Endpoints are read. Left out they are those of each
            Service that O(config.selector) selects, or of all in the namespace.
          - It is also part of host names with O(config.mode=hostname), and required there with O(config.lookup=pods).
        type: str
      tcp:
        description:
          - Of the strategies that ask DNS. Whether to ask over TCP from the start. A truncated answer is asked for
            again over TCP in any case.
          - Left out it is V(false).
        type: bool
      timeout:
        description:
          - Seconds after which the source counts as not answering, which is a failed discovery.
          - Left out it is V(10) with V(kubernetes), else V(5).
        type: float
      types:
        description:
          - Of V(dns) and V(kubernetes_dns). The record types to ask for, V(A), V(AAAA) or both.
          - Left out it is both. Set one where a nameserver knows the name for that one only.
        type: list
        elements: str
      validate_certs:
        description:
          - Of V(kubernetes). Whether the certificate of the API server is verified.
          - Left out it is what the kubeconfig says, else V(true).
        type: bool
"""
