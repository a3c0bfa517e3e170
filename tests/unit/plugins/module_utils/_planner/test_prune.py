# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Discovery,
    Node,
    Observation,
    Policy,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan

from tests.harness.effort import assert_cheap

from .plans import AT_ONCE, EXCLUSIVE, IRREVERSIBLE, PAIRWISE, TRANSITIVE, discovered, mesh, name, names


def refusals(*args, **kwargs):
    found = plan(*args, **kwargs)
    assert not found.prunes
    assert not found.converged
    return {action.node: action.reason for action in found.refusals if action.refused == "prune"}


FIVE = mesh((1, 2, 3, 4, 5))


def test_a_stray_that_can_leave_by_itself_is_its_own_observer() -> None:
    prunes = plan(discovered(1, 2, 3, 4), FIVE, AT_ONCE, EXCLUSIVE).prunes
    assert [(action.observer, action.node) for action in prunes] == [(name(5), name(5))]


def test_elsewhere_everyone_who_lists_the_stray_drops_it() -> None:
    prunes = plan(discovered(1, 2, 3, 4), FIVE, AT_ONCE, PAIRWISE).prunes
    assert [(action.observer, action.node) for action in prunes] == [(name(n), name(5)) for n in (1, 2, 3, 4)]


def test_nothing_is_planned_from_a_failed_discovery() -> None:
    with pytest.raises(ValueError, match="failed discovery"):
        plan(Discovery.failed(["NXDOMAIN"]), FIVE, AT_ONCE, EXCLUSIVE)


def test_a_scope_that_follows_the_nodes_leaves_other_applications_alone() -> None:
    """M5: api and worker are one mesh, and somebody's shell is in it too."""
    members = ["api@10.0.0.1", "api@10.0.0.2", "worker@10.0.0.3", "worker@10.0.0.4", "shell@10.0.0.5"]
    seen = Observation({one: View(one, frozenset(members) - {one}) for one in members})
    policy = dataclasses.replace(AT_ONCE, scope=(), scope_of_nodes=True)
    found = plan(Discovery.complete([Node(members[0]), Node(members[2])]), seen, policy, EXCLUSIVE)
    assert {action.node for action in found.prunes} == {members[1], members[3]}
    alone = plan(Discovery.complete([Node(members[0])]), seen, policy, EXCLUSIVE)
    assert {action.node for action in alone.prunes} == {members[1]}
    empty = refusals(Discovery.complete([]), seen, dataclasses.replace(policy, allow_empty=True), EXCLUSIVE)
    assert set(empty.values()) == {"no_scope"}


def test_a_partial_discovery_connects_and_never_prunes() -> None:
    partial = Discovery.partial([Node(name(n)) for n in (1, 2, 6)], ["half of it"])
    observation = mesh((1, 2, 3), (6,))
    assert refusals(partial, observation, AT_ONCE, EXCLUSIVE) == {name(3): "partial"}
    assert [action.node for action in plan(partial, observation, AT_ONCE, EXCLUSIVE).connects] == [name(6)]


def test_an_empty_discovery_prunes_only_when_the_policy_allows_it() -> None:
    empty = Discovery.complete([])
    observation = mesh((1, 2))
    assert refusals(empty, observation, AT_ONCE, EXCLUSIVE) == {name(1): "empty", name(2): "empty"}
    policy = dataclasses.replace(AT_ONCE, allow_empty=True)
    assert [action.node for action in plan(empty, observation, policy, EXCLUSIVE).prunes] == [name(1), name(2)]
    policy = dataclasses.replace(policy, min_nodes=1)
    assert refusals(empty, observation, policy, EXCLUSIVE) == {name(1): "min_nodes", name(2): "min_nodes"}


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"prune": False}, "prune_off"),
        ({"scope": ()}, "no_scope"),
        ({"confirmations": 2}, "unconfirmed"),
        ({"max_prune": "0"}, "max_prune"),
        ({"max_prune": "0%"}, "max_prune"),
        ({"min_nodes": 5}, "min_nodes"),
        ({"prune_live": False}, "prune_live"),
    ],
)
def test_the_policy_refuses(policy, reason) -> None:
    policy = dataclasses.replace(AT_ONCE, **policy)
    assert refusals(discovered(1, 2, 3, 4), FIVE, policy, EXCLUSIVE) == {name(5): reason}


