# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter membership_plan: what it takes for granted, and what it refuses to take."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.selfheal.cluster.plugins.filter.membership_plan import membership_plan

REVERSIBLE = {"transitive": True, "reversible": True}


def listing(*names: str, status: str = "complete") -> dict[str, Any]:
    reasons = [] if status == "complete" else ["half of it could not be read"]
    return {"nodes": [{"name": name} for name in names], "status": status, "reasons": reasons}


def mesh(*names: str) -> dict[str, list[str]]:
    return {name: [other for other in names if other != name] for name in names}


def test_a_whole_cluster_has_converged() -> None:
    plan = membership_plan(listing("a@1", "a@2"), mesh("a@1", "a@2"), node_basename="a")
    assert (plan["connect"], plan["prune"], plan["refused"], plan["converged"]) == ([], [], [], True)
    assert plan["islands"] == [["a@1", "a@2"]]


def test_one_discovery_alone_prunes_nobody_and_confirmed_ones_do() -> None:
    desired, views = listing("a@1", "a@2", "a@3"), mesh("a@1", "a@2", "a@3", "a@4")
    options: dict[str, Any] = {"facts": REVERSIBLE, "node_basename": "a"}
    once = membership_plan(desired, views, **options)
    assert (once["prune"], [line["node"] for line in once["refused"]]) == ([], ["a@4"])
    for confirmed in (2, 7, True):
        plan = membership_plan(desired, views, confirmed=confirmed, **options)
        assert {(line["observer"], line["node"]) for line in plan["prune"]} == {(f"a@{n}", "a@4") for n in (1, 2, 3)}


@pytest.mark.parametrize("policy", [{}, {"absent_for": 1}])
def test_a_source_over_dns_may_answer_with_samples_so_that_one_look_prunes_no_live_member(
    policy: dict[str, Any],
) -> None:
    answer = {"question": "q A", "server": "s", "asked": 1.0, "ttl": 60.0}
    desired = {**listing("a@1", "a@2", "a@3"), "answers": [answer]}
    views = mesh("a@1", "a@2", "a@3", "a@4")
    options: dict[str, Any] = {"facts": REVERSIBLE, "node_basename": "a", "confirmed": True}
    plan = membership_plan(desired, views, policy=policy, **options)
    assert (plan["prune"], [(line["node"], line["reason"]) for line in plan["refused"]]) == ([], [("a@4", "not_yet")])
    whole = membership_plan(desired, views, policy={"absent_for": 0}, **options)
    assert {line["node"] for line in whole["prune"]} == {"a@4"}
    dead = membership_plan(desired, mesh("a@1", "a@2", "a@3"), down={"a@1": ["a@4"]}, **options)
    assert {line["node"] for line in dead["prune"]} == {"a@4"}


def test_a_node_that_the_second_witness_of_a_confirming_look_reports_is_not_pruned() -> None:
    desired = {**listing("a@1", "a@2", "a@3"), "still_running": ["a@4"]}
    views = mesh("a@1", "a@2", "a@3", "a@4")
    plan = membership_plan(desired, views, facts=REVERSIBLE, node_basename="a", confirmed=True)
    assert (plan["prune"], [line["reason"] for line in plan["refused"]]) == ([], ["still_running"])


def test_without_facts_a_live_member_is_not_pruned() -> None:
    plan = membership_plan(
        listing("a@1", "a@2", "a@3"), mesh("a@1", "a@2", "a@3", "a@4"), node_basename="a", confirmed=True
    )
    assert plan["prune"] == []
    assert [line["node"] for line in plan["refused"]] == ["a@4"]


def test_a_partial_discovery_connects_and_never_prunes() -> None:
    views = {**mesh("a@1", "a@2", "a@4"), "a@3": []}
    plan = membership_plan(
        listing("a@1", "a@2", "a@3", status="partial"), views, facts=REVERSIBLE, node_basename="a", confirmed=True
    )
    assert [line["node"] for line in plan["connect"]] == ["a@3"]
    assert plan["prune"] == []


