# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict: one word, the first that holds; a cluster of which something is not known is never called whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    FAILED,
    NOT_READY,
    PARTIAL,
    RABBITMQ,
    READY,
    TERMINATING,
    Discovery,
    Node,
    Observation,
    Table,
    Unreachable,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.verdict import VERDICTS, verdicts
from hypothesis import given

from .plans import AT_ONCE, EXCLUSIVE, JOINS_ALONE, PAIRWISE, discovered, mesh, name, seen_down, without
from .worlds import worlds


def found(discovery, observation, rules=EXCLUSIVE, policy=AT_ONCE):
    return verdicts(discovery, observation, plan(discovery, observation, policy, rules))


def with_state(number, state):
    nodes = [Node(name(one), state=state if one == number else READY) for one in (1, 2, 3)]
    return Discovery.complete(nodes)


@pytest.mark.parametrize("rules", [EXCLUSIVE, PAIRWISE, JOINS_ALONE])
def test_a_whole_cluster(rules) -> None:
    assert found(discovered(1, 2, 3), mesh((1, 2, 3)), rules) == ("whole",)


def test_a_failed_discovery_hides_all_else() -> None:
    failed = Discovery.failed(["403"])
    assert verdicts(failed, mesh((1, 2, 3)), plan(discovered(1), mesh((1,)), AT_ONCE, EXCLUSIVE)) == (
        "discovery_failed",
    )


def test_a_run_that_saw_no_cluster_has_no_verdict() -> None:
    assert verdicts(None, Observation({}), None) == ()
    assert verdicts(discovered(1, 2), Observation({}), None) == ()


def test_nobody_who_was_asked_answers() -> None:
    silent = Observation({}, {name(1): Unreachable("refused"), name(2): Unreachable("refused")})
    assert found(discovered(1, 2), silent)[0] == "no_node_answers"
    assert found(Discovery.complete([]), Observation({}, {name(1): Unreachable("refused")}))[0] == "no_node_answers"


def test_a_source_that_lists_nobody() -> None:
    assert found(Discovery.complete([]), mesh((1, 2))) == ("empty", "not_whole")
    may_be = replace(AT_ONCE, allow_empty=True)
    assert found(Discovery.complete([]), Observation({}), policy=may_be) == ("empty",)


def test_ready_nodes_in_two_islands_are_a_split() -> None:
    assert found(discovered(1, 2, 3), mesh((1, 2), (3,))) == ("split", "not_whole")


@pytest.mark.parametrize("state", [NOT_READY, TERMINATING])
def test_a_node_that_has_not_joined_yet_or_goes_is_no_split(state) -> None:
    assert found(with_state(3, state), mesh((1, 2), (3,))) == ("whole",)


def test_a_node_that_waits_for_the_cluster_to_become_ready_is_missing_and_no_split() -> None:
    waits = replace(AT_ONCE, include_not_ready=True)
    assert found(with_state(3, NOT_READY), mesh((1, 2), (3,)), policy=waits) == ("not_whole",)


def test_a_missing_link_and_an_undesired_member_keep_it_from_being_whole() -> None:
    assert found(discovered(1, 2), mesh((1, 2, 3))) == ("not_whole",)
    assert found(discovered(1, 2, 3), mesh((1, 2, 3)), policy=AT_ONCE) == ("whole",)


def test_a_ready_node_without_an_answer_keeps_it_from_being_whole() -> None:
    """Although its peers list it: nobody knows whether it sees them."""
    assert found(discovered(1, 2, 3), without(mesh((1, 2, 3)), 3)) == ("not_whole",)
    assert found(with_state(3, NOT_READY), without(mesh((1, 2, 3)), 3)) == ("whole",)


def test_a_partial_discovery_keeps_it_from_being_whole() -> None:
    half = Discovery.partial(discovered(1, 2, 3).nodes, ["a list was cut off"])
    assert found(half, mesh((1, 2, 3))) == ("not_whole",)


def test_members_that_disagree_are_partitioned() -> None:
    apart = seen_down(mesh((1, 2, 3)), 3)
    other_side = seen_down(mesh((1, 2, 3)), 1, 2)
    disagree = Observation({**apart.views, **other_side.views})
    assert found(discovered(1, 2, 3), disagree, JOINS_ALONE)[0] == "partitioned"


def test_a_partition_that_a_member_table_reports() -> None:
    views = dict(mesh((1, 2, 3)).views)
    views[name(1)] = replace(views[name(1)], table=Table(RABBITMQ, frozenset({name(2)})))
    assert found(discovered(1, 2, 3), Observation(views)) == ("partitioned", "not_whole")


@given(worlds())
def test_in_any_world_it_is_whole_only_where_nothing_is_left_and_all_is_known(world) -> None:
    if world.discovery.status == FAILED:
        return
    planned = plan(world.discovery, world.observation, world.policy, world.rules)
    words = verdicts(world.discovery, world.observation, planned)
    assert list(words) == [word for word in VERDICTS if word in words]
    assert words
    if words == ("whole",):
        ready = {node.name for node in world.discovery.nodes if node.state == READY}
        assert planned.converged
        assert world.discovery.status != PARTIAL
        assert ready <= world.observation.views.keys()
