# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for systems in which joining deletes what the joining node held."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Discovery,
    Node,
    Observation,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._plan import plan

from .plans import AT_ONCE, JOINS_ALONE, discovered, mesh, name, names

DATA = frozenset(["passwd"])


def planned(discovery, observation, policy=AT_ONCE):
    return plan(discovery, observation, policy, JOINS_ALONE)


def edges(found):
    return [(action.observer, action.node) for action in found.connects]


def refused(found):
    return {action.node: action.reason for action in found.refusals}


def with_views(observation, *views, unreachable=None):
    return Observation({**observation.views, **{view.observer: view for view in views}}, unreachable or {})


def without(observation, *numbers):
    views = {key: view for key, view in observation.views.items() if key not in names(*numbers)}
    return Observation(views, {key: Unreachable("connection refused") for key in names(*numbers)})


def seen_down(observation, *numbers):
    """The members that answer report these, who don't, as down."""
    left = without(observation, *numbers)
    views = {
        key: dataclasses.replace(view, down=view.peers & names(*numbers)) if view.peers else view
        for key, view in left.views.items()
    }
    return Observation(views, left.unreachable)


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


def test_blank_nodes_join_the_cluster_that_there_is_all_from_one_member():
    found = planned(discovered(1, 2, 3, 4), mesh((1,), (2, 3), (4,)))
    assert edges(found) == [(name(2), name(1)), (name(2), name(4))]


def test_a_new_cluster_is_formed_from_the_first_of_its_nodes():
    found = planned(discovered(1, 2, 3), mesh((1,), (2,), (3,)))
    assert edges(found) == [(name(1), name(2)), (name(1), name(3))]


def test_the_one_node_that_holds_data_is_the_cluster():
    observation = with_views(mesh((1,), (2,), (3,)), View(name(2), frozenset(), holds=DATA))
    assert edges(planned(discovered(1, 2, 3), observation)) == [(name(2), name(1)), (name(2), name(3))]


def test_two_lone_nodes_that_hold_data_stay_apart_and_nobody_joins_either():
    found = planned(
        discovered(1, 2, 3),
        with_views(mesh((1,)), *(View(name(n), frozenset(), holds=DATA) for n in (2, 3))),
    )
    assert edges(found) == []
    assert refused(found) == dict.fromkeys(names(1, 2, 3), "split")
    assert not found.converged


def test_a_node_that_holds_data_does_not_join_a_larger_cluster():
    found = planned(discovered(1, 2, 3), with_views(mesh((1, 2)), View(name(3), frozenset(), holds=DATA)))
    assert (edges(found), refused(found)) == ([], {name(3): "data"})
    assert "passwd" in found.refusals[0].detail


def test_a_smaller_cluster_is_not_merged_and_blank_nodes_join_the_larger():
    found = planned(discovered(1, 2, 3, 4, 5, 6), mesh((1, 2), (3, 4, 5), (6,)))
    assert edges(found) == [(name(3), name(6))]
    assert refused(found) == dict.fromkeys(names(1, 2), "split")
    assert all("another cluster" in action.detail for action in found.refusals)


def test_where_two_clusters_are_of_one_size_nobody_moves():
    found = planned(discovered(1, 2, 3, 4, 5), mesh((1, 2), (3, 4), (5,)))
    assert (edges(found), refused(found)) == ([], dict.fromkeys(names(1, 2, 3, 4, 5), "split"))


@pytest.mark.parametrize("islands", [((1,), (2,)), ((1, 2), (3,)), ((1, 2), (3, 4))])
def test_a_split_is_told_and_no_part_of_it_joins_another(islands):
    numbers = [number for island in islands for number in island]
    found = planned(discovered(*numbers), split(*islands))
    assert edges(found) == []
    assert name(numbers[-1]) in refused(found)
    assert set(refused(found).values()) == {"split"}
    assert all("report the other as down: restart one of them" in action.detail for action in found.refusals)
    assert len(found.islands) == len(islands)


def test_a_split_inside_an_island_that_a_third_member_holds_together():
    views = (
        View(name(1), names(2, 3)),
        View(name(2), names(1, 3), down=names(3)),
        View(name(3), names(1, 2), down=names(2)),
    )
    found = planned(discovered(1, 2, 3), with_views(mesh(), *views))
    assert (edges(found), refused(found)) == ([], {name(3): "split"})


