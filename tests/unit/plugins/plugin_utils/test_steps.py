# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rounds of task files, step by step, against a cluster that does what the steps say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.selfheal.cluster.plugins.filter.membership_step import membership_step

Views = dict[str, set[str]]


class Cluster:
    """Does each step as the role's tasks would, in a mesh that completes itself."""

    def __init__(self, *islands: str, desired: str = "abc", **options: Any) -> None:
        self.views: Views = {name: set(island) - {name} for island in islands for name in island}
        self.down: set[str] = set()
        self.problems: dict[str, str] = {}
        self.listings: list[Mapping[str, Any]] = [self.listing(desired)]
        self.list: Callable[[], Mapping[str, Any]] = self.read
        self.log: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []
        self.options = {
            "strategy": "static",
            "config": {"nodes": list(desired)},
            "policy": {"scope": ["*"], "confirmation_interval": 3, **options.pop("policy", {})},
            "facts": {"transitive": True, "reversible": True},
            "topology": "web",
            **options,
        }

    @staticmethod
    def listing(names: str, status: str = "complete") -> dict[str, Any]:
        reasons = [] if status == "complete" else ["NXDOMAIN"]
        nodes = [{"name": name, "address": f"10.0.0.{ord(name)}"} for name in names]
        return {"nodes": nodes, "status": status, "reasons": reasons}

    def read(self) -> dict[str, Any]:
        alive = {name: sorted(peers - self.down) for name, peers in self.views.items() if name not in self.down}
        down = {name: sorted(self.views[name] & self.down) for name in alive}
        return {"views": alive, "unreachable": dict.fromkeys(self.down, "it is off"), "down": down}

    def run(self) -> dict[str, Any]:
        """:returns: the step in which it ends."""
        while True:
            step = membership_step(self.log, **self.options)
            self.steps.append(step)
            if step["step"] in ("end", "fail"):
                return step
            self.log.append({"step": step["step"], **self._do(step)})

    def made(self) -> list[str]:
        return [step["step"] for step in self.steps]

    def _do(self, step: dict[str, Any]) -> Mapping[str, Any]:
        if step["step"] == "discover":
            return {"listing": self.listings.pop(0) if len(self.listings) > 1 else self.listings[0]}
        if step["step"] == "list":
            return self.list()
        return {"problems": [self._act(action) for action in step["actions"]]}

    def _act(self, action: dict[str, Any]) -> str | None:
        observer, node = action["observer"], action["node"]
        if node in self.problems:
            return self.problems[node]
        if action["action"] == "disconnect":
            self.views[observer].discard(node)
            self.views[node].discard(observer)
        else:
            both = self.views[observer] | self.views[node] | {observer, node}
            for name in both & self.views.keys():
                self.views[name] = both - {name}
        return None


def events(step: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(event["event"], event["node"]) for event in step["result"]["events"]]


def test_a_whole_cluster_takes_two_steps() -> None:
    cluster = Cluster("abc")
    end = cluster.run()
    assert cluster.made() == ["discover", "list", "end"]
    assert [node["name"] for node in cluster.steps[1]["nodes"]] == ["a", "b", "c"]
    result = end["result"]
    assert (result["changed"], result["converged"], result["failed"], result["rounds"]) == (False, True, False, 1)
    assert "timings" not in result


def test_what_is_missing_is_connected_and_looked_for() -> None:
    cluster = Cluster("ab", "c")
    end = cluster.run()
    assert cluster.made() == ["discover", "list", "connect", "list", "end"]
    assert cluster.steps[2]["actions"] == [
        {
            "action": "connect",
            "observer": "a",
            "observer_address": "10.0.0.97",
            "node": "c",
            "node_address": "10.0.0.99",
            "reason": "island",
            "detail": "a is in another island",
        }
    ]
    assert events(end) == [("joined", "c")]
    assert end["result"]["connected"] == [{"observer": "a", "node": "c"}]


def test_a_prune_is_confirmed_by_a_discovery_of_its_own_and_seen() -> None:
    cluster = Cluster("abcx")
    end = cluster.run()
    assert cluster.made() == ["discover", "list", "discover", "list", "disconnect", "list", "end"]
    assert (cluster.steps[2]["attempt"], cluster.steps[2]["pause"]) == (1, 3.0)
    assert {action["observer"] for action in cluster.steps[4]["actions"]} == {"a", "b", "c"}
    assert {action["node_address"] for action in cluster.steps[4]["actions"]} == {None}
    assert events(end) == [("left", "x")]


@pytest.mark.parametrize("second", [Cluster.listing("", "failed"), Cluster.listing("ab", "partial")])
def test_a_doubtful_confirmation_prunes_nobody(second: dict[str, Any]) -> None:
    cluster = Cluster("abcx")
    cluster.listings = [Cluster.listing("abc"), second, Cluster.listing("abc")]
    end = cluster.run()
    assert "disconnect" not in cluster.made()
    assert (end["step"], end["result"]["changed"], end["result"]["refused"][0]["reason"]) == (
        "end",
        False,
        "unconfirmed",
    )


def test_a_failed_discovery_fails_and_asks_nobody() -> None:
    cluster = Cluster("ab", "c")
    cluster.listings = [Cluster.listing("", "failed")]
    end = cluster.run()
    assert cluster.made() == ["discover", "fail"]
    assert end["msg"] == "topology 'web': discovery failed, so nothing was changed: NXDOMAIN"
    assert (end["result"]["failed"], end["result"]["changed"], end["result"]["status"]) == (True, False, "failed")


