# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all plugins of the control node share: from the user's options to a discovery, and errors without secrets."""

from __future__ import annotations

import json
from typing import Any, Callable, Iterator, Mapping, TypeVar

from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.selfheal.cluster.plugins.module_utils._config.chosen import discovery_spec_for
from ansible_collections.selfheal.cluster.plugins.module_utils._config.similar import unknown_options
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import ClusterError, MissingLibraryError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import FAILED, Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Source

Spec = Mapping[str, Mapping[str, Any]]
T = TypeVar("T")


class PluginError(Exception):
    """One message for the user, which names the topology and holds no secret."""


def checked(topology: str, spec: Spec, params: Mapping[str, Any]) -> dict[str, Any]:
    """Validate options as a module's argument spec does: types, choices, required and unknown options.

    :raises PluginError: the options do not fit the spec.
    """
    given = plain(params)
    result = ArgumentSpecValidator(spec).validate(given)
    if result.error_messages:
        hints = "".join(hint for _option, hint in unknown_options(spec, given))
        raise masked(topology, "; ".join(result.error_messages) + hints, params)
    valid: dict[str, Any] = result.validated_parameters
    return valid


def source_from(topology: str, params: Mapping[str, Any]) -> Source:
    """The source of one topology.

    :param params: ``strategy`` and ``config``, templated.
    :raises PluginError: an option is unknown, missing, or has a value that the strategy does not take.
    """
    valid = checked(topology, discovery_spec_for(params), {**params, "topology": topology})
    return _translated(topology, params, lambda: source_of(valid))


def discovery_from(source: Source) -> Discovery:
    """Ask the source.

    :raises PluginError: it could not be read.
    """
    params = {"strategy": source.strategy, "config": source.config}
    found = _translated(source.topology, params, lambda: discover(source))
    if found.status == FAILED:
        raise masked(source.topology, f"the discovery failed: {'; '.join(found.reasons)}", params)
    return found


def plain(value: Any) -> Any:
    """A copy without the marks that Ansible put on it, so that nothing in it is taken for a template later."""
    return json.loads(json.dumps(value, default=str))


def masked(topology: str, problem: str, params: Mapping[str, Any]) -> PluginError:
    """An error for the user, in which the secrets of ``params`` are masked."""
    secrets = {str(value) for _path, value in secrets_in(discovery_spec_for(params), params) if value not in (None, "")}
    return PluginError(remove_values(f"topology {str(topology)!r}: {problem}", secrets))


def secrets_in(
    spec: Spec, params: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The path and the value of each option that the spec says is a secret."""
    for key, option in spec.items():
        value = params.get(key)
        if value is not None and option.get("no_log"):
            yield (*path, key), value
        elif isinstance(value, Mapping) and "options" in option:
            yield from secrets_in(option["options"], value, (*path, key))


def without_secrets(params: Mapping[str, Any]) -> dict[str, Any]:
    """``strategy`` and ``config`` without the options that are secrets."""
    config = params.get("config")
    if isinstance(config, Mapping):
        secrets = {path[-1] for path, _value in secrets_in(discovery_spec_for(params), params)}
        config = {key: value for key, value in config.items() if key not in secrets}
    return {"strategy": params.get("strategy"), "config": config}


def _translated(topology: str, params: Mapping[str, Any], function: Callable[[], T]) -> T:
    """Call the function, and translate each error into a masked one for the user."""
    try:
        return function()
    except MissingLibraryError as error:
        problem = missing_required_lib(error.library)
    except ClusterError as error:
        problem = str(error)
    except Exception as error:  # one topology's failure must not hide the others
        problem = f"unexpected {type(error).__name__}: {error}"
    raise masked(topology, problem, params)
