# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one validator: options that passed the argument spec become a Topology, or an error that names the option."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._config.schema import (
    DRIVERS,
    STRATEGIES,
    Options,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._config.similar import did_you_mean
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import TopologyError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Policy

_BASENAME = re.compile(r"[A-Za-z0-9_-]+")
_LABEL_KEY = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_NODE_NAME = re.compile(r"[A-Za-z0-9_-]+@[A-Za-z0-9_.:%-]*[A-Za-z0-9_:][A-Za-z0-9_.:%-]*")
_OTHER_NAME = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,254}")
_MAX_PRUNE = re.compile(r"[0-9]{1,9}|(?:100|[0-9]{1,2})%")
_PORTS = ("port", "epmd_port")
_POSITIVE = ("timeout", "page_size", "parallel", "listen")
_A_DAY = 86400
_MISSING_LIVE = 300.0
"""Seconds for which a live member has to be missing from a source that may answer with samples."""
_TAKEN = {"connect": "connect", "disconnect": "disconnect", "list_nodes": "list_nodes", "fence": "policy.fence"}
"""The options that not every driver supports."""


@dataclass(frozen=True)
class Source:
    """Where the desired membership comes from: a strategy and its whole config, defaults filled in."""

    topology: str
    strategy: str
    config: Mapping[str, Any]
    authoritative: bool


@dataclass(frozen=True)
class Topology:
    """One cluster to keep whole. The driver decides which values ``connect``, ``disconnect`` and ``list_nodes`` may
    have; None is its own way."""

    source: Source
    driver: str
    driver_config: Mapping[str, Any]
    policy: Policy
    connect: Optional[Sequence[Any]] = None
    disconnect: Optional[Sequence[Any]] = None
    list_nodes: Optional[Sequence[Any]] = None

    @property
    def name(self) -> str:
        return self.source.topology


def source_of(params: Mapping[str, Any]) -> Source:
    """The discovery half of a topology.

    :param params: ``topology``, ``strategy`` and ``config``, as the argument spec returns them.
    :raises TopologyError: an option is unknown, missing, or has a value that the strategy doesn't take.
    """
    topology = params.get("topology") or "default"
    strategy = params["strategy"]
    options = choose(topology, "strategy", strategy, STRATEGIES)
    config = _filled_in(topology, "config", strategy, options, params.get("config") or {})
    _check_values(topology, "config", config)
    if strategy == "kubernetes":
        config = _kubernetes_config(topology, config)
    return Source(topology, strategy, config, options.authoritative)


def topology_of(params: Mapping[str, Any]) -> Topology:
    """The whole topology.

    :param params: what the argument spec returns.
    :raises TopologyError: see :func:`source_of`.
    """
    source = source_of(params)
    driver = params.get("driver") or "erlang"
    options = choose(source.topology, "driver", driver, DRIVERS)
    driver_config = _filled_in(source.topology, "driver_config", driver, options, params.get("driver_config") or {})
    check_taken(source.topology, f"driver {driver!r}", options, params)
    _check_values(source.topology, "driver_config", driver_config)
    if options.erlang_names:
        _require_erlang_names(source, driver)
    if driver_config.get("transport") == "port_forward" and source.strategy != "kubernetes":
        raise TopologyError(
            source.topology,
            "driver_config.transport",
            "'port_forward' goes through the API server that strategy 'kubernetes' asks, and the strategy is "
            f"{source.strategy!r}: use strategy 'kubernetes', or transport 'direct'",
        )
    driver, driver_config = _meant(options, driver, driver_config)
    return Topology(
        source,
        driver,
        driver_config,
        policy_of(source.topology, params.get("policy") or {}, source.config, STRATEGIES[source.strategy].samples),
        **{key: _unless_own_way(options, key, params.get(key)) for key in ("connect", "disconnect", "list_nodes")},
    )


