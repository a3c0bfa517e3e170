# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for systems in which joining deletes what the joining node held."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    DISAGREE,
    Discovery,
    Node,
    Observation,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan

from .plans import AT_ONCE, JOINS_ALONE, discovered, mesh, name, names, seen_down, without

DATA = frozenset(["passwd"])


def planned(discovery, observation, policy=AT_ONCE):
    return plan(discovery, observation, policy, JOINS_ALONE)


def edges(found):
    return [(action.observer, action.node) for action in found.connects]


def refused(found):
    return {action.node: action.reason for action in found.refusals}


def with_views(observation, *views, unreachable=None):
    return Observation({**observation.views, **{view.observer: view for view in views}}, unreachable or {})


def split(*islands):
    """One cluster whose parts report one another as down."""
    everyone = names(*(number for island in islands for number in island))
    return Observation(
        {
            name(number): View(name(number), everyone - {name(number)}, down=everyone - names(*island))
            for island in islands
            for number in island
        }
    )


def test_blank_nodes_join_the_cluster_that_there_is_all_from_one_member() -> None:
    found = planned(discovered(1, 2, 3, 4), mesh((1,), (2, 3), (4,)))
    assert edges(found) == [(name(2), name(1)), (name(2), name(4))]


def test_a_new_cluster_is_formed_from_the_first_of_its_nodes() -> None:
    found = planned(discovered(1, 2, 3), mesh((1,), (2,), (3,)))
    assert edges(found) == [(name(1), name(2)), (name(1), name(3))]


def test_the_one_node_that_holds_data_is_the_cluster() -> None:
    observation = with_views(mesh((1,), (2,), (3,)), View(name(2), frozenset(), holds=DATA))
    assert edges(planned(discovered(1, 2, 3), observation)) == [(name(2), name(1)), (name(2), name(3))]


def test_two_lone_nodes_that_hold_data_stay_apart_and_nobody_joins_either() -> None:
    found = planned(
        discovered(1, 2, 3),
        with_views(mesh((1,)), *(View(name(n), frozenset(), holds=DATA) for n in (2, 3))),
    )
    assert edges(found) == []
    assert refused(found) == dict.fromkeys(names(1, 2, 3), "split")
    assert not found.converged


def test_a_node_that_holds_data_does_not_join_a_larger_cluster() -> None:
    found = planned(discovered(1, 2, 3), with_views(mesh((1, 2)), View(name(3), frozenset(), holds=DATA)))
    assert (edges(found), refused(found)) == ([], {name(3): "data"})
    assert "passwd" in found.refusals[0].detail


def test_a_smaller_cluster_is_not_merged_and_blank_nodes_join_the_larger() -> None:
    found = planned(discovered(1, 2, 3, 4, 5, 6), mesh((1, 2), (3, 4, 5), (6,)))
    assert edges(found) == [(name(3), name(6))]
    assert refused(found) == dict.fromkeys(names(1, 2), "split")
    assert all("another cluster" in action.detail for action in found.refusals)


def test_where_two_clusters_are_of_one_size_nobody_moves() -> None:
    found = planned(discovered(1, 2, 3, 4, 5), mesh((1, 2), (3, 4), (5,)))
    assert (edges(found), refused(found)) == ([], dict.fromkeys(names(1, 2, 3, 4, 5), "split"))


@pytest.mark.parametrize(
    "islands", [((1,), (2,)), ((1,), (2,), (3,)), ((1, 2), (3,)), ((1, 2), (3, 4)), ((1, 2, 3), (4,))]
)
def test_a_partition_is_told_of_all_its_members_and_nobody_joins(islands) -> None:
    """E2, with a blank node beside it."""
    numbers = [number for island in islands for number in island]
    found = planned(discovered(*numbers, 9), with_views(split(*islands), View(name(9), frozenset())))
    assert (edges(found), refused(found)) == ([], dict.fromkeys(names(*numbers, 9), "partitioned"))
    assert len(found.islands) == len(islands) + 1
    told = {action.node: action.detail for action in found.refusals}
    first, second = name(islands[0][0]), name(islands[1][0])
    assert f"it and {second} {DISAGREE}: stop all members but the one" in told[first]
    assert told[name(9)] == f"nobody joins as long as {first} and {second} {DISAGREE}"


def test_a_member_that_only_the_parts_of_a_partition_call_dead_is_not_taken_off() -> None:
    """E2: each part calls everyone else dead, so that their word on the one who does not answer is worth nothing."""
    apart = without(split((1,), (2,), (3,)), 3)
    assert {action.node: action.reason for action in planned(discovered(1, 2), apart).refusals} == dict.fromkeys(
        names(1, 2, 3), "partitioned"
    )
    assert planned(discovered(1, 2), apart).prunes == ()
    whole = with_views(apart, *(View(name(n), names(1, 2, 3) - names(n), down=names(3)) for n in (1, 2)))
    assert [action.node for action in planned(discovered(1, 2), whole).prunes] == [name(3)]


@pytest.mark.parametrize(
    "views",
    [
        pytest.param(
            (
                View(name(1), names(2, 3)),
                View(name(2), names(1, 3), down=names(3)),
                View(name(3), names(1, 2), down=names(2)),
            ),
            id="a third one links them",
        ),
        pytest.param((View(name(2), names(3)), View(name(3), names(2), down=names(2))), id="by the word of one"),
        pytest.param((View(name(2), names(3)), View(name(3), names(1, 2))), id="they list others"),
        pytest.param((View(name(2), names(1)), View(name(3), names(1, 2))), id="one was taken off on one side"),
    ],
)
def test_members_that_do_not_agree_are_partitioned(views) -> None:
    """E2"""
    found = planned(discovered(1, 2, 3), with_views(mesh(), *views))
    assert edges(found) == []
    assert {name(2), name(3)} <= refused(found).keys()
    assert {refused(found)[node] for node in names(2, 3)} == {"partitioned"}


