# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of actions where no run but a test hands them to a driver."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Driver
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Done, Node, Outcome


async def problem_of(driver: Driver, action: Action, desired: Sequence[Node]) -> str | None:
    """Why one action, a stage of its own, is not done; None if it is."""
    outcomes: dict[Action, Outcome] = {}
    await driver.perform((action,), desired, outcomes.__setitem__)
    outcome = outcomes[action]
    return None if isinstance(outcome, Done) else outcome.reason
