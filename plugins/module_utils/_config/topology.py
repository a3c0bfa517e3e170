# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one validator: options that passed the argument spec become a Topology, or an error that names the option."""

from __future__ import annotations

from typing import Any, Collection, Iterable, Mapping, Optional

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.selfheal.cluster.plugins.module_utils._config.keys import DEFAULT_DRIVER
from ansible_collections.selfheal.cluster.plugins.module_utils._config.policy import policy_of
from ansible_collections.selfheal.cluster.plugins.module_utils._config.similar import did_you_mean
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._names import check_node_name
from ansible_collections.selfheal.cluster.plugins.module_utils._options import CALLS, FENCE, DriverOptions, Options
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies import registry as strategies
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Source, Topology

AUTO = "auto"
_TAKEN = {**{call: call for call in CALLS}, FENCE: f"policy.{FENCE}"}
"""Where the options are that not every driver takes."""


def source_of(params: Mapping[str, Any]) -> Source:
    """The discovery half of a topology.

    :param params: ``topology``, ``strategy`` and ``config``, as the argument spec returns them.
    :raises OptionError: an option is unknown, missing, or has a value that the strategy doesn't take.
    """
    strategy = params["strategy"]
    check_known("strategy", strategy, strategies.NAMES)
    options = strategies.options_of(strategy)
    config = _filled_in("config", strategy, options, params.get("config") or {})
    _check_values("config", options, config)
    return Source(params.get("topology") or "default", strategy, options.together(config), options.authoritative)


def topology_of(params: Mapping[str, Any]) -> Topology:
    """The whole topology.

    :param params: what the argument spec returns.
    :raises OptionError: see :func:`source_of`.
    """
    from ansible_collections.selfheal.cluster.plugins.module_utils._drivers import registry as drivers

    source = source_of(params)
    own = strategies.options_of(source.strategy)
    driver = params.get("driver") or DEFAULT_DRIVER
    check_known("driver", driver, drivers.NAMES)
    options = drivers.options_of(driver)
    driver_config = _driver_config(driver, options, params)
    if options.erlang_names:
        _require_erlang_names(source, driver)
    options.check_source(driver_config, source.strategy, own)
    meant = driver_config[options.other_driver] if options.other_driver else None
    return Topology(
        source,
        meant or driver,
        drivers.options_of(meant).own(driver_config) if meant else driver_config,
        policy_of(params.get("policy") or {}, source.config, own.samples),
        **{call: _unless_own_way(options, call, params.get(call)) for call in CALLS},
    )


def check_known(option: str, value: Any, known: Collection[str]) -> None:
    """
    :raises OptionError: there is no strategy, or no driver, of that name.
    """
    if value not in known:
        hint = did_you_mean(str(value), known)
        raise OptionError(option, f"{value!r} is unknown, choose one of {', '.join(sorted(known))}{hint}")


def check_own(option: str, chosen: str, options: Options, given: Iterable[str]) -> None:
    """
    :param option: ``config`` or ``driver_config``, whose keys are ``given``.
    :raises OptionError: the chosen strategy or driver does not have one of these options.
    """
    for key in sorted(given):
        if key not in options.names:
            choices = ", ".join(sorted(options.names)) or "none"
            problem = f"is not an option of {chosen!r} (its options: {choices})"
            hint = did_you_mean(key, options.names, f"{option}.")
            raise OptionError(f"{option}.{key}", problem + hint)


def check_taken(whose: str, options: DriverOptions, params: Mapping[str, Any]) -> None:
    """Check that the topology sets no option of those in :attr:`DriverOptions.takes` that the driver would ignore.

    :param whose: the driver, for messages.
    :param params: ``connect``, ``disconnect``, ``list_nodes``, ``policy`` and ``driver_config``, if they are known.
    :raises OptionError: it sets such an option.
    """
    for word in _TAKEN:
        if word not in options.takes and _value_at(word, params) is not None:
            choices = ", ".join(map(_path, options.takes)) or "none of its kind"
            raise OptionError(_path(word), f"is not for {whose} (which takes {choices}): leave it out")
    for reason, without in options.instead.items():
        value = _unless_own_way(options, reason, _value_at(reason, params))
        for word in without if value is not None else ():
            if _value_at(word, params) is not None:
                given = f"{_path(reason)} {value!r}" if isinstance(value, str) else _path(reason)
                raise OptionError(_path(word), f"does not go with {given}: leave one of them out")


def watch_of(given: Any) -> Optional[bool]:
    """
    :returns: None for ``auto``, which watches where the source can be watched.
    :raises OptionError: it is neither ``auto`` nor a boolean as Ansible writes it.
    """
    if str(given).strip().lower() == AUTO:
        return None
    try:
        return bool(boolean(given))
    except TypeError:
        raise OptionError("watch", f"{given!r} is none of '{AUTO}', true and false") from None


def check_watchable(strategy: str) -> None:
    """
    :raises OptionError: the strategy cannot be watched.
    """
    if not strategies.options_of(strategy).watchable:
        can = " and ".join(repr(name) for name in strategies.NAMES if strategies.options_of(name).watchable)
        raise OptionError(
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


def _unless_own_way(options: DriverOptions, key: str, value: Any) -> Any:
    return None if key in options.own_way and value == options.own_way[key] else value


def _driver_config(driver: str, options: DriverOptions, params: Mapping[str, Any]) -> dict[str, Any]:
    values = _filled_in("driver_config", driver, options, params.get("driver_config") or {})
    check_taken(f"driver {driver!r}", options, params)
    _check_values("driver_config", options, values)
    return values


def _filled_in(path: str, chosen: str, options: Options, given: Mapping[str, Any]) -> dict[str, Any]:
    values = {key: value for key, value in given.items() if value is not None}
    check_own(path, chosen, options, values)
    for key, option in options.options.items():
        if option.required and key not in values:
            raise OptionError(f"{path}.{key}", f"is required by {chosen!r}")
    for key, option in options.options.items():
        chosen_values = values.get(key, []) if option.choices else []
        for value in chosen_values if isinstance(chosen_values, list) else [chosen_values]:
            if value not in option.choices:
                raise OptionError(f"{path}.{key}", f"{value!r} is not one of {', '.join(option.choices)}")
    return {key: values.get(key, option.default) for key, option in options.options.items()}


def _check_values(path: str, options: Options, values: Mapping[str, Any]) -> None:
    for key, option in options.options.items():
        value = values[key]
        if value is None:
            continue
        if not option.may_be_empty and (value == "" or value == []):
            raise OptionError(f"{path}.{key}", "is empty")
        option.check(f"{path}.{key}", value)


def _require_erlang_names(source: Source, driver: str) -> None:
    config = source.config
    if "node_basename" in config and not (config["node_basename"] or config.get("node_basename_label")):
        raise OptionError("config.node_basename", f"is required by driver {driver!r}")
    for index, entry in enumerate(config.get("nodes") or ()):
        name = entry.get("name") if isinstance(entry, Mapping) else entry
        check_node_name(f"config.nodes[{index}]", name)
