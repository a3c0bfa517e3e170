# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``policy.fence`` on real nodes that something inside them connects again and again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.forms import EMPTY, atom, match
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang import fence as _erlang_fence
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.members import ErlangMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError

from tests.harness.erlang.beam import COOKIE, Beam, beams, is_whole, join, wait_whole
from tests.harness.erlang.clusters import MODES, connects_itself, heal, lost

FENCE = {"fence": True}


@pytest.mark.parametrize("mode", MODES)
def test_a_node_that_connects_itself_stays_out_until_it_is_desired_again(mode: str) -> None:
    with beams(4, **MODES[mode]) as nodes:
        assert heal(nodes)["converged"]
        for node in nodes:
            node.forget()
        *staying, stray = nodes
        connects_itself(stray, staying[0])

        predicted = heal(staying, policy=FENCE, check=True)
        assert stray.peers()
        assert stray.eval("erlang:get_cookie()") == f"'{COOKIE}'"
        result = heal(staying, policy=FENCE)
        assert (result["changed"], result["converged"]) == (True, True), result["warnings"]
        assert predicted["pruned"] == result["pruned"]
        assert not stray.peers()
        assert lost(staying, but=[stray]) == {}
        assert is_whole(staying)
        assert stray.eval("erlang:get_cookie()") != f"'{COOKIE}'"
        assert heal(staying, policy=FENCE)["changed"] is False

        result = heal(nodes, policy=FENCE)
        assert (result["changed"], result["converged"]) == (True, True), result["warnings"]
        wait_whole(nodes)
        assert lost(staying, but=[stray]) == {}
        cookies = stray.names("[erlang:get_cookie(Node) || Node <- [node() | nodes(known)]]")
        assert cookies == {COOKIE}
        assert heal(nodes, policy=FENCE)["changed"] is False


def test_without_the_option_a_fenced_node_is_out_of_reach() -> None:
    with beams(3) as nodes:
        join(nodes)
        *staying, stray = nodes
        assert heal(staying, policy=FENCE)["converged"]
        result = heal(nodes)
        assert not result["converged"]
        assert "cookie rejected" in result["unreachable_nodes"][stray.name]
        assert lost(staying, but=[stray]) == {}


def test_a_node_of_somebody_elses_with_another_cookie_is_not_taken_for_fenced() -> None:
    with beams(2) as nodes, beams(1, cookie="another-cookie", port=nodes[0].port) as strangers:
        result = heal([*nodes, *strangers], policy=FENCE)
        assert "cookie rejected" in result["unreachable_nodes"][strangers[0].name]
        assert is_whole(nodes)


def test_two_fenced_nodes_are_let_in_at_once() -> None:
    with beams(5) as nodes:
        join(nodes)
        *staying, one, other = nodes
        assert heal(staying, policy={"max_prune": "2", **FENCE})["converged"]
        assert not one.peers()
        assert not other.peers()
        assert heal(nodes, policy=FENCE)["converged"]
        assert is_whole(nodes)
        assert lost(staying, but=[one, other]) == {}