def test_without_a_scope_nothing_is_pruned() -> None:
    plan = membership_plan(listing("a@1", "a@2"), mesh("a@1", "a@2", "a@3"), facts=REVERSIBLE, confirmed=True)
    assert plan["prune"] == []


def test_who_gave_no_answer_is_not_connected_through_itself() -> None:
    plan = membership_plan(listing("a@1", "a@2"), {"a@1": []}, {"a@2": "refused"}, facts=REVERSIBLE, node_basename="a")
    assert all(line["observer"] == "a@1" for line in plan["connect"])


def test_members_that_the_cluster_reports_down_are_pruned_by_one_of_it_and_blank_nodes_join() -> None:
    views = {"a@1": ["a@2"], "a@2": ["a@1"], "a@4": [], "a@5": []}
    plan = membership_plan(
        listing("a@1", "a@2", "a@4", "a@5"),
        views,
        facts={"transitive": True, "prune_spreads": True, "joins_alone": True},
        down={"a@1": ["a@3"], "a@2": ["a@3"]},
        holds={"a@5": ["users"]},
        node_basename="a",
        confirmed=True,
    )
    assert [(line["observer"], line["node"]) for line in plan["prune"]] == [("a@1", "a@3")]
    assert [(line["observer"], line["node"]) for line in plan["connect"]] == [("a@1", "a@4")]
    assert [(line["node"], line["reason"]) for line in plan["refused"]] == [("a@5", "data")]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param({"desired": ["a@1"]}, "does not say whether it is complete", id="bare list"),
        pytest.param({"desired": listing("a@1"), "down": {"a@1": ["a@2"]}}, "'a@1', which is not in views", id="down"),
        pytest.param({"desired": listing("a@1"), "views": {"a@1": []}, "holds": {"a@1": 3}}, "not a list", id="holds"),
        pytest.param({"desired": "a@1"}, "does not say whether it is complete", id="text"),
        pytest.param({"desired": {"nodes": []}}, "does not say whether it is complete", id="no status"),
        pytest.param({"desired": {"nodes": [], "status": "fine"}}, "'fine' is none of", id="unknown status"),
        pytest.param({"desired": listing(status="failed")}, "half of it could not be read", id="failed"),
        pytest.param({"desired": {"nodes": "a@1", "status": "complete"}}, "not a list", id="nodes no list"),
        pytest.param({"desired": {"nodes": ["a@1"], "status": "complete"}}, "'a@1' is not a node", id="bare name"),
        pytest.param(
            {"desired": {"nodes": [{"name": "a", "state": "odd"}], "status": "complete"}}, "'odd'", id="unknown state"
        ),
        pytest.param({"views": ["a@1"]}, "views is not a dictionary", id="views no dictionary"),
        pytest.param({"views": {"a@1": "a@2"}}, "views['a@1'] is not a list of names", id="peers no list"),
        pytest.param({"unreachable": ["a@1"]}, "unreachable is not a dictionary", id="unreachable no dictionary"),
        pytest.param({"policy": {"max_prun": 1}}, "max_prun", id="unknown policy"),
        pytest.param({"policy": {"max_prune": "few"}}, "policy.max_prune: 'few'", id="bad policy"),
        pytest.param({"facts": {"fast": True}}, "fast", id="unknown fact"),
        pytest.param({"facts": {"transitive": "perhaps"}}, "transitive", id="mistyped fact"),
        pytest.param({"confirmed": 0}, "confirmed is 0", id="confirmed by none"),
        pytest.param({"confirmed": "twice"}, "confirmed is 'twice'", id="confirmed no number"),
    ],
)
def test_bad_input_is_an_error_that_says_what(arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        membership_plan(**{"desired": listing("a@1"), **arguments})
    assert expected in str(error.value)
