# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory file says of its topologies, before anything is discovered."""

from __future__ import annotations

import re
from typing import Any, Callable, Mapping

from ansible.template import trust_as_template
from ansible_collections.selfheal.cluster.plugins.module_utils._schema import TOPOLOGY_SPEC
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import PluginError, secrets_in

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
# The path and the name are variables and no literals in the template, so that whatever they hold is only ever data.
# from_yaml knows none of Ansible's own tags, which other values in the file may have.
_FROM_FILE = (
    r"{{ (lookup('ansible.builtin.file', topology_file)"
    r" | regex_replace('(?<=\s)!(vault|vault-encrypted|unsafe)(?=\s)', '')"
    r" | from_yaml).topologies[inventory_hostname].%s.%s }}"
)
_TAKEN_NAMES = ("all", "ungrouped", "topologies", "localhost")


def check_name(name: Any) -> None:
    """
    :raises PluginError: the name cannot be that of a host that --limit picks.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _TAKEN_NAMES:
        raise PluginError(
            f"topology {name!r}: a topology's name is text of letters, digits, '_', '-' and '.', and none of"
            f" {', '.join(_TAKEN_NAMES)}"
        )


def check_keys(topology: str, options: Any) -> None:
    """Only the names of the options: their values may be templates, which are the business of whoever uses them.

    :raises PluginError: the topology is no dictionary, or has an option that no topology has.
    """
    if not isinstance(options, Mapping):
        raise PluginError(f"topology {topology!r}: is a {type(options).__name__}, not a dictionary of options")
    if "strategy" not in options:
        raise PluginError(f"topology {topology!r}: strategy: is required")
    known = {key: option for key, option in TOPOLOGY_SPEC.items() if key != "topology"}
    _check_known(topology, "", options, known)
    for key, option in known.items():
        if "options" in option and isinstance(options.get(key), Mapping):
            _check_known(topology, f"{key}.", options[key], option["options"])


def _check_known(topology: str, prefix: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for key in given:
        if key not in known:
            raise PluginError(
                f"topology {topology!r}: {prefix}{key}: is not an option (the options: {', '.join(sorted(known))})"
            )


def host_vars(
    path: str, topology: str, options: Mapping[str, Any], is_template: Callable[[Any], bool]
) -> dict[str, Any]:
    """The variables of the topology's host.

    Templates are handed on as they are, so that a secret stays one until a task needs it. A secret that stands in the
    file in the clear is replaced by a template that reads it from there, since inventories are printed and exported.
    """
    given = {key: value for key, value in options.items() if value is not None}
    variables: dict[str, Any] = {
        "ansible_connection": trust_as_template("local"),
        "ansible_python_interpreter": trust_as_template("{{ ansible_playbook_python }}"),
    }
    for (option, key), value in secrets_in(TOPOLOGY_SPEC, given):
        if isinstance(value, (str, int, float)) and not is_template(value):
            given[option] = {**given[option], key: trust_as_template(_FROM_FILE % (option, key))}
            variables["topology_file"] = path
    return {**variables, **{f"topology_{key}": value for key, value in given.items()}}
