# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument spec that every entry point shares, and which of its options each strategy and driver has.

The spec is static and is the union of all strategies' and drivers' options, so that Ansible checks each type and masks
each secret before any code of ours runs. It holds no defaults of ``config`` and ``driver_config``: those differ from
one strategy to the next and are in the tables below it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Optional

CONFIG_SPEC: dict[str, dict[str, Any]] = {
    "api_key": {"type": "str", "no_log": True},
    "broadcast_only": {"type": "bool"},
    "ca_cert": {"type": "path"},
    "cluster_domain": {"type": "str"},
    "context": {"type": "str"},
    "epmd_port": {"type": "int"},
    "field_selector": {"type": "str"},
    "host": {"type": "str"},
    "hosts_file": {"type": "path"},
    "if_addr": {"type": "str"},
    "include_not_ready": {"type": "bool"},
    "kubeconfig": {"type": "path"},
    "listen": {"type": "float"},
    "lookup": {"type": "str"},
    "mode": {"type": "str"},
    "multicast_addr": {"type": "str"},
    "multicast_if": {"type": "str"},
    "multicast_ttl": {"type": "int"},
    "nameservers": {"type": "list", "elements": "str"},
    "namespace": {"type": "str"},
    "namespaces": {"type": "list", "elements": "str"},
    "node_basename": {"type": "str"},
    "node_basename_label": {"type": "str"},
    "node_host": {"type": "str"},
    "nodes": {"type": "list", "elements": "raw"},
    "page_size": {"type": "int"},
    "port": {"type": "int"},
    "query": {"type": "str"},
    "secret": {"type": "str", "no_log": True},
    "selector": {"type": "str"},
    "service": {"type": "str"},
    "service_name": {"type": "str"},
    "tcp": {"type": "bool"},
    "timeout": {"type": "float"},
    "types": {"type": "list", "elements": "str"},
    "validate_certs": {"type": "bool"},
}

TLS_SPEC: dict[str, dict[str, Any]] = {
    "ca_cert": {"type": "path"},
    "check_hostname": {"type": "bool", "default": True},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
}

DRIVER_CONFIG_SPEC: dict[str, dict[str, Any]] = {
    "cookie": {"type": "str", "no_log": True},
    "cookie_file": {"type": "path"},
    "down_path": {"type": "str"},
    "epmd_port": {"type": "int"},
    "format": {"type": "str"},
    "mesh_only": {"type": "bool"},
    "node_name": {"type": "str"},
    "parallel": {"type": "int"},
    "path": {"type": "str"},
    "port": {"type": "int"},
    "preset": {"type": "str"},
    "reversible": {"type": "bool"},
    "timeout": {"type": "float"},
    "tls": {"type": "dict", "options": TLS_SPEC},
    "transitive": {"type": "bool"},
    "transport": {"type": "str"},
    "unsettled_path": {"type": "str"},
}

POLICY_SPEC: dict[str, dict[str, Any]] = {
    "absent_for": {"type": "float"},
    "allow_empty": {"type": "bool", "default": False},
    "confirmation_interval": {"type": "float", "default": 2.0},
    "confirmations": {"type": "int", "default": 2},
    "fence": {"type": "bool", "default": False},
    "max_prune": {"type": "str", "default": "34%"},
    "min_nodes": {"type": "int", "default": 1},
    "on_unreachable": {"type": "str", "default": "warn", "choices": ["warn", "fail"]},
    "prune": {"type": "bool", "default": True},
    "prune_live": {"type": "bool"},
    "prune_unauthoritative": {"type": "bool", "default": False},
    "scope": {"type": "list", "elements": "str"},
}

DISCOVERY_SPEC: dict[str, dict[str, Any]] = {
    "topology": {"type": "str", "default": "default"},
    "strategy": {"type": "str", "required": True},
    "config": {"type": "dict", "default": {}, "options": CONFIG_SPEC},
}

TOPOLOGY_SPEC: dict[str, dict[str, Any]] = {
    **DISCOVERY_SPEC,
    "driver": {"type": "str", "default": "erlang"},
    "driver_config": {"type": "dict", "default": {}, "options": DRIVER_CONFIG_SPEC},
    "connect": {"type": "list", "elements": "raw"},
    "disconnect": {"type": "list", "elements": "raw"},
    "list_nodes": {"type": "list", "elements": "raw"},
    "policy": {"type": "dict", "default": {}, "apply_defaults": True, "options": POLICY_SPEC},
}


