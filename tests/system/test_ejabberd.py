# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ejabberd's own membership, on real ejabberd nodes.

The tests that take ``three`` leave it as it was: three members, all whole, with the user alice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common import settle
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.registry import driver_for
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError, RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import converge

from tests.harness.ansible.command import Ansible
from tests.harness.erlang.beam import COOKIE, beams
from tests.harness.erlang.clusters import heal, topology
from tests.harness.erlang.ejabberd import Ejabberd, ejabberds, partition, wait_down
from tests.harness.loopback import free_port
from tests.harness.outcomes import problem_of
from tests.harness.waiting import wait_until

DRIVER = {"driver": "ejabberd"}
OLD_NAME = {"driver_config": {"preset": "ejabberd"}}


def keep(nodes: Sequence[Ejabberd], policy: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """One ``membership`` run that wants exactly these nodes."""
    options.setdefault("driver", "ejabberd")
    policy = {"scope": ["ejabberd@*"], **(policy or {})}
    return heal([node.name for node in nodes], nodes[0].port, policy=policy, **options)


def outcome(result: dict[str, Any]) -> tuple[bool, bool, dict[str, str]]:
    return result["changed"], result["converged"], {line["node"]: line["reason"] for line in result["refused"]}


def whole(nodes: Sequence[Ejabberd]) -> bool:
    everyone = {node.name for node in nodes}
    return all(node.known() == node.running() == everyone for node in nodes)


@pytest.fixture(scope="module")
def three() -> Iterator[list[Ejabberd]]:
    with ejabberds(3) as nodes:
        nodes[1].register("alice")
        predicted = keep(nodes[:2], check=True)
        assert not any(len(node.known()) > 1 for node in nodes), "check mode changes nothing"
        result = keep(nodes[:2])
        assert outcome(result) == (True, True, {})
        assert predicted["connected"] == result["connected"]
        assert predicted["diff"]["after"] == result["diff"]["after"]
        # Not the first by name, but the one that has something to lose is where the other one joins.
        assert result["connected"] == [{"observer": nodes[1].name, "node": nodes[0].name}]
        assert whole(nodes[:2])
        assert nodes[0].has("alice")
        assert outcome(keep(nodes)) == (True, True, {})
        assert whole(nodes)
        yield nodes


@pytest.fixture(autouse=True)
def left_whole(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "three" in request.fixturenames:
        nodes = request.getfixturevalue("three")
        assert whole(nodes)
        assert all(node.has("alice") for node in nodes)


def test_fresh_nodes_form_a_cluster_and_a_second_run_changes_nothing(three: list[Ejabberd], ansible: Ansible) -> None:
    result = ansible.module(
        "selfheal.cluster.membership",
        strategy="static",
        config={"nodes": [node.name for node in three]},
        driver="ejabberd",
        driver_config={"cookie": COOKIE, "port": three[0].port},
    )
    assert outcome(result) == (False, True, {})
    assert result["islands"] == [sorted(node.name for node in three)]


def test_the_old_name_of_the_driver_means_the_same(three: list[Ejabberd]) -> None:
    *staying, stray = three
    result = keep(staying, driver="erlang", **OLD_NAME)
    assert outcome(result) == (False, False, {stray.name: "prune_live"})
    assert result["members"] == keep(staying)["members"]


def test_a_failed_discovery_changes_nothing(three: list[Ejabberd]) -> None:
    failing = topology_of(
        {
            "strategy": "dns",
            "config": {
                "query": "chat.test",
                "node_basename": "ejabberd",
                "nameservers": ["127.0.0.1"],
                "port": free_port("127.0.0.1"),
                "timeout": 1,
            },
            "driver": "ejabberd",
            "driver_config": {"cookie": COOKIE, "port": three[0].port},
            "policy": {"prune_live": True, "max_prune": "100%"},
        }
    )
    with pytest.raises(RoundError, match="discovery failed, so nothing was changed"):
        converge(failing, False, 5)


def test_a_live_member_is_not_pruned_unless_the_policy_says_so_and_then_leaves(three: list[Ejabberd]) -> None:
    *staying, stray = three
    assert outcome(keep(staying)) == (False, False, {stray.name: "prune_live"})
    assert whole(three)
    result = keep(staying, {"prune_live": True})
    assert outcome(result) == (True, True, {})
    assert result["pruned"] == [{"observer": stray.name, "node": stray.name}]
    assert whole(staying)
    assert stray.beam.process.wait(10) == 0
    stray.start()
    assert stray.known() == {stray.name}, "what it held is gone"
    problems = asyncio.run(_runs_that_join(stray, staying, 2))
    assert sum(problem is None for problem in problems) == 1, "it is not emptied twice"
    assert any(problem and "nothing was done" in problem for problem in problems)


async def _runs_that_join(node: Ejabberd, members: Sequence[Ejabberd], count: int) -> list[str | None]:
    """What so many runs at once say of joining the same node to the first of the members."""
    nodes = [Node(one.name) for one in (*members, node)]
    action = Action("connect", node.name, "missing", members[0].name)

    async def run() -> str | None:
        driver = driver_for(topology([one.name for one in nodes], node.port, **DRIVER))
        try:
            await driver.observe(nodes, lambda name: True)
            return await problem_of(driver, action, nodes)
        finally:
            await driver.close()

    return await asyncio.gather(*(run() for _run in range(count)))


def test_a_dead_member_is_kept_while_it_is_listed_and_then_taken_off_everywhere(three: list[Ejabberd]) -> None:
    """E1: those that run are not all members. E3: with its old database it is a member again, which is said."""
    *staying, dead = three
    dead.kill()
    wait_down(staying, dead)
    result = keep(three)
    assert outcome(result) == (False, True, {})
    assert list(result["unreachable_nodes"]) == [dead.name]
    assert all(dead.name in node.known() for node in staying)
    predicted = keep(staying, check=True)
    result = keep(staying)
    assert outcome(result) == (True, True, {})
    assert result["pruned"] == predicted["pruned"] == [{"observer": staying[0].name, "node": dead.name}]
    assert whole(staying)
    (left,) = (event for event in result["events"] if event["event"] == "left")
    assert "delete its database before it is started again" in left["reason"]
    assert any(dead.name in warning and "delete its database" in warning for warning in result["warnings"])
    dead.start()
    wait_until(lambda: whole(three), 20, "the member to be back, by itself")
    assert outcome(keep(three)) == (False, True, {})


def test_a_member_that_lost_its_database_joins_again_unless_it_holds_new_data(three: list[Ejabberd]) -> None:
    """E4"""
    lost, *others = three
    lost.kill()
    wait_down(others, lost)
    lost.start(wiped=True)
    lost.register("bob")
    result = keep(three)
    assert outcome(result) == (False, False, {lost.name: "data"})
    assert any("passwd" in warning and lost.name in warning for warning in result["warnings"])
    lost.remove("bob")
    result = keep(three)
    assert outcome(result) == (True, True, {})
    assert [line["node"] for line in result["connected"]] == [lost.name]


def test_in_a_partition_nobody_joins_and_nobody_is_taken_off(
    three: list[Ejabberd], monkeypatch: pytest.MonkeyPatch
) -> None:
    """E2: after one lost connection each is alone, and calls the one whom we cannot ask dead."""
    monkeypatch.setattr(settle, "UNCHANGED", 0.5)
    one, other, third = three
    partition(three)
    everyone = {node.name: "partitioned" for node in three}
    result = keep(three)
    assert outcome(result) == (False, False, everyone)
    assert list(map(len, result["islands"])) == [1, 1, 1]
    assert any("do not agree on who is in the cluster and runs" in warning for warning in result["warnings"])
    third.beam.eval("erlang:set_cookie(node(), another)")
    assert outcome(keep([one, other])) == (False, False, everyone)
    assert all(len(node.known()) == 3 for node in three)
    for node in (other, third):
        node.kill()
    for node in (other, third):
        node.start()
    wait_until(lambda: whole(three), 20, "what stopping all but one of them mends")
    assert outcome(keep(three)) == (False, True, {})


@pytest.fixture(scope="module")
def strangers() -> Iterator[list[Ejabberd]]:
    """Four blank nodes that never met; the last test that takes them makes clusters of them."""
    with ejabberds(4) as nodes:
        yield nodes


def test_a_source_that_does_not_run_costs_the_node_that_joins_nothing(strangers: list[Ejabberd]) -> None:
    newcomer, stopped = strangers[:2]
    stopped.beam.eval("application:stop(ejabberd)")
    (problem,) = asyncio.run(_runs_that_join(newcomer, [stopped], 1))
    assert problem == f"ejabberd does not run on {stopped.name}, or is starting"
    assert newcomer.known() == newcomer.running() == {newcomer.name}
    result = keep([newcomer, stopped])
    assert (result["changed"], list(result["unreachable_nodes"])) == (False, [stopped.name])
    stopped.beam.eval("application:start(ejabberd)")


def test_clusters_that_never_met_are_not_merged(strangers: list[Ejabberd]) -> None:
    one, other = strangers[0], strangers[2]
    one.register("alice")
    other.register("bob")
    assert outcome(keep([one, other])) == (False, False, {one.name: "split", other.name: "split"})
    assert keep(strangers[:2])["converged"]
    assert keep(strangers[2:])["converged"]
    assert outcome(keep(strangers)) == (False, False, {node.name: "split" for node in strangers})
    for side, user in ((strangers[:2], "alice"), (strangers[2:], "bob")):
        assert whole(side)
        assert all(node.has(user) for node in side)


def test_functions_of_ones_own_that_fit_are_called_on_the_observer(three: list[Ejabberd]) -> None:
    own = {
        "driver": "erlang",
        "list_nodes": ["ejabberd_cluster", "get_nodes", []],
        "disconnect": ["ejabberd_cluster", "leave", []],
    }
    assert outcome(keep(three, **own)) == (False, True, {})
    *staying, stray = three
    assert outcome(keep(staying, **own)) == (False, False, {stray.name: "prune_live"})
    result = keep(staying, {"prune_live": True}, **own)
    assert outcome(result) == (True, True, {})
    assert {line["observer"] for line in result["pruned"]} == {node.name for node in staying}
    assert whole(staying)
    stray.beam.process.wait(10)
    stray.start()
    assert outcome(keep(three)) == (True, True, {})


def test_a_function_that_is_not_there_is_told_by_name_and_arity_and_option(three: list[Ejabberd]) -> None:
    *staying, stray = three
    own = {"driver": "erlang", "list_nodes": ["ejabberd_cluster", "get_nodes", []]}
    result = keep(staying, {"prune_live": True}, disconnect=["ejabberd_cluster", "part", ["now"]], **own)
    assert result["changed"] is False
    warning = next(warning for warning in result["warnings"] if f"{stray.name} was not pruned" in warning)
    assert "has no function ejabberd_cluster:part/2 (topology option `disconnect`)" in warning


def test_a_node_that_is_no_ejabberd_says_so() -> None:
    with beams(1) as nodes, pytest.raises(RoundError, match=f"ejabberd does not run on {nodes[0].name}"):
        heal(nodes, **DRIVER)


@pytest.mark.parametrize("option", ["connect", "disconnect", "list_nodes"])
def test_a_preset_stands_for_the_three_functions(option: str) -> None:
    with pytest.raises(OptionError, match=f"{option}: does not go with driver_config.preset 'ejabberd'"):
        topology(["ejabberd@127.0.0.1"], 1, **OLD_NAME, **{option: ["m", "f", []]})


def test_an_unknown_preset_is_told_with_those_that_there_are() -> None:
    with pytest.raises(OptionError, match=r"driver_config\.preset: 'jabber' is not one of ejabberd"):
        topology(["ejabberd@127.0.0.1"], 1, driver_config={"preset": "jabber"})
