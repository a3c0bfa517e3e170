# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The static argument spec of the modules: the options of all strategies and all drivers.

So Ansible checks each type and masks each secret before any code of ours runs, whichever strategy is chosen. It holds
no defaults of ``config`` and ``driver_config``: those differ from one strategy to the next.
"""

from __future__ import annotations

from typing import Any, Iterable

from ansible_collections.selfheal.cluster.plugins.module_utils._config.keys import discovery_spec, topology_spec
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers import registry as drivers
from ansible_collections.selfheal.cluster.plugins.module_utils._options import Options
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies import registry as strategies


def merged(rooms: Iterable[Options]) -> dict[str, dict[str, Any]]:
    """The spec of all their options.

    :raises ValueError: two of them give an option of one name different types, or only one says that it is a secret.
    """
    spec: dict[str, dict[str, Any]] = {}
    for options in rooms:
        for name, option in options.spec.items():
            if spec.setdefault(name, option) != option:
                raise ValueError(f"option {name!r} is declared as {spec[name]} and as {option}")
    return {name: spec[name] for name in sorted(spec)}


CONFIG_SPEC = merged(map(strategies.options_of, strategies.NAMES))
DRIVER_CONFIG_SPEC = merged(map(drivers.options_of, drivers.NAMES))
DISCOVERY_SPEC = discovery_spec(CONFIG_SPEC)
TOPOLOGY_SPEC = topology_spec(CONFIG_SPEC, DRIVER_CONFIG_SPEC)