def test_a_change_that_does_not_take_for_everyone_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check finds a cookie that is not the new one."""
    gap = replaced(_erlang_fence._FENCE, match(EMPTY, _erlang_fence._STILL_OTHER), match(EMPTY, atom("one")))
    monkeypatch.setattr(_erlang_fence, "_FENCE", gap)
    with beams(3) as nodes:
        join(nodes)
        *staying, stray = nodes
        result = heal(staying, policy=FENCE)
        assert result["pruned"] == []
        assert any("could not all be changed" in warning for warning in result["warnings"])
        assert is_whole(nodes)
        assert lost(nodes) == {}
        assert stray.names("[erlang:get_cookie(Node) || Node <- [node() | nodes(known)]]") == {COOKIE}


def replaced(form: Any, old: Any, new: Any) -> Any:
    if form == old:
        return new
    if isinstance(form, tuple):
        return tuple(replaced(part, old, new) for part in form)
    return [replaced(part, old, new) for part in form] if isinstance(form, list) else form


def test_functions_of_ones_own_cannot_be_fenced() -> None:
    with pytest.raises(OptionError, match=r"policy\.fence"):
        heal(["app@127.0.0.1"], 9100, policy=FENCE, disconnect=["net_kernel", "disconnect", []])


def test_a_node_that_is_fenced_twice_is_let_in_all_the_same() -> None:
    """As by two controllers at once, or by a run that was killed and made again."""
    with beams(3) as nodes:
        join(nodes)
        *staying, stray = nodes
        assert heal(staying, policy=FENCE)["converged"]
        fence = _erlang_fence.Fence(COOKIE)
        again = fence.leave_call(stray.name, [*(node.name for node in staying), "app@127.0.0.99"])
        call_on(stray, fence.cookie_of(stray.name), again)
        assert heal(nodes, policy=FENCE)["converged"]
        wait_whole(nodes)
        assert stray.names("[erlang:get_cookie(Node) || Node <- ['app@127.0.0.99', node() | nodes(known)]]") == {COOKIE}
        assert lost(staying, but=[stray]) == {}


def test_a_node_that_is_refused_for_what_it_began_before_it_was_let_in_is_connected_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own attempt with the cookie of the fence, under way at that moment, answers for ours: one in sixty times."""
    refused: list[str] = []
    real = ErlangMembers.call

    async def call(members: ErlangMembers, name: str, call: RemoteCall, extra: float = 0.0) -> Any:
        if not refused and call.text.startswith("lists:map"):
            refused.append(call.text)
            return ["false"]
        return await real(members, name, call, extra)

    with beams(3) as nodes:
        join(nodes)
        *staying, stray = nodes
        assert heal(staying, policy=FENCE)["converged"]
        monkeypatch.setattr(ErlangMembers, "call", call)
        result = heal(nodes, policy=FENCE)
        assert refused
        assert (result["changed"], result["converged"]) == (True, True), result["warnings"]
        assert is_whole(nodes)
        assert lost(staying, but=[stray]) == {}


def test_a_cookie_of_its_own_for_one_peer_is_given_back() -> None:
    with beams(3) as nodes:
        join(nodes)
        *staying, stray = nodes
        # Known to Erlang only once it was tried, as with every node.
        stray.eval("erlang:set_cookie('elsewhere@127.0.0.99', 'for-elsewhere')")
        assert stray.eval("net_kernel:connect_node('elsewhere@127.0.0.99')") == "false"
        assert heal(staying, policy=FENCE)["converged"]
        assert stray.eval("erlang:get_cookie('elsewhere@127.0.0.99') =:= erlang:get_cookie()") == "true"
        assert heal(nodes, policy=FENCE)["converged"]
        assert stray.eval("erlang:get_cookie('elsewhere@127.0.0.99')") == "'for-elsewhere'"
        # The others are given none of their own, so that the cluster's cookie can be changed as on any node.
        stray.eval("erlang:set_cookie(node(), 'rotated')")
        assert stray.eval(f"erlang:get_cookie('{staying[0].name}')") == "rotated"


def test_before_otp_25_1_a_fenced_node_is_told_to_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = replaced(_erlang_fence._FENCE, atom("disconnect"), atom("not_there_yet"))
    monkeypatch.setattr(_erlang_fence, "_FENCE", missing)
    with beams(3) as nodes:
        join(nodes)
        *staying, stray = nodes
        assert heal(staying, policy=FENCE)["converged"]
        assert not stray.peers()
        assert heal(nodes, policy=FENCE)["converged"]
        assert lost(staying, but=[stray]) == {}


def test_a_frozen_node_is_neither_fenced_nor_pruned() -> None:
    with beams(3, pop=False) as nodes:
        join(nodes)
        *staying, stray = nodes
        stray.freeze()
        result = heal(staying, policy=FENCE, driver_config={"timeout": 3})
        stray.thaw()
        assert [(refused["node"], refused["reason"]) for refused in result["refused"]] == [(stray.name, "no_answer")]
        assert is_whole(nodes)


def call_on(node: Beam, cookie: str, call: RemoteCall) -> None:
    async def main() -> None:
        connection = await NodeConnection.open(node.name, node.address, cookie=cookie, port=node.port, timeout=5)
        await connection.call_all([call], 5)
        connection.close()

    asyncio.run(main())