@dataclass(frozen=True)
class Options:
    """The options of one strategy or driver, out of the union. An option whose default is None may be left unset.

    authoritative: it can list every node, so that a node which a complete answer lacks may be pruned.
    watchable: it reports changes by itself, so that it need not be polled.
    has_ttl: its answers have a time to live.
    erlang_names: every node's name must have the form ``<base>@<host>``.
    samples: a complete answer may have only some of the members, so that a live one has to be missing for minutes.
    takes: which of ``connect``, ``disconnect``, ``list_nodes`` and ``fence`` it supports.
    instead: option -> the options, those of ``takes`` among them, that cannot be combined with it.
    other_driver: the option whose value names the driver that is meant, an old name for it.
    own_way: values of ``connect``, ``disconnect`` and ``list_nodes`` that mean the driver's own way, as if left out.
    """

    required: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    authoritative: bool = True
    watchable: bool = False
    has_ttl: bool = False
    erlang_names: bool = False
    samples: bool = False
    takes: tuple[str, ...] = ()
    instead: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    own_way: Mapping[str, list[Any]] = field(default_factory=dict)
    other_driver: Optional[str] = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.required) | frozenset(self.defaults)


_RESOLVER = {"nameservers": None, "port": 53, "timeout": 5.0, "tcp": False}
_ADDRESS_TYPES = ("A", "AAAA")
_CALLS = ("connect", "disconnect", "list_nodes")

STRATEGIES: dict[str, Options] = {
    "kubernetes": Options(
        defaults={
            "api_key": None,
            "ca_cert": None,
            "cluster_domain": "cluster.local",
            "context": None,
            "field_selector": None,
            "host": None,
            "include_not_ready": None,
            "kubeconfig": None,
            "lookup": "endpoint_slices",
            "mode": "ip",
            "namespace": None,
            "namespaces": None,
            "node_basename": None,
            "node_basename_label": None,
            "page_size": 500,
            "selector": None,
            "service_name": None,
            "timeout": 10.0,
            "validate_certs": None,
        },
        choices={"lookup": ("endpoint_slices", "endpoints", "pods"), "mode": ("ip", "dns", "hostname")},
        watchable=True,
    ),
    "dns": Options(
        required=("query",),
        defaults={"node_basename": None, "types": _ADDRESS_TYPES, **_RESOLVER},
        choices={"types": _ADDRESS_TYPES},
        samples=True,
        has_ttl=True,
    ),
    "dns_srv": Options(required=("query",), defaults={"node_basename": None, **_RESOLVER}, samples=True, has_ttl=True),
    "kubernetes_dns": Options(
        required=("service",),
        defaults={"node_basename": None, "types": _ADDRESS_TYPES, **_RESOLVER},
        choices={"types": _ADDRESS_TYPES},
        has_ttl=True,
    ),
    "kubernetes_dns_srv": Options(
        required=("service", "namespace"),
        defaults={"cluster_domain": "cluster.local", "node_basename": None, **_RESOLVER},
        has_ttl=True,
    ),
    "static": Options(required=("nodes",)),
    "local_epmd": Options(defaults={"node_host": None, "epmd_port": 4369, "timeout": 5.0}),
    "erlang_hosts": Options(defaults={"hosts_file": None, "epmd_port": 4369, "timeout": 5.0}),
    "gossip": Options(
        defaults={
            "broadcast_only": False,
            "if_addr": "0.0.0.0",  # noqa: S104 - libcluster's own default
            "listen": 6.0,
            "multicast_addr": "233.252.1.32",
            "multicast_if": None,
            "multicast_ttl": 1,
            "port": 45892,
            "secret": None,
        },
        authoritative=False,
    ),
    "rancher": Options(
        defaults={
            "host": "http://rancher-metadata",
            "include_not_ready": True,
            "node_basename": None,
            "timeout": 5.0,
        },
    ),
}

_BEAM = {
    "cookie": None,
    "cookie_file": None,
    "epmd_port": 4369,
    "node_name": None,
    "parallel": 64,
    "port": None,
    "timeout": 5.0,
    "tls": None,
    "transport": "direct",
}
"""The options of all drivers whose members are nodes of Erlang."""
_TRANSPORTS = ("direct", "port_forward")

DRIVERS: dict[str, Options] = {
    "ejabberd": Options(defaults=_BEAM, choices={"transport": _TRANSPORTS}, erlang_names=True),
    "erlang": Options(
        defaults={**_BEAM, "mesh_only": False, "preset": None},
        choices={"preset": ("ejabberd",), "transport": _TRANSPORTS},
        erlang_names=True,
        takes=(*_CALLS, "fence"),
        instead={"preset": (*_CALLS, "fence", "mesh_only"), "disconnect": ("fence",)},
        other_driver="preset",
        # libcluster 3.5's own values, so that a configuration can be carried over as it is.
        own_way={
            "connect": ["net_kernel", "connect_node", []],
            "disconnect": ["erlang", "disconnect_node", []],
            "list_nodes": ["erlang", "nodes", ["connected"]],
        },
    ),
    "exec": Options(
        defaults={
            "down_path": None,
            "format": "lines",
            "parallel": 16,
            "path": None,
            "reversible": False,
            "timeout": 10.0,
            "transitive": False,
            "unsettled_path": None,
        },
        choices={"format": ("lines", "json")},
        takes=_CALLS,
    ),
}

TASKS = Options()
"""Task files in place of a driver. No topology names them with the option ``driver``."""