def test_ends_that_disagree_are_given_time():
    views = (View(name(1), names(2)), View(name(2), frozenset()))
    found = planned(discovered(1, 2), with_views(mesh(), *views))
    assert (edges(found), refused(found)) == ([], {name(2): "unsteady"})


def test_a_node_that_lost_what_it_knew_joins_again():
    observation = with_views(seen_down(mesh((1, 2, 3)), 3), View(name(3), frozenset()))
    assert edges(planned(discovered(1, 2, 3), observation)) == [(name(1), name(3))]
    of_two = with_views(seen_down(mesh((1, 2)), 2), View(name(2), frozenset()))
    assert edges(planned(discovered(1, 2), of_two)) == [(name(1), name(2))]


def test_a_node_that_lost_its_list_and_kept_its_data_does_not():
    observation = with_views(seen_down(mesh((1, 2, 3)), 3), View(name(3), frozenset(), holds=DATA))
    found = planned(discovered(1, 2, 3), observation)
    assert (edges(found), refused(found)) == ([], {name(3): "data"})


def test_a_dead_member_that_is_listed_and_desired_is_kept_and_nothing_is_outstanding():
    found = planned(discovered(1, 2, 3), seen_down(mesh((1, 2, 3)), 3))
    assert found.actions == ()
    assert found.converged


def test_a_dead_node_that_nobody_lists_is_told():
    found = planned(discovered(1, 2, 3), without(mesh((1, 2), (3,)), 3))
    assert (edges(found), refused(found)) == ([], {name(3): "no_answer"})
    nobody = planned(discovered(1, 2), without(mesh((1,), (2,)), 1, 2))
    assert (edges(nobody), refused(nobody)) == ([], dict.fromkeys(names(1, 2), "no_answer"))


def test_a_new_cluster_is_not_formed_beside_a_node_that_may_be_the_cluster():
    found = planned(discovered(1, 2, 3), without(mesh((1,), (2,), (3,)), 3))
    assert (edges(found), refused(found)) == ([], dict.fromkeys(names(2, 3), "no_answer"))
    leaving = Discovery.complete([*discovered(1, 2).nodes, Node(name(3), state="terminating")])
    assert edges(planned(leaving, without(mesh((1,), (2,), (3,)), 3))) == [(name(1), name(2))]


def test_nobody_joins_the_smaller_part_of_a_split_whose_larger_part_is_out_of_sight():
    observation = seen_down(mesh((1, 2, 3), (4,)), 2, 3)
    found = planned(discovered(1, 2, 3, 4), observation)
    assert (edges(found), refused(found)) == ([], {name(4): "split"})
    assert edges(planned(discovered(1, 2, 3, 4), seen_down(mesh((1, 2, 3), (4,)), 3))) == [(name(1), name(4))]


def test_dead_strays_are_taken_off_by_one_member_and_are_then_no_obstacle():
    found = planned(discovered(1, 4), seen_down(mesh((1, 2, 3), (4,)), 2, 3))
    assert [(action.observer, action.node) for action in found.prunes] == [(name(1), name(2)), (name(1), name(3))]
    assert edges(found) == [(name(1), name(4))]


def test_a_live_stray_is_kept_from_harm_unless_the_policy_says_so_and_leaves_by_itself():
    found = planned(discovered(1, 2), mesh((1, 2, 3)))
    assert (found.prunes, refused(found)) == ((), {name(3): "prune_live"})
    allowed = dataclasses.replace(AT_ONCE, prune_live=True)
    assert [(a.observer, a.node) for a in planned(discovered(1, 2), mesh((1, 2, 3)), allowed).prunes] == [
        (name(3), name(3))
    ]


def test_members_that_are_not_ready_or_stopping_are_no_source():
    stopping = with_views(mesh((1, 2), (3,)), View(name(1), names(2), stopping=True))
    assert edges(planned(discovered(1, 2, 3), stopping)) == [(name(2), name(3))]
    both = with_views(stopping, View(name(2), names(1), stopping=True))
    assert refused(planned(discovered(1, 2, 3), both)) == {name(3): "no_answer"}
    waiting = Discovery.complete([*discovered(1, 2).nodes, Node(name(3), state="not_ready")])
    assert edges(planned(waiting, mesh((1, 2), (3,)))) == []
