# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members that others list and report unreachable: they are listed, and linked with nobody."""

from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Observation, Unreachable, View
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.transitive import Transitive
from ansible_collections.selfheal.cluster.plugins.module_utils._run.picture import picture

from .plans import AT_ONCE, IRREVERSIBLE, discovered, name, names

GOSSIP = Transitive(reversible=False)


def seen(**down):
    """Views of 1 to 3, which list 1 to 4; ``down`` says whom the node behind the letter n reports unreachable."""
    views = {}
    for number in (1, 2, 3):
        unreachable = names(*down.get(f"n{number}", ()))
        views[name(number)] = View(name(number), names(1, 2, 3, 4) - {name(number)}, down=unreachable)
    return Observation(views, {name(4): Unreachable("gone")})


ALL_SAY_4_IS_DOWN = seen(n1=(4,), n2=(4,), n3=(4,))


def verdicts(found, kind):
    return {(action.observer, action.node, action.reason) for action in found.of(kind)}


@pytest.mark.parametrize("rules", [GOSSIP, IRREVERSIBLE])
def test_one_that_all_report_unreachable_goes_although_live_ones_may_not(rules) -> None:
    found = plan(discovered(1, 2, 3), ALL_SAY_4_IS_DOWN, AT_ONCE, rules)
    assert verdicts(found, "prune") == {(name(n), name(4), "not_desired") for n in (1, 2, 3)}


def test_one_that_somebody_still_counts_as_alive_stays() -> None:
    found = plan(discovered(1, 2, 3), seen(n1=(4,), n2=(4,)), AT_ONCE, GOSSIP)
    assert verdicts(found, "refuse") == {(None, name(4), "prune_live")}


def test_one_that_answers_stays_whatever_the_others_say() -> None:
    answering = {**ALL_SAY_4_IS_DOWN.views, name(4): View(name(4), names(1, 2, 3))}
    found = plan(discovered(1, 2, 3), Observation(answering), AT_ONCE, GOSSIP)
    assert verdicts(found, "refuse") == {(None, name(4), "prune_live")}


def test_a_desired_one_is_connected_again_and_never_pruned() -> None:
    found = plan(discovered(1, 2, 3, 4), ALL_SAY_4_IS_DOWN, AT_ONCE, GOSSIP)
    assert found.islands == ((name(1), name(2), name(3)),)
    assert [(action.kind, action.observer, action.node) for action in found.actions] == [("connect", name(1), name(4))]
    assert found.actions[0].detail == "app@10.0.0.1 reports it unreachable"


def test_halves_that_report_each_other_unreachable_are_two_islands() -> None:
    views = {name(n): View(name(n), names(1, 2, 3, 4) - {name(n)}, down=names(3, 4)) for n in (1, 2)}
    views.update({name(n): View(name(n), names(1, 2, 3, 4) - {name(n)}, down=names(1, 2)) for n in (3, 4)})
    found = plan(discovered(1, 2, 3, 4), Observation(views), AT_ONCE, GOSSIP)
    assert found.islands == ((name(1), name(2)), (name(3), name(4)))
    assert verdicts(found, "connect") == {(name(1), name(3), "island")}
    after = GOSSIP.predict(found, Observation(views))
    assert {view.linked for view in after.views.values()} == {names(1, 2, 3, 4) - {name(n)} for n in (1, 2, 3, 4)}
    pairwise = plan(discovered(1, 2, 3, 4), Observation(views), AT_ONCE, IRREVERSIBLE)
    assert len(pairwise.connects) == 4


def test_a_prediction_leaves_who_is_down_where_it_is_and_takes_away_who_is_pruned() -> None:
    doubtful = plan(discovered(1, 2, 3), seen(n1=(4,)), AT_ONCE, IRREVERSIBLE)
    kept = IRREVERSIBLE.predict(doubtful, seen(n1=(4,)))
    assert kept.views[name(1)].down == names(4)
    found = plan(discovered(1, 2, 3), ALL_SAY_4_IS_DOWN, AT_ONCE, IRREVERSIBLE)
    assert IRREVERSIBLE.predict(found, ALL_SAY_4_IS_DOWN).members == names(1, 2, 3)


def test_the_picture_shows_no_link_to_them() -> None:
    assert picture("chat", names(1, 2, 3), ALL_SAY_4_IS_DOWN)[-1] == (
        "  app@10.0.0.4  · · ·    not desired, unreachable, down"
    )