def test_a_source_that_cannot_list_everyone_prunes_only_when_the_policy_says_so() -> None:
    heard = Discovery.complete([Node(name(n)) for n in (1, 2, 3, 4)], authoritative=False)
    assert refusals(heard, FIVE, AT_ONCE, EXCLUSIVE) == {name(5): "unauthoritative"}
    allowed = dataclasses.replace(AT_ONCE, prune_unauthoritative=True)
    assert [action.node for action in plan(heard, FIVE, allowed, EXCLUSIVE).prunes] == [name(5)]


def test_confirmations_are_complete_discoveries_in_a_row_that_miss_the_node() -> None:
    policy = dataclasses.replace(AT_ONCE, confirmations=3)
    now, listed = discovered(1, 2, 3, 4), discovered(1, 2, 3, 4, 5)
    partial = Discovery.partial(now.nodes, ["why"])
    for earlier in ([now], [now, listed], [now, now, partial], [now, Discovery.failed(["why"]), now]):
        assert refusals(now, FIVE, policy, EXCLUSIVE, earlier) == {name(5): "unconfirmed"}
    assert [action.node for action in plan(now, FIVE, policy, EXCLUSIVE, [listed, now, now]).prunes] == [name(5)]


def test_above_max_prune_nothing_is_pruned_at_all() -> None:
    policy = dataclasses.replace(AT_ONCE, max_prune="34%")
    assert refusals(discovered(1, 2, 3), FIVE, policy, EXCLUSIVE) == {name(4): "max_prune", name(5): "max_prune"}


def test_max_prune_counts_what_was_pruned_lately() -> None:
    policy = dataclasses.replace(AT_ONCE, max_prune="1")
    lately = frozenset([name(9)])
    found = plan(discovered(1, 2, 3, 4), FIVE, policy, EXCLUSIVE, recently_pruned=lately)
    assert [action.reason for action in found.refusals] == ["max_prune"]
    assert "2 would go, 1 of them within the last 5 minutes, " in found.refusals[0].detail
    assert not found.prunes


def test_a_stray_that_takes_no_call_is_left_to_its_peers_but_counts() -> None:
    silent = {name(5): Unreachable("it said nothing", silent=True)}
    views = {key: view for key, view in FIVE.views.items() if key != name(5)}
    observation = Observation(views, silent)
    assert refusals(discovered(1, 2, 3, 4), observation, AT_ONCE, EXCLUSIVE) == {name(5): "no_answer"}
    assert plan(discovered(1, 2, 3, 4), observation, AT_ONCE, PAIRWISE).prunes
    policy = dataclasses.replace(AT_ONCE, max_prune="1")
    both = {name(4): "max_prune", name(5): "max_prune"}
    assert refusals(discovered(1, 2, 3), observation, policy, EXCLUSIVE) == both


@pytest.mark.parametrize("rules", [PAIRWISE, TRANSITIVE, IRREVERSIBLE])
@pytest.mark.parametrize("prune_live", [None, True, False])
def test_whom_one_member_has_neither_in_nor_out_is_never_pruned(rules, prune_live) -> None:
    """E5"""
    views = dict(FIVE.views)
    views[name(3)] = dataclasses.replace(views[name(3)], synced=names(1, 2, 4))
    policy = dataclasses.replace(AT_ONCE, prune_live=prune_live)
    assert refusals(discovered(1, 2, 3, 4), Observation(views), policy, rules) == {name(5): "unsteady"}


def test_whom_a_mesh_has_not_finished_with_can_leave_it() -> None:
    """There it says of itself that it leaves, and its links need not be whole for that."""
    views = dict(FIVE.views)
    views[name(3)] = dataclasses.replace(views[name(3)], synced=names(1, 2, 4))
    assert plan(discovered(1, 2, 3, 4), Observation(views), AT_ONCE, EXCLUSIVE).prunes


def test_a_node_out_of_scope_is_kept_and_is_no_reason_to_act() -> None:
    views = {**mesh((1, 2)).views}
    views[name(1)] = View(name(1), frozenset([name(2), "monitor@10.0.0.9"]))
    found = plan(discovered(1, 2), Observation(views), AT_ONCE, EXCLUSIVE)
    assert [(action.kind, action.node, action.reason) for action in found.actions] == [
        ("keep", "monitor@10.0.0.9", "out_of_scope")
    ]
    assert found.converged
    assert found.islands == ((name(1), name(2)),)


