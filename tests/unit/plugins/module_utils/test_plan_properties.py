# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every discovery, every set of views and every policy."""

from __future__ import annotations

import dataclasses
import random
from itertools import permutations

from ansible_collections.selfheal.cluster.plugins.module_utils._graph import islands
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    COMPLETE,
    NODE_STATES,
    Absence,
    Discovery,
    DriverFacts,
    Node,
    Observation,
    Policy,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.predict import predict
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.prune import undesired_members
from hypothesis import given
from hypothesis import strategies as st

from .plans import EXCLUSIVE, JOINS_ALONE, PAIRWISE, TRANSITIVE

NAMES = [f"app@10.0.0.{number}" for number in range(1, 8)] + ["other@10.0.0.1", "other@10.0.0.2"]
some_names = st.sets(st.sampled_from(NAMES))


@st.composite
def discoveries(draw):
    nodes = [Node(name, state=draw(st.sampled_from(NODE_STATES))) for name in draw(some_names)]
    authoritative = draw(st.booleans())
    still_running = frozenset(draw(some_names)) if draw(st.integers(0, 3)) == 0 else frozenset()
    if draw(st.integers(0, 3)):
        return dataclasses.replace(Discovery.complete(nodes, authoritative), still_running=still_running)
    return dataclasses.replace(Discovery.partial(nodes, ["a reason"], authoritative), samples=draw(st.booleans()))


@st.composite
def observations(draw):
    views = {}
    for observer in draw(some_names):
        peers = frozenset(draw(some_names)) - {observer}
        synced = draw(st.none() | st.just(peers) | st.sets(st.sampled_from(sorted(peers) or NAMES)).map(frozenset))
        down = peers & frozenset(draw(some_names))
        stopping, holds = draw(st.integers(0, 5)) == 0, draw(st.sampled_from([frozenset(), frozenset(["passwd"])]))
        views[observer] = View(observer, peers, synced, down, stopping, holds=holds)
    silent = draw(some_names) - frozenset(views)
    return Observation(views, {name: Unreachable("why", draw(st.booleans())) for name in silent})


@st.composite
def clusters(draw):
    """Two systems whose members list all of their own, some of them down, and nodes that know nobody."""
    sides = {name: draw(st.sampled_from(["one", "other", "alone", "silent"])) for name in draw(some_names)}
    views = {}
    for observer, side in sides.items():
        own = frozenset(name for name in sides if sides[name] == side) if side in ("one", "other") else frozenset()
        down = own & frozenset(draw(st.sets(st.sampled_from(NAMES), max_size=2)))
        holds = frozenset(draw(st.sets(st.just("passwd"))))
        if side != "silent":
            views[observer] = View(observer, own - {observer}, down=down - {observer}, holds=holds)
    return Observation(views, {name: Unreachable("why") for name in sides.keys() - views.keys()})


policies = st.builds(
    Policy,
    prune=st.booleans(),
    prune_live=st.none() | st.booleans(),
    confirmations=st.integers(1, 3),
    max_prune=st.integers(0, 9).map(str) | st.integers(0, 100).map("{}%".format),
    min_nodes=st.integers(0, 8),
    allow_empty=st.booleans(),
    prune_unauthoritative=st.booleans(),
    scope=st.sampled_from([(), ("app@*",), ("*",), ("app@10.0.0.[123]",)]),
    include_not_ready=st.booleans(),
    absent_for=st.sampled_from([0.0, 0.0, 300.0]),
    absent_for_live=st.sampled_from([0.0, 0.0, 300.0]),
)
absences = st.builds(
    Absence,
    listed=some_names.map(frozenset),
    missing=st.dictionaries(st.sampled_from(NAMES), st.sampled_from([0.0, 299.0, 300.0, 9000.0])),
    others=st.sampled_from([0.0, 299.0, 9000.0]),
    samples=st.sampled_from(["", "", "", "a proof"]),
)
facts = st.sampled_from([EXCLUSIVE, TRANSITIVE, PAIRWISE, JOINS_ALONE]) | st.builds(
    DriverFacts,
    reversible=st.booleans(),
    transitive=st.booleans(),
    exclusive=st.booleans(),
    prune_needs_answer=st.booleans(),
    prune_spreads=st.booleans(),
    joins_alone=st.booleans(),
    comes_back=st.booleans(),
)
history = st.lists(st.one_of(discoveries(), st.just(Discovery.failed(["a reason"]))), max_size=3)
lately = st.sets(st.sampled_from(NAMES), max_size=3).map(frozenset)


@given(discoveries(), observations(), policies, facts, history, lately, absences)
def test_what_is_never_pruned(discovery, observation, policy, facts, earlier, recently, absence):
    pruned = {a.node for a in plan(discovery, observation, policy, facts, earlier, recently, absence).prunes}
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
    if facts.prune_needs_answer:
        down = frozenset().union(*(view.down for view in observation.views.values()))
        assert pruned <= frozenset(observation.views) | down


