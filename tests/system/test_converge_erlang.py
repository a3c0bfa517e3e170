# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The round on real Erlang nodes in each of their modes."""

from __future__ import annotations

import re
import socket

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang import prune
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import inspect

from tests.harness.clock import within
from tests.harness.erlang.beam import beams, is_whole, join
from tests.harness.erlang.clusters import MODES, connects_itself, forget, heal, lost, topology
from tests.harness.loopback import loopback_addresses
from tests.harness.waiting import wait_until


@pytest.fixture(params=MODES)
def five(request: pytest.FixtureRequest):
    with beams(5, **MODES[request.param]) as nodes:
        yield nodes


def test_isolated_nodes_become_one_mesh_and_a_prune_costs_the_others_nothing(five) -> None:
    result = heal(five)
    assert (result["changed"], result["converged"]) == (True, True)
    assert is_whole(five)
    assert result["islands"] == [sorted(node.name for node in five)]
    assert heal(five)["changed"] is False

    forget(five)
    *staying, stray = five
    predicted = heal(staying, check=True)
    assert is_whole(five), "check mode changes nothing"
    result = heal(staying)
    assert (result["changed"], result["converged"], result["refused"]) == (True, True, [])
    assert predicted["pruned"] == result["pruned"]
    assert {pruned["node"] for pruned in result["pruned"]} == {stray.name}
    assert lost(staying, but=[stray]) == {}
    assert is_whole(staying)
    assert not stray.peers()
    assert heal(staying)["changed"] is False


def test_check_mode_predicts_the_edges(five) -> None:
    predicted = heal(five, check=True)
    assert all(not node.peers() for node in five)
    result = heal(five)
    assert predicted["connected"] == result["connected"]
    assert predicted["diff"]["after"] == result["diff"]["after"]


def test_a_prune_and_a_join_in_one_round(five) -> None:
    *old, newcomer = five
    assert heal(old)["converged"]
    forget(old)
    stray, *staying = old
    wanted = [*staying, newcomer]
    result = heal(wanted, policy={"max_prune": "1"})
    assert result["converged"]
    assert result["rounds"] == 1
    assert is_whole(wanted)
    assert lost(staying, but=[stray]) == {}
    assert {event["event"]: event["node"] for event in result["events"]} == {
        "left": stray.name,
        "joined": newcomer.name,
    }


def test_pruning_one_of_twenty_live_nodes_costs_the_other_nineteen_not_one_link(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tries = 20
    costs = {}
    with beams(20) as nodes:
        join(nodes)
        for number in range(tries):
            stray = nodes[number]
            staying = [node for node in nodes if node is not stray]
            assert heal(staying)["converged"]
            found = [lost(staying, but=[stray]), is_whole(staying), stray.peers()]
            assert heal(nodes)["converged"]
            found.append(lost(staying, but=[stray]))
            if found != [{}, True, frozenset(), {}]:
                costs[number] = found
            forget(nodes)
    with capsys.disabled():
        clean = tries - len(costs)
        print(f"\npruned 1 of 20 live nodes {tries} times: {clean} times without one nodedown among the other 19")
    assert costs == {}, "of each try: what was lost, whether the rest is whole, the stray's peers, what was lost then"


def test_several_live_nodes_are_pruned_at_once() -> None:
    with beams(12) as nodes:
        join(nodes)
        strays, staying = nodes[:3], nodes[3:]
        result = heal(staying)
        assert {pruned["node"] for pruned in result["pruned"]} == {stray.name for stray in strays}
        assert lost(staying, but=strays) == {}
        assert is_whole(staying)


@pytest.mark.parametrize("sizes", [(12, 8), (6, 5, 1)])
def test_a_split_cluster_is_healed_and_nobody_loses_a_link(sizes) -> None:
    with beams(sum(sizes)) as nodes:
        rest = list(nodes)
        for size in sizes:
            join(rest[:size])
            rest = rest[size:]
        seen = inspect(topology([n.name for n in nodes], nodes[0].port)).values
        assert [len(island) for island in seen["islands"]] == list(sizes)
        result = heal(nodes)
        assert result["converged"]
        assert len(result["connected"]) == len(sizes) - 1
        assert lost(nodes) == {}
        assert is_whole(nodes)


@pytest.fixture
def refusing():
    """Six nodes of which two refuse each other, so that the mesh looks linked and isn't whole."""
    with beams(6) as nodes:
        one, other = nodes[3:5]
        one.eval(f"erlang:set_cookie('{other.name}', other)")
        nodes[0].connect(*nodes[1:])
        wait_until(lambda: any(node.peers() for node in nodes[1:]), 30, "the first links")
        yield nodes


def test_members_that_cannot_be_whole_where_they_are_leave_and_rejoin(refusing) -> None:
    one, other = refusing[3:5]
    one.eval(f"erlang:set_cookie('{other.name}', erlang:get_cookie())")
    bystanders = [node for node in refusing if node not in (one, other)]
    wait_until(lambda: is_whole(bystanders, steady=False) or len(refusing[0].peers()) >= 3, 20, "the bystanders")
    result = heal(refusing)
    assert result["converged"]
    assert is_whole(refusing)


@pytest.mark.long
def test_members_that_refuse_each_other_are_told_and_not_torn_again_and_again(refusing) -> None:
    result = heal(refusing)
    assert not result["converged"]
    ups = [node.ups().count(peer.name) for node in refusing for peer in refusing]
    assert max(ups) <= 10, "two in each of its five rounds: the connect, and what the mesh does with it"
    assert any(not heal(refusing)["changed"] for _later in range(6))
    forget(refusing)
    for _later in range(2):
        result = heal(refusing)
        assert (result["changed"], result["converged"]) == (False, False)
        assert {refused["reason"] for refused in result["refused"]} == {"unsteady"}
    assert lost(refusing) == {}


def test_before_otp_25_1_a_node_leaves_while_global_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "_LEAVE", RemoteCall("global", "not_there_yet", []))
    with beams(6) as nodes:
        join(nodes)
        *staying, stray = nodes
        assert heal(staying)["converged"]
        assert lost(staying, but=[stray]) == {}
        assert is_whole(staying)
        assert not stray.peers()
        assert heal(nodes)["converged"], "global is awake again"


