# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan would make of the views, for check mode's diff."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._model import DriverFacts, Observation, Plan
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.kinds import rules_of


def predict(plan: Plan, observation: Observation, facts: DriverFacts) -> Observation:
    """The views after every connect and prune of the plan has worked. Who was pruned is no longer asked."""
    return rules_of(facts).predict(plan, observation)
