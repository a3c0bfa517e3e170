# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where members keep a table of their own, links are no membership (H1, H2)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    MNESIA,
    RABBITMQ,
    Observation,
    Table,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan
from ansible_collections.selfheal.cluster.plugins.module_utils._run.picture import picture
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import _is_settled

from .plans import (
    AT_ONCE,
    EXCLUSIVE,
    PAIRWISE,
    TRANSITIVE,
    discovered,
    mesh,
    name,
    names,
)

ALL_RULES = [EXCLUSIVE, TRANSITIVE, PAIRWISE]
RABBIT = Table(RABBITMQ)
SHARED = Table(MNESIA)


def with_tables(observation: Observation, tables: dict[int, Table]) -> Observation:
    changed = {name(n): replace(observation.views[name(n)], table=table) for n, table in tables.items()}
    return replace(observation, views={**observation.views, **changed})


def refused(planned):
    return [(action.refused, action.node, action.reason) for action in planned.refusals]


@pytest.mark.parametrize("table", [RABBIT, SHARED])
@pytest.mark.parametrize("rules", ALL_RULES)
@pytest.mark.parametrize("who", [1, 3], ids=["one that stays", "the one that goes"])
def test_nobody_leaves_by_link_where_one_member_has_a_table(table, rules, who) -> None:
    """H1: one member's word is enough for the whole mesh, also with a fence."""
    observation = with_tables(mesh((1, 2, 3), synced=True), {who: table})
    for policy in (AT_ONCE, replace(AT_ONCE, fence=True)):
        planned = plan(discovered(1, 2), observation, policy, replace(rules, leaves_itself=policy.fence))
        assert refused(planned) == [("prune", name(3), "other_membership")]
        assert not planned.prunes
        assert not planned.converged


def test_a_stray_that_does_not_answer_is_not_dropped_either() -> None:
    observation = with_tables(mesh((1, 2, 3)), {1: RABBIT})
    views = {key: view for key, view in observation.views.items() if key != name(3)}
    silent = Observation(views, {name(3): Unreachable("said nothing", silent=True)})
    for rules in ALL_RULES:
        assert refused(plan(discovered(1, 2), silent, AT_ONCE, rules)) == [("prune", name(3), "other_membership")]


@pytest.mark.parametrize("rules", ALL_RULES)
def test_rabbitmq_is_not_connected_by_link(rules) -> None:
    """H2: neither islands, nor a link that is missing inside one, nor a node that only members can reach."""
    apart = with_tables(mesh((1,), (2,), (3,), synced=True), {2: RABBIT})
    planned = plan(discovered(1, 2, 3, 4), apart, AT_ONCE, rules)
    assert not planned.connects
    assert {(kind, reason) for kind, _node, reason in refused(planned)} == {("connect", "other_membership")}
    assert len({action.node for action in planned.refusals}) == len(planned.refusals) >= 2
    assert len(planned.islands) == 3


def test_with_mnesia_nodes_are_connected_but_nobody_leaves_to_rejoin() -> None:
    apart = with_tables(mesh((1, 2), (3,), synced=True), {1: SHARED})
    planned = plan(discovered(1, 2, 3), apart, AT_ONCE, EXCLUSIVE)
    assert [(action.observer, action.node, action.rejoin) for action in planned.connects] == [(name(1), name(3), False)]
    lacking = {
        **mesh((1, 2, 3), synced=True).views,
        name(1): View(name(1), names(3), names(3), table=SHARED),
        name(2): View(name(2), names(3), names(3), table=SHARED),
    }
    planned = plan(discovered(1, 2, 3), Observation(lacking), AT_ONCE, EXCLUSIVE)
    assert refused(planned) == [("connect", name(2), "other_membership")]
    assert not planned.connects
    # A mesh that is about to complete itself is waited for all the same.
    assert not _is_settled(planned)


@pytest.mark.parametrize("table", [RABBIT, SHARED])
def test_a_whole_mesh_is_no_whole_cluster(table) -> None:
    """H2: nothing is outstanding, and it is not called whole."""
    planned = plan(discovered(1, 2), with_tables(mesh((1, 2)), {2: table}), AT_ONCE, TRANSITIVE)
    assert not planned.actions
    assert not planned.converged
    (reason,) = planned.doubts
    assert f"{table.system} keeps a member table of its own on {name(2)}" in reason
    # It parts a RabbitMQ cluster, and is no way out of there.
    assert ("driver_config.mesh_only: true" in reason) == (table is SHARED)


@pytest.mark.parametrize("option", ["connect", "disconnect", "list_nodes"])
def test_each_function_of_the_users_own_stands_for_its_part(option) -> None:
    rules = replace(TRANSITIVE, by_link=TRANSITIVE.by_link - {option})
    apart = with_tables(mesh((1, 9), (2,)), {1: RABBIT, 2: RABBIT})
    planned = plan(discovered(1, 2), apart, AT_ONCE, rules)
    assert bool(planned.connects) == (option == "connect")
    assert bool(planned.prunes) == (option == "disconnect")
    assert bool(planned.doubts) == (option != "list_nodes")


def test_partitions_are_each_members_own_word() -> None:
    tables = {1: Table(RABBITMQ, names(2)), 2: Table(RABBITMQ, None), 3: RABBIT, 4: SHARED}
    observation = with_tables(mesh((1, 2, 3, 4)), tables)
    planned = plan(discovered(1, 2, 3, 4), observation, AT_ONCE, TRANSITIVE)
    first, *partitions = planned.doubts
    assert f"RabbitMQ keeps a member table of its own on {name(1)}, {name(2)}, {name(3)};" in first
    assert partitions == [
        f"RabbitMQ on {name(1)} says that it is partitioned from {name(2)}: rabbitmqctl stop_app and start_app on the "
        "side that may lose what it took in meanwhile",
        f"RabbitMQ on {name(2)} did not say in time whether it is partitioned",
    ]
    lines = picture("queue", names(1, 2, 3, 4), observation)
    assert [line.split("  ")[-1] for line in lines if "@" in line] == [
        f"RabbitMQ, partitioned from {name(2)}",
        "RabbitMQ",
        "RabbitMQ",
        "Mnesia",
    ]


def test_without_a_table_all_is_as_it_was() -> None:
    planned = plan(discovered(1, 2), mesh((1, 2, 9), synced=True), AT_ONCE, EXCLUSIVE)
    assert planned.prunes
    assert not planned.doubts
