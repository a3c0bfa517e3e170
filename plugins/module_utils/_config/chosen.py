# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument spec with the options of the chosen strategy and driver alone, for those who need no others.

Loading the options of all of them takes longer than reading a small inventory.
"""

from __future__ import annotations

from typing import Any, Callable, Collection, Mapping, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._config.keys import (
    DEFAULT_DRIVER,
    discovery_spec,
    topology_spec,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._options import Options, Spec
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies import registry as strategies


def discovery_spec_for(params: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The spec for these ``strategy`` and ``config``.

    It has the options of all strategies where ``config`` has others than those of the chosen one, or where it is not
    known which one is chosen.
    """
    return discovery_spec(_config_spec(params))


def topology_spec_for(params: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The same with ``driver`` and ``driver_config``."""
    return topology_spec(_config_spec(params), _driver_config_spec(params))


def _config_spec(params: Mapping[str, Any]) -> Spec:
    given = params.get("config")
    own = _spec_of(params.get("strategy"), given, strategies.NAMES, strategies.options_of) if given else {}
    if own is not None:
        return own
    from ansible_collections.selfheal.cluster.plugins.module_utils._config.schema import CONFIG_SPEC

    return CONFIG_SPEC


def _driver_config_spec(params: Mapping[str, Any]) -> Spec:
    given = params.get("driver_config")
    if not given:
        return {}
    from ansible_collections.selfheal.cluster.plugins.module_utils._drivers import registry as drivers

    own = _spec_of(params.get("driver") or DEFAULT_DRIVER, given, drivers.NAMES, drivers.options_of)
    if own is not None:
        return own
    from ansible_collections.selfheal.cluster.plugins.module_utils._config.schema import DRIVER_CONFIG_SPEC

    return DRIVER_CONFIG_SPEC


def _spec_of(chosen: Any, given: Any, known: Collection[str], options_of: Callable[[str], Options]) -> Optional[Spec]:
    """The spec of the chosen one's options, None if it does not have all that are given."""
    if chosen not in known or not isinstance(given, Mapping):
        return None
    spec = options_of(chosen).spec
    return spec if given.keys() <= spec.keys() else None
