# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every discovery, every set of views and every policy."""

from __future__ import annotations

import dataclasses
import random
from itertools import permutations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._graph import islands
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, Observation
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.prune import undesired_members
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from .plans import EXCLUSIVE, JOINS_ALONE, PAIRWISE, TRANSITIVE
from .worlds import LISTS, OBSTACLES, REAL_RULES, any_rules, real_rules, wild_worlds, worlds


@pytest.mark.parametrize("rules", REAL_RULES, ids=range(len(REAL_RULES)))
def test_in_many_of_the_worlds_there_is_something_to_do(rules) -> None:
    """Where nothing is done, what follows holds whatever the planner does."""
    found = []

    @settings(max_examples=100, derandomize=True, phases=[Phase.generate], database=None)
    @given(worlds(st.just(rules)))
    def look(world) -> None:
        found.append(world.plan())

    look()
    assert sum(bool(each.prunes) for each in found) >= 10
    assert sum(bool(each.connects) for each in found) >= 10
    assert any(each.prunes and each.connects for each in found)
    assert {"prune", "connect"} <= {action.refused for each in found for action in each.refusals}


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_what_is_never_pruned(obstacle) -> None:
    @settings(max_examples=50)
    @given(worlds(real_rules | any_rules, st.just(obstacle)))
    def look(world) -> None:
        check_prunes(world)

    look()


@given(wild_worlds(real_rules | any_rules))
def test_what_is_never_pruned_whatever_the_members_say(world) -> None:
    check_prunes(world)


def check_prunes(world) -> None:
    discovery, observation, policy, rules, earlier, recently, absence = world
    pruned = {action.node for action in world.plan().prunes}
    if not pruned:
        return
    assert not absence.samples
    assert not discovery.samples
    assert pruned.isdisjoint(discovery.still_running)
    for name in pruned:
        needed = policy.absent_for_live if name in observation.alive else policy.absent_for
        assert absence.seconds(name) >= needed
    assert policy.prune
    assert discovery.status == COMPLETE
    assert discovery.authoritative or policy.prune_unauthoritative
    assert discovery.nodes or policy.allow_empty
    assert pruned.isdisjoint(discovery.names)
    assert all(policy.in_scope(name) for name in pruned)
    members = {name for name in observation.members if policy.in_scope(name)}
    assert len(observation.members - pruned) >= policy.min_nodes
    assert len(pruned | recently) <= policy.prune_limit(len(members | recently))
    for one in ([*earlier, discovery])[-policy.confirmations :]:
        assert one.status == COMPLETE
        assert pruned.isdisjoint(one.names)
    assert len(earlier) + 1 >= policy.confirmations
    if rules.leaves_itself:
        down = frozenset().union(*(view.down for view in observation.views.values()))
        assert pruned <= frozenset(observation.views) | down


@given(worlds() | wild_worlds())
def test_every_stray_gets_exactly_one_kind_of_decision(world) -> None:
    discovery, observation, found = world.discovery, world.observation, world.plan()
    decided: dict[str, set[str]] = {}
    for action in found.actions:
        if action.node not in discovery.names:
            decided.setdefault(action.node, set()).add(action.kind)
    assert set(decided) <= undesired_members(discovery, observation)
    assert all(len(kinds) == 1 for kinds in decided.values())
    assert all(action.detail for action in found.actions)


@given(worlds() | wild_worlds())
def test_only_members_that_answer_are_called(world) -> None:
    discovery, observation, found = world.discovery, world.observation, world.plan()
    for action in (*found.connects, *found.prunes):
        assert action.observer in observation.views
    for action in found.connects:
        assert action.node != action.observer
        assert action.node in discovery.names
        assert action.observer in discovery.names


