# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``policy.fence`` on real nodes that something inside them connects again and again."""

from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers import _erlang_fence
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._erlang_forms import atom
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import TopologyError

from tests.harness.beam import COOKIE, Beam, beams, is_whole, join, wait_until, wait_whole
from tests.harness.clusters import heal, lost

FENCE = {"fence": True}
MODES = {
    "default": {},
    "no-partition-prevention": {"pop": False},
    "no-connect-all": {"connect_all": False},
}


def connects_itself(node: Beam, other: Beam) -> None:
    """As libcluster inside it would."""
    node.eval(
        f"spawn(fun() -> (fun Loop() -> net_kernel:connect_node('{other.name}'), timer:sleep(100), Loop() end)() end)"
    )


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
        assert (result["changed"], result["converged"]) == (True, True), result["warnings_"]
        assert predicted["pruned"] == result["pruned"]
        assert not stray.peers()
        assert lost(staying, but=[stray]) == {}
        assert is_whole(staying)
        assert stray.eval("erlang:get_cookie()") != f"'{COOKIE}'"
        assert heal(staying, policy=FENCE)["changed"] is False

        result = heal(nodes, policy=FENCE)
        assert (result["changed"], result["converged"]) == (True, True), result["warnings_"]
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
    monkeypatch.setattr(_erlang_fence.Fence, "leave_call", _a_fence_with_a_gap)
    with beams(3) as nodes:
        join(nodes)
        *staying, stray = nodes
        result = heal(staying, policy=FENCE)
        assert result["pruned"] == []
        assert any("could not all be changed" in warning for warning in result["warnings_"])
        wait_until(lambda: is_whole(nodes), 10, "the mesh as it was")
        assert lost(nodes) == {}
        assert stray.names("[erlang:get_cookie(Node) || Node <- [node() | nodes(known)]]") == {COOKIE}


def _a_fence_with_a_gap(self: _erlang_fence.Fence, name: str, members: list[str]):
    """The check finds a cookie that is not the new one, as if one change had not taken."""

    def other(form):
        if form == _erlang_fence._COOKIE:
            return atom("some-other-cookie")
        if isinstance(form, tuple):
            return tuple(other(part) for part in form)
        return [other(part) for part in form] if isinstance(form, list) else form

    *before, check = _erlang_fence._FENCE[2]
    expression = (*_erlang_fence._FENCE[:2], [*before, other(check)])
    return _erlang_fence.evaluation(
        expression,
        {"Members": [_erlang_fence.Atom(m) for m in members], "New": _erlang_fence.Atom(self.cookie_of(name))},
    )


def test_functions_of_ones_own_cannot_be_fenced() -> None:
    with pytest.raises(TopologyError, match=r"policy\.fence"):
        heal(["app@127.0.0.1"], 9100, policy=FENCE, disconnect=["net_kernel", "disconnect", []])