def test_a_frozen_stray_is_left_to_its_peers() -> None:
    with beams(4) as nodes:
        join(nodes)
        *staying, stray = nodes
        stray.freeze()
        result = heal(staying, driver_config={"timeout": 3})
        assert result["refused"] == [{"node": stray.name, "action": "prune", "reason": "no_answer"}]
        assert (result["changed"], result["converged"]) == (False, False)
        assert any("no_answer" in warning and stray.name in warning for warning in result["warnings"])
        stray.thaw()
        assert lost(nodes) == {}


def test_a_frozen_member_is_kept_as_long_as_discovery_lists_it() -> None:
    with beams(4) as nodes:
        join(nodes)
        nodes[3].freeze()
        result = heal(nodes, driver_config={"timeout": 3})
        assert (result["changed"], result["converged"]) == (False, True)
        assert list(result["unreachable_nodes"]) == [nodes[3].name]
        with pytest.raises(RoundError, match="on_unreachable"):
            heal(nodes, driver_config={"timeout": 3}, policy={"on_unreachable": "fail"})
        nodes[3].thaw()
        assert lost(nodes) == {}


def test_a_node_that_reconnects_itself_is_told_and_not_fought_for_ever() -> None:
    with beams(4) as nodes:
        join(nodes)
        *staying, stray = nodes
        connects_itself(stray, staying[0])
        result = heal(staying)
        assert not result["converged"]
        assert result["rounds"] == 1
        assert any("something inside it connects it" in warning for warning in result["warnings"])
        assert lost(staying, but=[stray]) == {}


def test_black_holes_cost_one_time_out_together_and_the_others_are_converged_meanwhile() -> None:
    with beams(4) as nodes:
        holes = [socket.create_server((address, nodes[0].port)) for address in loopback_addresses(10)]
        try:
            names = [f"app@{hole.getsockname()[0]}" for hole in holes]
            with within(6, work=1.5):
                result = heal([*nodes, *names], driver_config={"timeout": 6})
        finally:
            for hole in holes:
                hole.close()
        assert is_whole(nodes)
        assert sorted(result["unreachable_nodes"]) == sorted(names)
        assert {refused["reason"] for refused in result["refused"]} == {"no_answer"}


def test_a_dead_member_is_tried_by_a_member_once() -> None:
    with beams(3) as nodes:
        nodes[2].kill()
        result = heal(nodes)
        assert is_whole(nodes[:2])
        assert not result["converged"]
        assert sorted(event["event"] for event in result["events"]) == ["connect_failed", "joined"]
        assert "Connection refused" in result["unreachable_nodes"][nodes[2].name]


def test_a_wrong_cookie_is_told_as_such_for_each_member() -> None:
    with beams(2) as nodes, beams(1, cookie="another-cookie") as strangers:
        with pytest.raises(RoundError) as caught:
            heal(nodes, driver_config={"cookie": "wrong-cookie"})
        both = ", ".join(node.name for node in nodes)
        assert f"{both}: cookie rejected by …" in str(caught.value)
        assert "wrong-cookie" not in str(caught.value)
        assert caught.value.result["changed"] is False
        stranger = strangers[0]
        result = heal([nodes[0].name, nodes[1].name, stranger.name], nodes[0].port)
        assert is_whole(nodes)
        assert list(result["unreachable_nodes"]) == [stranger.name]


