# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument spec of a topology, with whichever options of strategies and drivers."""

from __future__ import annotations

from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._config.policy import POLICY_SPEC
from ansible_collections.selfheal.cluster.plugins.module_utils._options import CALLS, Spec

DEFAULT_DRIVER = "erlang"


def discovery_spec(config: Spec) -> dict[str, dict[str, Any]]:
    """The spec of what a discovery needs.

    :param config: the spec of ``config``.
    """
    return {
        "topology": {"type": "str", "default": "default"},
        "strategy": {"type": "str", "required": True},
        "config": {"type": "dict", "default": {}, "options": config},
    }


def topology_spec(config: Spec, driver_config: Spec) -> dict[str, dict[str, Any]]:
    """The spec of a whole topology."""
    return {
        **discovery_spec(config),
        "driver": {"type": "str", "default": DEFAULT_DRIVER},
        "driver_config": {"type": "dict", "default": {}, "options": driver_config},
        **{call: {"type": "list", "elements": "raw"} for call in CALLS},
        "policy": {"type": "dict", "default": {}, "apply_defaults": True, "options": POLICY_SPEC},
    }