@given(worlds() | wild_worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_inputs_does_not_matter(world, shuffler: random.Random) -> None:
    nodes, views = list(world.discovery.nodes), list(world.observation.views.items())
    shuffler.shuffle(nodes)
    shuffler.shuffle(views)
    shuffled = dataclasses.replace(world.discovery, nodes=tuple(nodes))
    again = Observation(dict(views), world.observation.unreachable)
    assert world._replace(discovery=shuffled, observation=again).plan() == world.plan()


FOUR_KINDS = st.sampled_from([EXCLUSIVE, TRANSITIVE, PAIRWISE, JOINS_ALONE])


@given(worlds(FOUR_KINDS) | wild_worlds(FOUR_KINDS))
def test_a_plan_that_worked_leaves_nothing_to_do(world) -> None:
    discovery, observation, policy, rules = world[:4]
    policy = dataclasses.replace(policy, confirmations=1)
    # What nobody can reach stays out, and a mesh that is mostly unsteady is left to itself: neither is done by a plan.
    reachable = Observation(observation.views)
    first = plan(discovery, reachable, policy, rules)
    if any(action.refused == "connect" for action in first.refusals):
        return
    after = rules.predict(first, reachable)
    again = plan(discovery, after, policy, rules)
    absent = discovery.names - frozenset(observation.views)
    assert not [action for action in again.connects if action.node not in absent]
    pruned = {action.node for action in first.prunes}
    assert not [action for action in again.prunes if action.node in pruned]


@given(worlds(st.sampled_from([EXCLUSIVE, TRANSITIVE])) | wild_worlds(st.sampled_from([EXCLUSIVE, TRANSITIVE])))
def test_the_edges_of_a_transitive_plan_reach_every_wanted_node_that_answers(world) -> None:
    discovery, observation, policy, rules = world[:4]
    found = plan(discovery, observation, policy, rules)
    after = rules.predict(found, observation)
    wanted = {
        node.name
        for node in discovery.nodes
        if node.name in observation.views
        and not observation.views[node.name].stopping
        and (node.state == "ready" or (node.state == "not_ready" and policy.include_not_ready))
    }
    if wanted:
        assert any(wanted <= set(island) for island in islands(after.views, after.members | wanted))


@given(worlds(st.sampled_from(LISTS)) | wild_worlds(st.sampled_from(LISTS)))
def test_where_joining_deletes_only_a_node_that_knows_nobody_and_holds_nothing_joins(world) -> None:
    discovery, observation, policy = world[:3]
    # Nobody else is ever asked.
    asked = {name: view for name, view in observation.views.items() if name in discovery.names or policy.in_scope(name)}
    observation = dataclasses.replace(observation, views=asked)
    found = world._replace(observation=observation).plan()
    joins = found.connects
    assert len({action.observer for action in joins}) <= 1, "one source"
    # Who is linked to nobody that is desired is not asked, and none of this topology's business; who is pruned is out
    # before anybody joins.
    staying = (observation.members | discovery.names) - {action.node for action in found.prunes}
    known = islands(observation.views, staying)
    parts = [part for part in known if discovery.names & frozenset(part)]
    for action in joins:
        view = observation.views[action.node]
        assert not view.peers
        assert not view.holds
        assert (action.node,) in parts, "no member says that it is linked with it"
        assert action.observer not in {other.node for other in joins}
        (source,) = (part for part in parts if action.observer in part)
        assert len(source) == max(map(len, parts)), "nobody joins the smaller part of a split"


@given(worlds(st.sampled_from(LISTS)) | wild_worlds(st.sampled_from(LISTS)))
def test_while_members_of_one_table_do_not_agree_nobody_joins_and_nobody_is_taken_off(world) -> None:
    """E2"""
    observation, found = world.observation, world.plan()
    agree = all(
        other.observer in one.linked and one.peers | {one.observer} == other.peers | {other.observer}
        for one, other in permutations([view for view in observation.views.values() if not view.stopping], 2)
        if one.peers and other.peers and (other.observer in one.peers or one.observer in other.peers)
    )
    assert agree or not (found.connects or found.prunes)


@given(worlds(st.sampled_from(LISTS)) | wild_worlds(st.sampled_from(LISTS)))
def test_where_one_prune_is_enough_no_island_is_told_twice(world) -> None:
    parts = islands(world.observation.views, world.observation.members)
    told = [(action.node, part) for action in world.plan().prunes for part in parts if action.observer in part]
    assert len(told) == len(set(told))
