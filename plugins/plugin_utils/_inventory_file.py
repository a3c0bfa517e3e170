# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and checks the topologies of an inventory file, before anything is discovered."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.template import trust_as_template
from ansible_collections.selfheal.cluster.plugins.module_utils._config.chosen import topology_spec_for
from ansible_collections.selfheal.cluster.plugins.module_utils._config.keys import DEFAULT_DRIVER, topology_spec
from ansible_collections.selfheal.cluster.plugins.module_utils._config.similar import did_you_mean
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import (
    check_known,
    check_own,
    check_taken,
    check_watchable,
    watch_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._options import CALLS
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies import registry as strategies
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import PluginError, secrets_in

FACTS_SPEC: dict[str, dict[str, Any]] = {
    key: {"type": "bool", "default": False} for key in ("reversible", "transitive")
}
"""The facts that a topology can declare for a cluster that task files read and change, as for driver ``exec``."""

_OF_THE_ROLE: dict[str, dict[str, Any]] = {
    "connect_tasks": {"type": "str"},
    "disconnect_tasks": {"type": "str"},
    "duration": {"type": "float"},
    "facts": {"type": "dict", "options": FACTS_SPEC},
    "full": {"type": "bool"},
    "interval": {"type": "str"},
    "list_nodes_tasks": {"type": "str"},
    "max_rounds": {"type": "int"},
    "on_join": {"type": "str"},
    "on_leave": {"type": "str"},
    "own_variables": {"type": "list", "elements": "str"},
    "watch": {"type": "str"},
}
_TASKS = ("list_nodes_tasks", "connect_tasks", "disconnect_tasks")
TOPOLOGY_KEYS: dict[str, dict[str, Any]] = {
    **{key: option for key, option in topology_spec({}, {}).items() if key != "topology"},
    **_OF_THE_ROLE,
}
"""The options of a topology in the file: those of the module ``membership``, and those that only the role has. What
``config`` and ``driver_config`` may have depends on the strategy and the driver."""
_OF_DRIVERS = ("driver", "driver_config", "policy", *CALLS)

_SWITCHES = ("fence", "mesh_only")
"""The booleans that do not go with some other option."""
_TEMPLATE = re.compile(r"\{[{%#]")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
# The path and the name are variables, not literals in the template, so that they are never evaluated.
# from_yaml does not know Ansible's own tags, which other values in the file may have.
_FROM_FILE = (
    r"{{ (lookup('ansible.builtin.file', topology_file)"
    r" | regex_replace('(?<=\s)!(vault|vault-encrypted|unsafe)(?=\s)', '')"
    r" | from_yaml).topologies[inventory_hostname].%s.%s }}"
)
_LOCAL: dict[str, Any] = {
    "ansible_connection": trust_as_template("local"),
    "ansible_python_interpreter": trust_as_template("{{ ansible_playbook_python }}"),
}
_SHOWS_THE_PROBLEM = "{{ undef(hint=topology_problem) }}"
TAKEN_NAMES = ("all", "ungrouped", "topologies", "localhost", "127.0.0.1", "::1")
"""Names that have another meaning for Ansible than a topology's host."""


def check_name(name: Any) -> None:
    """
    :raises PluginError: the name cannot be a host's name that --limit selects.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in TAKEN_NAMES:
        raise PluginError(
            f"topology {name!r}: a topology's name is text of letters, digits, '_', '-' and '.', and none of"
            f" {', '.join(TAKEN_NAMES)}"
        )


def check_keys(topology: str, options: Any) -> None:
    """Check the names of the options, and the values that are not templates. Templates are checked where they are used.

    :raises PluginError: the topology is not a dictionary, or has an option that topologies, the chosen strategy or the
        chosen driver do not have.
    """
    if not isinstance(options, Mapping):
        raise PluginError(f"topology {topology!r}: is a {type(options).__name__}, not a dictionary of options")
    _check_keys(topology, "", options, TOPOLOGY_KEYS)
    if "strategy" not in options:
        raise PluginError(f"topology {topology!r}: strategy: is required")
    try:
        _check_chosen(options, _literals(options))
    except OptionError as error:
        raise PluginError(f"topology {topology!r}: {error}") from None
    for key, option in {**topology_spec_for(options), **_OF_THE_ROLE}.items():
        if "options" in option and isinstance(options.get(key), Mapping):
            _check_keys(topology, f"{key}.", options[key], option["options"])


def _check_chosen(options: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """
    :param known: the options after :func:`_literals`.
    :raises OptionError: the strategy or the driver does not have an option.
    """
    strategy = known["strategy"]
    if strategy is not None:
        check_known("strategy", strategy, strategies.NAMES)
        check_own("config", strategy, strategies.options_of(strategy), _keys(options.get("config")))
        if known.get("watch") is not None and watch_of(known["watch"]):
            check_watchable(strategy)
    if any(options.get(key) for key in _TASKS):
        from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.tasks.options import OPTIONS

        check_taken("tasks in the place of a driver", OPTIONS, known)
    elif any(options.get(key) for key in _OF_DRIVERS):
        _check_driver(options, known)


def _check_driver(options: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    from ansible_collections.selfheal.cluster.plugins.module_utils._drivers import registry as drivers

    driver = DEFAULT_DRIVER if options.get("driver") is None else known["driver"]
    if driver is not None:
        check_known("driver", driver, drivers.NAMES)
        chosen = drivers.options_of(driver)
        check_own("driver_config", driver, chosen, _keys(options.get("driver_config")))
        check_taken(f"driver {driver!r}", chosen, known)


def _keys(given: Any) -> list[str]:
    return [str(key) for key, value in given.items() if value is not None] if isinstance(given, Mapping) else []


def _literals(value: Any, key: str = "") -> Any:
    """
    :returns: a copy with None in place of the values that Ansible resolves later: templates, and values from Vault.
    """
    if isinstance(value, Mapping):
        return {name: _literals(inner, name) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_literals(inner) for inner in value]
    if isinstance(value, (bool, int, float)) or (isinstance(value, str) and not _TEMPLATE.search(value)):
        return boolean(value, strict=False) if key in _SWITCHES else value
    return None


def _check_keys(topology: str, prefix: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for key in given:
        if key not in known:
            raise PluginError(f"topology {topology!r}: {prefix}{not_an_option(key, known, prefix)}")


def not_an_option(key: Any, known: Collection[str], prefix: str = "") -> str:
    """The message about an unknown key."""
    hint = did_you_mean(str(key), known, prefix)
    return f"{key}: is not an option (the options: {', '.join(sorted(known))}){hint}"


def check_one_file(topology: str, files: Sequence[str]) -> None:
    """
    :param files: the files that name the topology.
    :raises PluginError: there are two, and it is ambiguous which one counts.
    """
    if len(files) > 1:
        raise PluginError(
            f"topology {topology!r}: is in two files, {' and '.join(files)}: rename one of them or take it out"
        )


def check_top_level(given: Mapping[str, Any], known: Collection[str]) -> None:
    """
    :raises PluginError: the file has an option that the plugin does not have, or names no topology.
    """
    for key in given:
        if key not in known:
            raise PluginError(not_an_option(key, known))
    topologies = given.get("topologies")
    if not isinstance(topologies, Mapping):
        raise PluginError("topologies: is required, a dictionary from name to options")
    if not topologies:
        raise PluginError("topologies: is empty, name at least one")


def host_vars(
    path: str, topology: str, options: Mapping[str, Any], is_template: Callable[[Any], bool]
) -> dict[str, Any]:
    """The variables of the topology's host.

    Templates are passed on unresolved, so that a secret is only resolved when a task needs it. A secret in the clear is
    replaced by a template that reads it from the file, since inventories are printed and exported.
    """
    given = {key: value for key, value in options.items() if value is not None}
    variables = {**_LOCAL, "topology_directory": os.path.dirname(os.path.abspath(path))}
    for (option, key), value in secrets_in(topology_spec_for(given), given):
        if isinstance(value, (str, int, float)) and not is_template(value):
            given[option] = {**given[option], key: trust_as_template(_FROM_FILE % (option, key))}
            variables["topology_file"] = path
    return {**variables, **{f"topology_{key}": value for key, value in given.items()}}


def host_name(topology: str, node: str) -> str:
    """The name of a node's host.

    A colon separates patterns for Ansible, so that a pattern could not name a host with one. The same is true of ``[``
    and ``]``, which never occur in a node's name.
    """
    return f"{topology}.{node.replace(':', '-')}"


def problem_vars(problem: str) -> dict[str, Any]:
    """The variables of an invalid topology's host. Using it fails with the problem, not with a missing variable."""
    return {**_LOCAL, "topology_problem": problem, "topology_strategy": trust_as_template(_SHOWS_THE_PROBLEM)}