def test_check_mode_predicts_and_acts_on_nobody() -> None:
    cluster = Cluster("abx", "c", check_mode=True)
    end = cluster.run()
    assert cluster.made() == ["discover", "list", "discover", "list", "end"]
    result = end["result"]
    assert (result["changed"], result["events"]) == (True, [])
    assert {action["node"] for action in result["pruned"]} == {"x"}
    assert result["connected"] == [{"observer": "a", "node": "c"}]


def test_looking_gives_the_plan() -> None:
    cluster = Cluster("ab", "c", inspect=True)
    end = cluster.run()
    assert cluster.made() == ["discover", "list", "end"]
    assert [(line["action"], line["node"]) for line in end["result"]["plan"]] == [("connect", "c")]


def test_a_connect_that_fails_is_told_and_the_others_go_on() -> None:
    cluster = Cluster("a", "b", "c")
    cluster.problems["b"] = "the switch is locked"
    end = cluster.run()
    assert events(end) == [("joined", "c"), ("connect_failed", "b")]
    assert (end["step"], end["result"]["converged"]) == ("end", False)


def test_a_disconnect_that_changed_nothing_is_no_prune() -> None:
    cluster = Cluster("abcx")
    cluster.list = lambda: {"views": {name: [peer for peer in "abcx" if peer != name] for name in "abc"}}
    end = cluster.run()
    assert (end["result"]["changed"], end["result"]["pruned"], events(end)) == (False, [], [])
    looks = [step for step in cluster.steps if step["step"] == "list" and step["pause"]]
    assert len(looks) == 4
    assert not end["result"]["converged"]


def test_a_member_that_is_down_goes_without_reversible_and_a_live_one_stays() -> None:
    cluster = Cluster("abcxy", facts={"transitive": True}, policy={"max_prune": "2"})
    cluster.down = {"x"}
    end = cluster.run()
    assert events(end) == [("left", "x"), ("prune_refused", "y")]


def test_without_facts_a_live_member_stays() -> None:
    cluster = Cluster("abcx", facts={})
    end = cluster.run()
    assert cluster.made() == ["discover", "list", "end"]
    assert end["result"]["refused"] == [{"node": "x", "action": "prune", "reason": "prune_live"}]


def test_who_was_not_read_is_unreachable_and_not_alone() -> None:
    cluster = Cluster("abc")
    cluster.list = lambda: {"views": {"a": ["b", "c"], "b": ["a", "c"]}}
    end = cluster.run()
    assert end["result"]["unreachable_nodes"] == {"c": "the tasks that list did not read it"}
    assert cluster.made() == ["discover", "list", "end"]


def test_tasks_that_stop_listing_end_a_run_that_has_changed_something() -> None:
    cluster = Cluster("ab", "c")
    answers = iter([cluster.read(), {"problem": "the switch is locked"}])
    cluster.list = lambda: next(answers)
    end = cluster.run()
    assert end["msg"] == "topology 'web': the tasks that list failed, so nothing more was changed: the switch is locked"
    assert (end["result"]["changed"], events(end)) == (True, [])


def test_a_run_that_never_comes_to_rest_ends() -> None:
    cluster = Cluster("abc", max_rounds=1000, policy={"confirmations": 1, "max_prune": "100%"})
    strays = iter(f"x{number}" for number in range(1000))
    cluster.views = {}
    cluster.views.update({name: set() for name in "abc"})

    def another_stray() -> dict[str, Any]:
        stray = next(strays)
        cluster.views[stray] = set()
        return {"views": {"a": ["b", "c", stray], "b": ["a", "c"], "c": ["a", "b"]}}

    cluster.list = another_stray
    end = cluster.run()
    assert end["step"] == "fail"
    assert "200 steps were made" in end["msg"]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ({}, "converge_views is not set"),
        ({"views": []}, "converge_views is not a dictionary"),
        ({"views": {"a": "b"}}, "converge_views['a'] is not a list of names"),
        ({"views": {"a": [1]}}, "converge_views['a'] is not a list of names"),
        ({"views": {"a": []}, "down": {"b": []}}, "converge_down['b'] is of an observer that"),
        ({"views": {"a": []}, "unreachable": ["b"]}, "converge_unreachable is not a dictionary"),
        ({"views": {"a": []}, "unreachable": {"a": "x"}}, "'a' is in converge_views and in converge_unreachable"),
    ],
)
def test_views_that_are_none_change_nothing(listed: dict[str, Any], expected: str) -> None:
    cluster = Cluster("ab", "c")
    cluster.list = lambda: listed
    end = cluster.run()
    assert "the tasks that list said nothing usable, so nothing was changed: " in end["msg"]
    assert expected in end["msg"]
    assert cluster.made() == ["discover", "list", "fail"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"strategy": "nowhere"}, "'nowhere' is unknown"),
        ({"policy": {"max_prune": "few"}}, "policy.max_prune: 'few'"),
        ({"policy": {"prun": True}}, "prun"),
        ({"policy": {"fence": True}}, "policy.fence: is not for tasks in the place of a driver"),
        ({"facts": {"exclusive": True}}, "exclusive"),
        ({"max_rounds": 0}, "max_rounds: 0 is less than 1"),
        ({"max_rounds": "many"}, "many"),
        ({"config": {"nods": []}}, "nods"),
    ],
)
def test_options_are_checked_at_the_first_step(options: dict[str, Any], expected: str) -> None:
    given = {"strategy": "static", "config": {"nodes": []}, "topology": "web", **options}
    with pytest.raises(AnsibleFilterError, match="topology 'web'") as error:
        membership_step([], **given)
    assert expected in str(error.value)


def test_a_log_of_something_else_is_an_error() -> None:
    with pytest.raises(AnsibleFilterError, match="entry 0 of the log is 'list' where 'discover' comes next"):
        membership_step([{"step": "list"}], "static", {"nodes": []})
