# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Discovery,
    Node,
    Observation,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan

from tests.harness.effort import assert_cheap

from .plans import AT_ONCE, EXCLUSIVE, PAIRWISE, TRANSITIVE, discovered, mesh, name, names


def edges(found):
    return [(action.observer, action.node) for action in found.connects]


def without_link(observation, one, other):
    views = dict(observation.views)
    for end, peer in ((one, other), (other, one)):
        view = views[name(end)]
        peers = view.peers - {name(peer)}
        views[name(end)] = dataclasses.replace(view, peers=peers, synced=view.synced and view.synced & peers)
    return Observation(views)


def test_one_edge_joins_each_island_to_the_largest() -> None:
    found = plan(discovered(1, 2, 3, 4, 5, 6), mesh((1,), (2, 3), (4, 5, 6)), AT_ONCE, EXCLUSIVE)
    assert edges(found) == [(name(4), name(2)), (name(4), name(1))]
    assert found.islands == ((name(4), name(5), name(6)), (name(2), name(3)), (name(1),))


@pytest.mark.parametrize("count", [7, 10])
def test_without_transitivity_every_pair_is_linked_once_and_the_calls_are_spread(count) -> None:
    found = plan(discovered(*range(count)), mesh(*((n,) for n in range(count))), AT_ONCE, PAIRWISE)
    pairs = count * (count - 1) // 2
    assert len({frozenset(edge) for edge in edges(found)}) == len(found.connects) == pairs
    calls = Counter(observer for observer, _node in edges(found))
    assert len(calls) == count
    assert max(calls.values()) - min(calls.values()) <= 1


def test_a_link_that_one_end_denies_is_made_by_that_end() -> None:
    views = {name(1): View(name(1), names(2)), name(2): View(name(2), frozenset())}
    assert edges(plan(discovered(1, 2), Observation(views), AT_ONCE, PAIRWISE)) == [(name(2), name(1))]


def test_no_link_is_added_alone_inside_an_island_that_prevents_partitions() -> None:
    found = plan(discovered(1, 2, 3, 4, 5), without_link(mesh((1, 2, 3, 4, 5)), 4, 5), AT_ONCE, EXCLUSIVE)
    assert [(action.node, action.rejoin) for action in found.connects] == [(name(5), True)]
    assert edges(plan(discovered(1, 2, 3, 4, 5), without_link(mesh((1, 2, 3, 4, 5)), 4, 5), AT_ONCE, TRANSITIVE)) == [
        (name(5), name(4))
    ]


def test_a_full_view_is_not_whole_while_global_is_not_synchronised() -> None:
    observation = mesh((1, 2, 3, 4), synced=True)
    views = dict(observation.views)
    views[name(3)] = dataclasses.replace(views[name(3)], synced=frozenset())
    found = plan(discovered(1, 2, 3, 4), Observation(views), AT_ONCE, EXCLUSIVE)
    assert [(action.node, action.rejoin) for action in found.connects] == [(name(3), True)]


def test_who_rejoined_lately_in_vain_is_not_torn_out_again() -> None:
    observation = without_link(mesh((1, 2, 3, 4, 5), synced=True), 4, 5)
    lately = dataclasses.replace(observation.views[name(4)], rejoined=True)
    found = plan(discovered(1, 2, 3, 4, 5), Observation({**observation.views, name(4): lately}), AT_ONCE, EXCLUSIVE)
    assert not found.connects
    assert [(action.node, action.reason) for action in found.refusals] == [(name(5), "unsteady")]
    assert f"{name(4)} left and rejoined within the last 10 minutes" in found.refusals[0].detail


def test_most_of_an_island_is_never_told_to_rejoin() -> None:
    views = {name(n): View(name(n), names(1, 2, 3, 4, 5) - {name(n)}, frozenset()) for n in range(1, 6)}
    found = plan(discovered(1, 2, 3, 4, 5), Observation(views), AT_ONCE, EXCLUSIVE)
    assert not found.connects
    assert {action.reason for action in found.refusals} == {"unsteady"}


def test_terminating_and_not_ready_nodes_are_not_connected() -> None:
    discovery = Discovery.complete(
        [Node(name(1)), Node(name(2), state="not_ready"), Node(name(3), state="terminating"), Node(name(4))]
    )
    observation = mesh((1,), (2,), (3,), (4,))
    assert edges(plan(discovery, observation, AT_ONCE, EXCLUSIVE)) == [(name(1), name(4))]
    included = dataclasses.replace(AT_ONCE, include_not_ready=True)
    assert edges(plan(discovery, observation, included, EXCLUSIVE)) == [(name(1), name(2)), (name(1), name(4))]