def test_above_max_prune_nobody_is_pruned() -> None:
    with beams(5) as nodes:
        join(nodes)
        result = heal(nodes[2:])
        assert {refused["reason"] for refused in result["refused"]} == {"max_prune"}
        assert result["changed"] is False
        assert is_whole(nodes)
        assert lost(nodes) == {}


def test_libclusters_own_functions_mean_the_safe_way() -> None:
    with beams(4) as nodes:
        join(nodes)
        *staying, stray = nodes
        result = heal(
            staying,
            connect=["net_kernel", "connect_node", []],
            disconnect=["erlang", "disconnect_node", []],
            list_nodes=["erlang", "nodes", ["connected"]],
        )
        assert result["pruned"] == [{"observer": stray.name, "node": stray.name}]
        assert lost(staying, but=[stray]) == {}


def test_functions_of_ones_own_are_called_on_each_pair() -> None:
    with beams(3) as nodes:
        own = {
            "connect": ["net_kernel", "hidden_connect_node", []],
            "list_nodes": ["erlang", "nodes", ["hidden"]],
            "disconnect": ["net_kernel", "disconnect", []],
        }
        result = heal(nodes, **own)
        assert len(result["connected"]) == 3
        assert result["converged"]
        assert all(not node.peers() for node in nodes), "no visible link"
        assert heal(nodes, **own)["changed"] is False
        result = heal(nodes[:2], **own)
        assert [(refused["node"], refused["reason"]) for refused in result["refused"]] == [
            (nodes[2].name, "prune_live")
        ]
        result = heal(nodes[:2], policy={"prune_live": True}, **own)
        assert result["converged"]
        assert {pruned["node"] for pruned in result["pruned"]} == {nodes[2].name}


def test_a_function_that_is_not_there_is_told_by_name_and_arity() -> None:
    with beams(2) as nodes:
        result = heal(nodes, connect=["chat", "join", ["a"]])
        observers = "|".join(re.escape(node.name) for node in nodes)
        told = rf"({observers}) has no function chat:join/2 \(topology option `connect`\)"
        assert any(re.search(told, warning) for warning in result["warnings"])
        told = f"{nodes[1].name}: … has no function chat:members/0 (topology option `list_nodes`)"
        with pytest.raises(RoundError, match=re.escape(told)):
            heal(nodes, list_nodes=["chat", "members", []])


def test_a_function_that_fails_inside_is_not_called_missing() -> None:
    with beams(2) as nodes:
        result = heal(nodes, connect=["erlang", "apply", ["chat", "join"]])
        assert not any("has no function" in warning for warning in result["warnings"])


def test_looking_adds_no_atom_to_the_members() -> None:
    with beams(2) as nodes:

        def atoms():
            for _time in range(10):
                heal(nodes)
            return nodes[0].eval("erlang:system_info(atom_count)")

        atoms()  # the first runs make the node load code
        assert atoms() == atoms()


def test_hidden_members_are_linked_one_by_one_and_cost_the_visible_ones_nothing() -> None:
    with beams(2) as visible, beams(2, port=visible[0].port, arguments=["-hidden"]) as hidden:
        nodes = [*visible, *hidden]
        result = heal(nodes)
        assert (result["changed"], result["converged"]) == (True, True)
        assert all(len(node.names("nodes(connected)") & {other.name for other in nodes}) == 3 for node in nodes)
        forget(nodes)
        result = heal(nodes)
        assert (result["changed"], result["converged"]) == (False, True)
        assert lost(nodes) == {}


def test_a_member_that_discovery_knows_by_another_name_is_not_pruned() -> None:
    with beams(3) as nodes:
        join(nodes)
        *staying, misnamed = nodes
        other_name = f"app@{misnamed.address.replace('127.', '127.0', 1)}"
        wanted = [{"name": other_name, "address": misnamed.address}, *(node.name for node in staying)]
        result = heal(wanted, nodes[0].port)
        assert {refused["reason"] for refused in result["refused"] if refused["node"] == misnamed.name} == {
            "other_name"
        }
        assert result["pruned"] == []
        assert lost(nodes) == {}


def test_what_nobody_saw_is_not_called_done(monkeypatch: pytest.MonkeyPatch) -> None:
    with beams(3) as nodes:
        join(nodes)
        *staying, stray = nodes

        async def everybody_freezes(self, name) -> None:
            for node in nodes:
                node.freeze()

        monkeypatch.setattr(prune.ErlangPruner, "leave", everybody_freezes)
        result = heal(staying, driver_config={"timeout": 3})
        for node in nodes:
            node.thaw()
        assert (result["changed"], result["pruned"]) == (False, [])
        assert stray.name in " ".join(result["warnings"])