def test_a_stray_that_is_stopping_is_left_alone() -> None:
    views = {**FIVE.views, name(5): dataclasses.replace(FIVE.views[name(5)], stopping=True)}
    found = plan(discovered(1, 2, 3, 4), Observation(views), AT_ONCE, EXCLUSIVE)
    assert [(action.kind, action.reason) for action in found.actions] == [("keep", "terminating")]


@pytest.mark.parametrize("state", ["not_ready", "terminating"])
def test_a_desired_node_is_never_pruned_whatever_its_state(state) -> None:
    discovery = Discovery.complete([*discovered(1, 2, 3, 4).nodes, Node(name(5), state=state)])
    found = plan(discovery, FIVE, AT_ONCE, EXCLUSIVE)
    assert [(action.kind, action.node) for action in found.actions] == [("keep", name(5))]


def test_where_a_disconnect_is_final_only_members_reported_down_are_pruned() -> None:
    views = {key: dataclasses.replace(view, down=frozenset([name(5)])) for key, view in FIVE.views.items()}
    del views[name(5)]
    prunes = plan(discovered(1, 2, 3), Observation({**views}), AT_ONCE, IRREVERSIBLE)
    assert {action.node for action in prunes.prunes} == {name(5)}
    assert {action.node: action.reason for action in prunes.refusals} == {name(4): "prune_live"}


def test_a_node_that_was_pruned_and_still_answers_is_a_stranger() -> None:
    found = plan(discovered(1, 2, 3, 4), mesh((1, 2, 3, 4), (5,)), AT_ONCE, EXCLUSIVE)
    assert found.converged
    assert found.islands == ((name(1), name(2), name(3), name(4)),)


@pytest.mark.parametrize(
    ("max_prune", "members", "limit"), [("34%", 5, 1), ("34%", 2, 1), ("34%", 9, 3), ("3", 100, 3), ("0%", 9, 0)]
)
def test_prune_limit(max_prune, members, limit) -> None:
    assert Policy(max_prune=max_prune).prune_limit(members) == limit


@pytest.mark.parametrize(("answering", "pruned"), [((1,), []), ((1, 2), [name(9)]), ((1, 2, 3), [name(9)])])
def test_who_is_cut_off_from_most_of_the_others_calls_nobody_dead(answering, pruned) -> None:
    views = {name(n): View(name(n), names(1, 2, 3, 9) - {name(n)}, down=names(9)) for n in answering}
    found = plan(discovered(1, 2, 3), Observation(views), AT_ONCE, IRREVERSIBLE)
    assert sorted({action.node for action in found.prunes}) == pruned
    if not pruned:
        (refused,) = [action for action in found.refusals if action.refused == "prune"]
        assert (refused.node, refused.reason) == (name(9), "no_answer")
        assert "1 of 3 desired nodes answer" in refused.detail


def test_members_that_are_down_do_not_count_as_left() -> None:
    views = {name(n): View(name(n), names(1, 2, 3, 9) - {name(n)}, down=names(3, 9)) for n in (1, 2)}
    for min_nodes, pruned in ((2, True), (3, False)):
        policy = dataclasses.replace(AT_ONCE, min_nodes=min_nodes)
        found = plan(discovered(1, 2, 3), Observation(views), policy, IRREVERSIBLE)
        assert bool(found.prunes) is pruned


def test_a_stray_is_dropped_by_those_who_stay_and_not_by_one_that_goes_too() -> None:
    found = plan(discovered(1, 2), mesh((1, 2, 8, 9)), AT_ONCE, PAIRWISE)
    assert {(action.observer, action.node) for action in found.prunes} == {
        (name(observer), name(node)) for observer in (1, 2) for node in (8, 9)
    }


def test_hundreds_that_are_down_are_planned_at_once() -> None:
    gone = range(1000, 2000)
    views = {name(n): View(name(n), names(*range(100), *gone) - {name(n)}, down=names(*gone)) for n in range(100)}
    policy = dataclasses.replace(AT_ONCE, max_prune="1")
    found = assert_cheap(lambda: plan(discovered(*range(100)), Observation(views), policy, IRREVERSIBLE), seconds=1.5)
    assert len(found.refusals) == 1000