def test_who_is_stopping_or_has_lost_its_list_makes_no_partition() -> None:
    """E2: they are told apart from a member on the other side by a list of their own."""
    stopping = View(name(3), names(1, 2), down=names(1, 2), stopping=True)
    seen = seen_down(mesh((1, 2, 3)), 3)
    assert planned(discovered(1, 2, 3), with_views(seen, stopping)).refusals == ()
    assert edges(planned(discovered(1, 2, 3), with_views(seen, View(name(3), frozenset())))) == [(name(1), name(3))]


def test_a_prune_says_that_what_the_node_has_stored_has_to_go() -> None:
    """E3"""
    comes_back = dataclasses.replace(JOINS_ALONE, comes_back=True)
    for rules, told in ((JOINS_ALONE, False), (comes_back, True)):
        (prune,) = plan(discovered(1, 2), seen_down(mesh((1, 2, 3)), 3), AT_ONCE, rules).prunes
        assert ("delete its database before it is started again" in prune.detail) is told


def test_ends_that_disagree_are_given_time() -> None:
    views = (View(name(1), names(2)), View(name(2), frozenset()))
    found = planned(discovered(1, 2), with_views(mesh(), *views))
    assert (edges(found), refused(found)) == ([], {name(2): "unsteady"})


def test_a_node_that_lost_what_it_knew_joins_again() -> None:
    observation = with_views(seen_down(mesh((1, 2, 3)), 3), View(name(3), frozenset()))
    assert edges(planned(discovered(1, 2, 3), observation)) == [(name(1), name(3))]
    of_two = with_views(seen_down(mesh((1, 2)), 2), View(name(2), frozenset()))
    assert edges(planned(discovered(1, 2), of_two)) == [(name(1), name(2))]


def test_a_node_that_lost_its_list_and_kept_its_data_does_not() -> None:
    observation = with_views(seen_down(mesh((1, 2, 3)), 3), View(name(3), frozenset(), holds=DATA))
    found = planned(discovered(1, 2, 3), observation)
    assert (edges(found), refused(found)) == ([], {name(3): "data"})


def test_a_dead_member_that_is_listed_and_desired_is_kept_and_nothing_is_outstanding() -> None:
    found = planned(discovered(1, 2, 3), seen_down(mesh((1, 2, 3)), 3))
    assert found.actions == ()
    assert found.converged


def test_a_dead_node_that_nobody_lists_is_told() -> None:
    found = planned(discovered(1, 2, 3), without(mesh((1, 2), (3,)), 3))
    assert (edges(found), refused(found)) == ([], {name(3): "no_answer"})
    nobody = planned(discovered(1, 2), without(mesh((1,), (2,)), 1, 2))
    assert (edges(nobody), refused(nobody)) == ([], dict.fromkeys(names(1, 2), "no_answer"))


def test_a_new_cluster_is_not_formed_beside_a_node_that_may_be_the_cluster() -> None:
    found = planned(discovered(1, 2, 3), without(mesh((1,), (2,), (3,)), 3))
    assert (edges(found), refused(found)) == ([], dict.fromkeys(names(2, 3), "no_answer"))
    leaving = Discovery.complete([*discovered(1, 2).nodes, Node(name(3), state="terminating")])
    assert edges(planned(leaving, without(mesh((1,), (2,), (3,)), 3))) == [(name(1), name(2))]


def test_nobody_joins_the_smaller_part_of_a_split_whose_larger_part_is_out_of_sight() -> None:
    observation = seen_down(mesh((1, 2, 3), (4,)), 2, 3)
    found = planned(discovered(1, 2, 3, 4), observation)
    assert (edges(found), refused(found)) == ([], {name(4): "split"})
    assert edges(planned(discovered(1, 2, 3, 4), seen_down(mesh((1, 2, 3), (4,)), 3))) == [(name(1), name(4))]


def test_dead_strays_are_taken_off_by_one_member_and_are_then_no_obstacle() -> None:
    found = planned(discovered(1, 4), seen_down(mesh((1, 2, 3), (4,)), 2, 3))
    assert [(action.observer, action.node) for action in found.prunes] == [(name(1), name(2)), (name(1), name(3))]
    assert edges(found) == [(name(1), name(4))]


def test_a_live_stray_is_kept_from_harm_unless_the_policy_says_so_and_leaves_by_itself() -> None:
    found = planned(discovered(1, 2), mesh((1, 2, 3)))
    assert (found.prunes, refused(found)) == ((), {name(3): "prune_live"})
    allowed = dataclasses.replace(AT_ONCE, prune_live=True)
    assert [(a.observer, a.node) for a in planned(discovered(1, 2), mesh((1, 2, 3)), allowed).prunes] == [
        (name(3), name(3))
    ]


def test_members_that_are_not_ready_or_stopping_are_no_source() -> None:
    stopping = with_views(mesh((1, 2), (3,)), View(name(1), names(2), stopping=True))
    assert edges(planned(discovered(1, 2, 3), stopping)) == [(name(2), name(3))]
    both = with_views(stopping, View(name(2), names(1), stopping=True))
    assert refused(planned(discovered(1, 2, 3), both)) == {name(3): "no_answer"}
    waiting = Discovery.complete([*discovered(1, 2).nodes, Node(name(3), state="not_ready")])
    assert edges(planned(waiting, mesh((1, 2), (3,)))) == []
