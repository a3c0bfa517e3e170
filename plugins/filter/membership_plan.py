# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure planner, for people who bring their own connect and prune tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.selfheal.cluster.plugins.module_utils._config.policy import POLICY_SPEC, policy_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import ClusterError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    FAILED,
    KEEP,
    Discovery,
    Observation,
    Plan,
    Policy,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.declared import DeclaredFacts, rules_of
from ansible_collections.selfheal.cluster.plugins.module_utils._run.listing import discovery_of
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import PluginError, checked

_FACTS_SPEC = {fact.name: {"type": "bool", "default": False} for fact in fields(DeclaredFacts)}


def membership_plan(
    desired: Any,
    views: Any = None,
    unreachable: Any = None,
    policy: Any = None,
    facts: Any = None,
    node_basename: str | None = None,
    include_not_ready: bool = False,
    authoritative: bool = True,
    confirmed: Any = 1,
    topology: str = "default",
    down: Any = None,
    holds: Any = None,
) -> dict[str, Any]:
    """See DOCUMENTATION in membership_plan.yml."""
    try:
        discovery = discovery_of(desired, authoritative)
        config = {"node_basename": node_basename, "include_not_ready": include_not_ready}
        # The strategy is not known here. Only those over DNS have answers, and most of these may be samples.
        samples = bool(discovery.answers)
        checked_policy = policy_of(checked(topology, POLICY_SPEC, _mapping("policy", policy)), config, samples)
        return _result(
            plan(
                _not_failed(discovery),
                _observation(
                    _lists("views", views),
                    _lists("down", down),
                    _lists("holds", holds),
                    _mapping("unreachable", unreachable),
                ),
                checked_policy,
                rules_of(DeclaredFacts(**checked(topology, _FACTS_SPEC, _mapping("facts", facts)))),
                _earlier(discovery, checked_policy, confirmed),
            )
        )
    except ClusterError as error:
        problem = f"topology {topology!r}: {error}"
    except (PluginError, ValueError) as error:
        problem = str(error)
    raise AnsibleFilterError(f"selfheal.cluster.membership_plan: {problem}")


def _not_failed(discovery: Discovery) -> Discovery:
    if discovery.status == FAILED:
        raise ValueError(f"nothing is planned from a failed discovery: {'; '.join(discovery.reasons)}")
    return discovery


def _observation(
    views: Mapping[str, frozenset[str]],
    down: Mapping[str, frozenset[str]],
    holds: Mapping[str, frozenset[str]],
    unreachable: Mapping[str, Any],
) -> Observation:
    for argument, given in (("down", down), ("holds", holds)):
        if given.keys() - views.keys():
            raise ValueError(f"{argument} is said of {min(given.keys() - views.keys())!r}, which is not in views")
    return Observation(
        {
            observer: View(
                observer,
                (peers | down.get(observer, frozenset())) - {observer},
                down=down.get(observer, frozenset()) - {observer},
                holds=holds.get(observer, frozenset()),
            )
            for observer, peers in views.items()
        },
        {str(name): Unreachable(str(reason)) for name, reason in unreachable.items()},
    )


def _lists(argument: str, value: Any) -> dict[str, frozenset[str]]:
    """A list of names for each observer."""
    given = _mapping(argument, value)
    for observer, names in given.items():
        if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
            raise ValueError(f"{argument}[{observer!r}] is not a list of names")
    return {str(observer): frozenset(names) for observer, names in given.items()}


def _earlier(discovery: Discovery, policy: Policy, confirmed: Any) -> tuple[Discovery, ...]:
    """The earlier discoveries. ``True`` stands for as many as the policy demands."""
    count = (policy.confirmations if confirmed else 1) if isinstance(confirmed, bool) else confirmed
    if not isinstance(count, int) or count < 1:
        raise ValueError(f"confirmed is {confirmed!r}, which is neither true or false nor a number of discoveries")
    return (discovery,) * min(count - 1, policy.confirmations)


def _mapping(argument: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"{argument} is not a dictionary")
    return value


def _result(planned: Plan) -> dict[str, Any]:
    def lines(*keys: str, of: Any) -> list[dict[str, Any]]:
        return [{key: getattr(action, key) for key in keys} for action in of]

    return {
        "connect": lines("observer", "node", "reason", "detail", of=planned.connects),
        "prune": lines("observer", "node", "reason", "detail", of=planned.prunes),
        "keep": lines("node", "reason", "detail", of=planned.of(KEEP)),
        "refused": [
            {"node": action.node, "action": action.refused, "reason": action.reason, "detail": action.detail}
            for action in planned.refusals
        ],
        "islands": [list(island) for island in planned.islands],
        "converged": planned.converged,
    }


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"membership_plan": membership_plan}