def test_a_member_that_is_stopping_is_neither_hub_nor_connected() -> None:
    observation = mesh((1,), (2,))
    views = {**observation.views, name(1): View(name(1), frozenset(), stopping=True)}
    assert not plan(discovered(1, 2), Observation(views), AT_ONCE, EXCLUSIVE).connects


def test_who_is_out_of_our_reach_may_be_in_a_members_reach() -> None:
    refused = Observation(mesh((1, 2)).views, {name(3): Unreachable("connection refused")})
    assert edges(plan(discovered(1, 2, 3), refused, AT_ONCE, EXCLUSIVE)) == [(name(1), name(3))]
    assert edges(plan(discovered(1, 2, 3), refused, AT_ONCE, PAIRWISE)) == [(name(1), name(3)), (name(2), name(3))]


def test_a_frozen_node_is_not_worth_a_members_time() -> None:
    frozen = Observation(mesh((1, 2)).views, {name(3): Unreachable("it said nothing", silent=True)})
    for rules in (EXCLUSIVE, TRANSITIVE, PAIRWISE):
        found = plan(discovered(1, 2, 3), frozen, AT_ONCE, rules)
        assert not found.connects
        assert [(action.node, action.refused, action.reason) for action in found.refusals] == [
            (name(3), "connect", "no_answer")
        ]


def test_the_end_that_answers_has_the_word_on_a_link() -> None:
    views = {name(n): View(name(n), names(1, 2, 3) - {name(n)}) for n in (1, 2)}
    silent = Observation(views, {name(3): Unreachable("it said nothing", silent=True)})
    for rules in (EXCLUSIVE, TRANSITIVE, PAIRWISE):
        assert plan(discovered(1, 2, 3), silent, AT_ONCE, rules).converged


def test_a_member_of_whom_only_some_hear_cannot_be_mended_from_here() -> None:
    views = {name(1): View(name(1), names(2, 3)), name(2): View(name(2), names(1))}
    observation = Observation(views, {name(3): Unreachable("no route")})
    found = plan(discovered(1, 2, 3), observation, AT_ONCE, EXCLUSIVE)
    assert [(action.node, action.reason) for action in found.refusals] == [(name(3), "unsteady")]
    assert edges(plan(discovered(1, 2, 3), observation, AT_ONCE, TRANSITIVE)) == [(name(2), name(3))]


def test_a_stray_that_is_pruned_holds_no_island_together() -> None:
    views = {name(1): View(name(1), names(9)), name(2): View(name(2), names(9)), name(9): View(name(9), names(1, 2))}
    found = plan(discovered(1, 2), Observation(views), AT_ONCE, EXCLUSIVE)
    assert [action.node for action in found.prunes] == [name(9)]
    assert [(action.observer, action.node, action.rejoin) for action in found.connects] == [(name(1), name(2), False)]


def test_nobody_answers() -> None:
    nobody = Observation({}, {name(n): Unreachable("down") for n in (1, 2)})
    found = plan(discovered(1, 2), nobody, AT_ONCE, EXCLUSIVE)
    assert not found.connects
    assert not found.converged


@pytest.mark.parametrize(
    ("rules", "islands", "connects"),
    [
        (EXCLUSIVE, 1, 0),
        (EXCLUSIVE, 2, 1),
        (EXCLUSIVE, 1000, 999),
        (TRANSITIVE, 1000, 999),
        (PAIRWISE, 1, 0),
        (PAIRWISE, 2, 250_000),
    ],
)
def test_a_thousand_nodes_are_planned_within_a_second_or_two(rules, islands, connects) -> None:
    """Where each link is a call of its own, a quarter of a million of them."""
    members = [names(*range(first, 1000, islands)) for first in range(islands)]
    views = {node: View(node, island - {node}, island - {node}) for island in members for node in island}
    discovery, observation = discovered(*range(1000)), Observation(views)
    limit = 2 if connects > 1000 else 1
    found = assert_cheap(lambda: plan(discovery, observation, AT_ONCE, rules), seconds=limit)
    assert len(found.connects) == connects
