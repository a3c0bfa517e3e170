# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Discovery,
    Done,
    Failed,
    Observation,
    Unreachable,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan
from ansible_collections.selfheal.cluster.plugins.module_utils._run.result import RunRecord

from .._planner.plans import AT_ONCE, EXCLUSIVE, JOINS_ALONE, discovered, mesh, name, seen_down


def recorded(discovery, observation, full=False, rules=EXCLUSIVE, policy=AT_ONCE):
    record = RunRecord("chat", full)
    planned = plan(discovery, observation, policy, rules)
    record.saw(discovery, observation, planned, rules)
    return record, planned


def test_a_run_that_found_nothing_to_do() -> None:
    record, _planned = recorded(discovered(1, 2), mesh((1, 2)))
    result = record.done()
    assert (result["changed"], result["converged"], result["status"]) == (False, True, "complete")
    assert result["views"] == {name(1): [name(2)], name(2): [name(1)]}
    assert result["islands"] == [[name(1), name(2)]]
    assert result["diff"]["before"] == result["diff"]["after"]
    assert record.warnings == []
    assert "plan" not in result


def test_what_users_should_know_of_the_source_is_a_warning() -> None:
    """E7"""
    record, _planned = recorded(dataclasses.replace(discovered(1, 2), notes=("it is large",)), mesh((1, 2)))
    result = record.done()
    assert (result["status"], result["reasons"]) == ("complete", [])
    assert record.warnings == ["topology 'chat': it is large"]


def test_who_was_pruned_and_would_come_back_with_what_it_has_stored_is_told() -> None:
    """E3"""
    for comes_back in (True, False):
        rules = dataclasses.replace(JOINS_ALONE, comes_back=comes_back)
        record, planned = recorded(discovered(1, 2), seen_down(mesh((1, 2, 3)), 3), rules=rules)
        record.did(dict.fromkeys(planned.prunes, Done()))
        result = record.done()
        left = [event["node"] for event in result["events"] if "its database" in event["reason"]]
        assert left == [name(3)] * comes_back
        told = f"topology 'chat': {name(3)} was pruned: discovery does not list it; delete its database before it is"
        assert sum(warning.startswith(told) for warning in record.warnings) == comes_back


def test_looking_gives_the_plan_instead_of_actions() -> None:
    record, _planned = recorded(discovered(1, 2), mesh((1,), (2,)))
    result = record.inspected()
    assert result["plan"] == [{"action": "connect", "node": name(2), "observer": name(1), "reason": "island"}]
    assert not {"connected", "pruned", "events", "rounds", "diff"} & set(result)
    assert result["converged"] is False


def test_a_prediction_is_told_as_if_it_had_been_done() -> None:
    record, planned = recorded(discovered(1, 2), mesh((1, 3), (2,)))
    record.predicts(planned)
    result = record.done()
    assert result["changed"] is True
    assert result["pruned"] == [{"observer": name(3), "node": name(3)}]
    assert result["connected"] == [{"observer": name(1), "node": name(2)}]
    assert name(3) in result["diff"]["before"]
    assert "chat: 2 desired, 2 members, 1 island\n" in result["diff"]["after"]


def test_large_views_are_cut_to_those_that_differ_unless_asked_for() -> None:
    everyone = tuple(range(1, 61))
    observation = mesh(everyone)
    views = dict(observation.views)
    views[name(7)] = dataclasses.replace(views[name(7)], peers=views[name(7)].peers - {name(8)})
    for full, shown in ((False, {name(7)}), (True, set(views))):
        record, _planned = recorded(discovered(*everyone), Observation(views), full)
        assert set(record.done()["views"]) == shown


def test_what_failed_is_an_event_and_a_warning_and_no_change() -> None:
    record, planned = recorded(discovered(1, 2), mesh((1,), (2,)))
    record.did(dict.fromkeys(planned.connects, Failed("refused")))
    result = record.done()
    assert result["changed"] is False
    assert [(event["event"], event["node"]) for event in result["events"]] == [("connect_failed", name(2))]
    assert record.warnings == [f"topology 'chat': {name(1)} could not connect {name(2)}: refused"]


def test_refusals_and_unreachable_nodes_are_warned_of_and_listed() -> None:
    observation = Observation(mesh((1, 2, 3)).views, {name(4): Unreachable("it is down")})
    policy = dataclasses.replace(AT_ONCE, max_prune="0")
    record, _planned = recorded(discovered(1, 2, 4), observation, policy=policy)
    result = record.done()
    assert result["refused"] == [{"node": name(3), "action": "prune", "reason": "max_prune"}]
    assert result["unreachable_nodes"] == {name(4): "it is down"}
    assert [event["event"] for event in result["events"]] == ["prune_refused"]
    assert any("max_prune" in warning for warning in record.warnings)
    assert any("it is down" in warning for warning in record.warnings)


def test_a_failed_discovery_is_neither_converged_nor_empty_success() -> None:
    record = RunRecord("chat", False)
    record.discovery_failed(Discovery.failed(["NXDOMAIN"]))
    result = record.done()
    assert (result["status"], result["reasons"]) == ("failed", ["NXDOMAIN"])
    assert (result["changed"], result["converged"]) == (False, False)


def test_an_empty_discovery_is_warned_of() -> None:
    record, _planned = recorded(Discovery.complete([]), Observation({}))
    assert any("complete and empty" in warning for warning in record.warnings)
