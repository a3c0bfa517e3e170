# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded plans are what the planner makes today."""

from __future__ import annotations

import json

from . import recorded


def test_the_planner_makes_the_plans_that_are_recorded() -> None:
    records = recorded.read()
    assert len(records) == recorded.COUNT
    changed = {
        number: (record["situation"], record["plan"], now)
        for number, record in enumerate(records)
        if (now := json.loads(json.dumps(recorded.plan_of(record["situation"])))) != record["plan"]
    }
    assert not changed, f"{len(changed)} of {recorded.COUNT}, the first: {next(iter(changed.items()))}"


def test_the_recorded_plans_hold_every_kind_of_decision() -> None:
    """So that they can show a change of each."""
    actions = [action for record in recorded.read() for action in record["plan"]["actions"]]
    assert {action[0] for action in actions} == {"connect", "prune", "keep", "refuse"}
    reasons = {action[2] for action in actions}
    assert reasons >= {
        "empty", "island", "max_prune", "min_nodes", "missing", "no_answer", "no_scope", "not_desired", "not_ready",
        "not_yet", "out_of_scope", "partial", "prune_live", "prune_off", "rejoin", "samples", "split", "still_running",
        "terminating", "unauthoritative", "unconfirmed", "unsteady",
    }  # fmt: skip
    assert any(action[5] for action in actions)