@given(discoveries(), observations(), policies, facts)
def test_every_stray_gets_exactly_one_kind_of_decision(discovery, observation, policy, facts):
    found = plan(discovery, observation, policy, facts)
    decided = {}
    for action in found.actions:
        if action.node not in discovery.names:
            decided.setdefault(action.node, set()).add(action.kind)
    assert set(decided) <= undesired_members(discovery, observation)
    assert all(len(kinds) == 1 for kinds in decided.values())
    assert all(action.detail for action in found.actions)


@given(discoveries(), observations(), policies, facts)
def test_only_members_that_answer_are_called(discovery, observation, policy, facts):
    found = plan(discovery, observation, policy, facts)
    for action in (*found.connects, *found.prunes):
        assert action.observer in observation.views
    for action in found.connects:
        assert action.node != action.observer
        assert action.node in discovery.names
        assert action.observer in discovery.names


@given(discoveries(), observations(), policies, facts, st.randoms(use_true_random=False))
def test_the_order_of_the_inputs_does_not_matter(discovery, observation, policy, facts, shuffler: random.Random):
    nodes, views = list(discovery.nodes), list(observation.views.items())
    shuffler.shuffle(nodes)
    shuffler.shuffle(views)
    shuffled = dataclasses.replace(discovery, nodes=tuple(nodes))
    again = Observation(dict(views), observation.unreachable)
    assert plan(shuffled, again, policy, facts) == plan(discovery, observation, policy, facts)


@given(
    discoveries(),
    observations() | clusters(),
    policies,
    st.sampled_from([EXCLUSIVE, TRANSITIVE, PAIRWISE, JOINS_ALONE]),
)
def test_a_plan_that_worked_leaves_nothing_to_do(discovery, observation, policy, facts):
    policy = dataclasses.replace(policy, confirmations=1)
    # What nobody can reach stays out, and a mesh that is mostly unsteady is left to itself: neither is done by a plan.
    reachable = Observation(observation.views)
    first = plan(discovery, reachable, policy, facts)
    if any(action.refused == "connect" for action in first.refusals):
        return
    after = predict(first, reachable, facts)
    again = plan(discovery, after, policy, facts)
    absent = discovery.names - frozenset(observation.views)
    assert not [action for action in again.connects if action.node not in absent]
    pruned = {action.node for action in first.prunes}
    assert not [action for action in again.prunes if action.node in pruned]


@given(discoveries(), observations(), policies, st.sampled_from([EXCLUSIVE, TRANSITIVE]))
def test_the_edges_of_a_transitive_plan_reach_every_wanted_node_that_answers(discovery, observation, policy, facts):
    found = plan(discovery, observation, policy, facts)
    after = predict(found, observation, facts)
    wanted = {
        node.name
        for node in discovery.nodes
        if node.name in observation.views
        and not observation.views[node.name].stopping
        and (node.state == "ready" or (node.state == "not_ready" and policy.include_not_ready))
    }
    if wanted:
        assert any(wanted <= set(island) for island in islands(after.views, after.members | wanted))


@given(discoveries(), observations() | clusters(), policies, facts, history)
def test_where_joining_deletes_only_a_node_that_knows_nobody_and_holds_nothing_joins(
    discovery, observation, policy, facts, earlier
):
    facts = dataclasses.replace(facts, joins_alone=True)
    # Nobody else is ever asked.
    asked = {name: view for name, view in observation.views.items() if name in discovery.names or policy.in_scope(name)}
    observation = dataclasses.replace(observation, views=asked)
    found = plan(discovery, observation, policy, facts, earlier)
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


@given(discoveries(), observations() | clusters(), policies, facts, history)
def test_while_members_of_one_table_do_not_agree_nobody_joins_and_nobody_is_taken_off(
    discovery, observation, policy, facts, earlier
):
    """E2"""
    found = plan(discovery, observation, policy, dataclasses.replace(facts, joins_alone=True), earlier)
    agree = all(
        other.observer in one.linked and one.peers | {one.observer} == other.peers | {other.observer}
        for one, other in permutations([view for view in observation.views.values() if not view.stopping], 2)
        if one.peers and other.peers and (other.observer in one.peers or one.observer in other.peers)
    )
    assert agree or not (found.connects or found.prunes)


@given(discoveries(), observations() | clusters(), policies, facts, history)
def test_where_one_prune_is_enough_no_island_is_told_twice(discovery, observation, policy, facts, earlier):
    facts = dataclasses.replace(facts, prune_spreads=True)
    parts = islands(observation.views, observation.members)
    told = [
        (action.node, part)
        for action in plan(discovery, observation, policy, facts, earlier).prunes
        for part in parts
        if action.observer in part
    ]
    assert len(told) == len(set(told))