def _meant(options: Options, driver: str, driver_config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The driver that the topology means and the options that it has, where an option of the given one names it."""
    meant = driver_config[options.other_driver] if options.other_driver else None
    if not meant:
        return driver, driver_config
    return meant, {key: value for key, value in driver_config.items() if key in DRIVERS[meant].names}


def check_taken(topology: str, whose: str, options: Options, params: Mapping[str, Any]) -> None:
    """Check that the topology sets no option of those in :attr:`Options.takes` that the driver would ignore.

    :param whose: the driver, for messages.
    :param params: ``connect``, ``disconnect``, ``list_nodes``, ``policy`` and ``driver_config``, if they are known.
    :raises TopologyError: it sets such an option.
    """
    for word in _TAKEN:
        if word not in options.takes and _value_at(word, params) is not None:
            choices = ", ".join(map(_path, options.takes)) or "none of its kind"
            raise TopologyError(topology, _path(word), f"is not for {whose} (which takes {choices}): leave it out")
    for reason, without in options.instead.items():
        value = _unless_own_way(options, reason, _value_at(reason, params))
        for word in without if value is not None else ():
            if _value_at(word, params) is not None:
                given = f"{_path(reason)} {value!r}" if isinstance(value, str) else _path(reason)
                raise TopologyError(topology, _path(word), f"does not go with {given}: leave one of them out")


def check_watchable(topology: str, strategy: str) -> None:
    """
    :raises TopologyError: the strategy cannot be watched.
    """
    if not STRATEGIES[strategy].watchable:
        can = " and ".join(repr(name) for name, options in STRATEGIES.items() if options.watchable)
        raise TopologyError(
            topology,
            "watch",
            f"strategy {strategy!r} cannot be watched, only {can} can: set watch to auto or leave it out, and"
            " interval to how often the source is to be asked",
        )


def _value_at(word: str, params: Mapping[str, Any]) -> Any:
    """The value of the option, None if it is not set or has its default."""
    found: Any = params
    for key in _path(word).split("."):
        found = (found or {}).get(key)
    return None if found is False else found


def _path(word: str) -> str:
    return _TAKEN.get(word) or f"driver_config.{word}"


def _unless_own_way(options: Options, key: str, value: Any) -> Any:
    return None if key in options.own_way and value == options.own_way[key] else value


def policy_of(topology: str, given: Mapping[str, Any], config: Mapping[str, Any], samples: bool = False) -> Policy:
    """The policy; without a ``scope`` of its own it is ``<node_basename>@*``, that of the nodes with a
    ``node_basename_label``, and empty where there is no basename.

    :param config: the strategy's, of which these and ``include_not_ready`` matter here.
    :param samples: whether the source may answer with samples, so that ``absent_for`` has a default for live members.
    :raises TopologyError: a value is out of its range.
    """
    values = {key: value for key, value in given.items() if value is not None}
    max_prune = str(values.get("max_prune", Policy.max_prune)).strip()
    if not _MAX_PRUNE.fullmatch(max_prune):
        raise TopologyError(
            topology, "policy.max_prune", f"{max_prune!r} is neither a count nor a percentage such as '34%'"
        )
    for key, least, most in (
        ("absent_for", 0, 7 * _A_DAY),
        ("confirmations", 1, 100),
        ("confirmation_interval", 0, _A_DAY),
        ("min_nodes", 0, 10**6),
    ):
        if not least <= values.get(key, least) <= most:
            raise TopologyError(topology, f"policy.{key}", f"{values[key]!r} is not between {least} and {most}")
    scope = values.get("scope")
    of_nodes = scope is None and bool(config.get("node_basename_label"))
    if scope is None:
        scope = [f"{config['node_basename']}@*"] if config.get("node_basename") else []
    return Policy(
        **{**values, "max_prune": max_prune, "scope": tuple(scope)},
        include_not_ready=bool(config.get("include_not_ready")),
        scope_of_nodes=of_nodes,
        absent_for_live=values.get("absent_for", _MISSING_LIVE if samples else 0.0),
    )


def check_node_name(topology: str, option: str, name: Any) -> str:
    """
    :returns: the name, when it is ``<base>@<host>`` and fits the 255 characters of an Erlang atom.
    :raises TopologyError: it is not.
    """
    if not isinstance(name, str) or len(name) > 255 or not _NODE_NAME.fullmatch(name):
        raise TopologyError(topology, option, f"{name!r} is not a node name such as 'app@10.0.0.1'")
    return name


def is_basename(text: Any) -> bool:
    """Whether it can be the part of a node's name before the ``@``."""
    return isinstance(text, str) and _BASENAME.fullmatch(text) is not None


def name_of(topology: str, option: str, basename: Optional[str], host: str) -> str:
    """The name of a node that a strategy found.

    :param basename: the part before the ``@`` from the topology; None if the cluster knows its nodes by ``host`` alone,
        as systems other than Erlang's do.
    :raises TopologyError: it is not a valid name.
    """
    return check_name(topology, option, f"{basename}@{host}" if basename else host)


def check_name(topology: str, option: str, name: Any) -> str:
    """
    :returns: the name, when it is one: an Erlang node's where it has an ``@``, else up to 255 printable characters.
    :raises TopologyError: it is not.
    """
    if not isinstance(name, str) or "@" in name:
        return check_node_name(topology, option, name)
    if not _OTHER_NAME.fullmatch(name):
        raise TopologyError(
            topology,
            option,
            f"{name!r} is not a name: up to 255 letters, digits and characters of _.:%- that begin with none of .%-",
        )
    return name


def choose(topology: str, option: str, value: str, known: Mapping[str, Options]) -> Options:
    """The declared options of the strategy or driver that ``value`` names.

    :raises TopologyError: there is none of that name.
    """
    if value not in known:
        hint = did_you_mean(str(value), known)
        raise TopologyError(topology, option, f"{value!r} is unknown, choose one of {', '.join(sorted(known))}{hint}")
    return known[value]


def check_own(topology: str, option: str, chosen: str, options: Options, given: Iterable[str]) -> None:
    """
    :param option: ``config`` or ``driver_config``, whose keys are ``given``.
    :raises TopologyError: the chosen strategy or driver does not have one of these options.
    """
    for key in sorted(given):
        if key not in options.names:
            choices = ", ".join(sorted(options.names)) or "none"
            problem = f"is not an option of {chosen!r} (its options: {choices})"
            hint = did_you_mean(key, options.names, f"{option}.")
            raise TopologyError(topology, f"{option}.{key}", problem + hint)


def _filled_in(topology: str, option: str, chosen: str, options: Options, given: Mapping[str, Any]) -> dict[str, Any]:
    values = {key: value for key, value in given.items() if value is not None}
    check_own(topology, option, chosen, options, values)
    for key in options.required:
        if key not in values:
            raise TopologyError(topology, f"{option}.{key}", f"is required by {chosen!r}")
    for key, allowed in options.choices.items():
        chosen_values = values.get(key, [])
        for value in chosen_values if isinstance(chosen_values, list) else [chosen_values]:
            if value not in allowed:
                raise TopologyError(topology, f"{option}.{key}", f"{value!r} is not one of {', '.join(allowed)}")
    return {**options.defaults, **values}


def _check_values(topology: str, option: str, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if value is None:
            continue
        if key != "nodes" and (value == "" or value == []):
            raise TopologyError(topology, f"{option}.{key}", "is empty")
        if key in _PORTS and not 0 < value < 65536:
            raise TopologyError(topology, f"{option}.{key}", f"{value!r} is not a port")
        if key in _POSITIVE and not 0 < value <= _A_DAY:
            raise TopologyError(topology, f"{option}.{key}", f"{value!r} is not more than 0 and up to {_A_DAY}")
        if key == "node_basename" and not is_basename(value):
            raise TopologyError(topology, f"{option}.{key}", f"{value!r} is not the part of a node name before its '@'")
        if key == "node_name":
            check_node_name(topology, f"{option}.{key}", value)


def _kubernetes_config(topology: str, config: dict[str, Any]) -> dict[str, Any]:
    if config["namespace"] and config["namespaces"]:
        raise TopologyError(topology, "config.namespaces", "give namespace or namespaces, not both")
    label = config["node_basename_label"]
    if label and config["node_basename"]:
        raise TopologyError(
            topology, "config.node_basename_label", "give node_basename or node_basename_label, not both"
        )
    if label and not _LABEL_KEY.fullmatch(label):
        raise TopologyError(topology, "config.node_basename_label", f"{label!r} is not the key of a label")
    if config["mode"] == "hostname" and config["lookup"] == "pods" and not config["service_name"]:
        raise TopologyError(topology, "config.service_name", "is required by mode 'hostname' with lookup 'pods'")
    if config["include_not_ready"] is None:
        config["include_not_ready"] = config["lookup"] == "pods"
    return config


def _require_erlang_names(source: Source, driver: str) -> None:
    config = source.config
    if "node_basename" in config and not (config["node_basename"] or config.get("node_basename_label")):
        raise TopologyError(source.topology, "config.node_basename", f"is required by driver {driver!r}")
    for index, entry in enumerate(config.get("nodes") or ()):
        name = entry.get("name") if isinstance(entry, Mapping) else entry
        check_node_name(source.topology, f"config.nodes[{index}]", name)
