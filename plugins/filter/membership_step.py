# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next step of the role converge, if task files read and change the members."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.selfheal.cluster.plugins.module_utils._config.policy import POLICY_SPEC, policy_of
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import check_taken
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.tasks.options import OPTIONS
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import ClusterError
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.declared import DeclaredFacts, rules_of
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import options_of
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology
from ansible_collections.selfheal.cluster.plugins.plugin_utils._inventory_file import FACTS_SPEC
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import (
    PluginError,
    checked,
    plain,
    source_from,
)
from ansible_collections.selfheal.cluster.plugins.plugin_utils._steps import next_step

_OPTIONS_SPEC = {
    "check_mode": {"type": "bool", "default": False},
    "facts": {"type": "dict", "default": {}, "apply_defaults": True, "options": FACTS_SPEC},
    "full": {"type": "bool", "default": False},
    "inspect": {"type": "bool", "default": False},
    "max_rounds": {"type": "int", "default": 5},
    "policy": {"type": "dict", "default": {}, "apply_defaults": True, "options": POLICY_SPEC},
}


def membership_step(
    log: Any, strategy: Any, config: Any = None, topology: str = "default", **options: Any
) -> dict[str, Any]:
    """See DOCUMENTATION in membership_step.yml."""
    try:
        source = source_from(topology, {"strategy": strategy, "config": config or {}})
        given = checked(topology, _OPTIONS_SPEC, options)
        rules = rules_of(DeclaredFacts(**given.pop("facts")))
        check_taken("tasks in the place of a driver", OPTIONS, given)
        policy = policy_of(given.pop("policy"), source.config, options_of(source.strategy).samples)
        step, warnings = next_step(plain(log), Topology(source, "tasks", {}, policy), rules, **given)
    except ClusterError as error:
        problem = f"topology {topology!r}: {error}"
    except (PluginError, ValueError) as error:
        problem = str(error)
    else:
        for warning in warnings:
            Display().warning(warning)
        return dict(step)
    raise AnsibleFilterError(f"selfheal.cluster.membership_step: {problem}")


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"membership_step": membership_step}
