# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts with a network and an epmd of their own, nodes found by epmd and no fixed port, a network that is cut."""

from __future__ import annotations

from contextlib import ExitStack

from tests.harness.erlang import beam
from tests.harness.erlang.beam import Beam, is_whole
from tests.harness.erlang.clusters import forget, heal, lost
from tests.harness.erlang.hosts import hosts, network
from tests.harness.waiting import wait_until

# Three seconds without a sign of life, instead of sixty, until a node takes another one for dead, and two to connect.
SOON = ("-kernel", "net_ticktime", "3", "-kernel", "net_setuptime", "2")


def test_a_network_that_is_cut_makes_two_islands_and_they_are_healed_once_it_is_mended() -> None:
    with network(3, 2) as net, hosts(net, *SOON) as nodes:
        here, there = nodes[:3], nodes[3:]
        result = net.converge(nodes)
        assert (result["changed"], result["converged"]) == (True, True), result
        assert is_whole(nodes)

        net.cut()
        wait_until(lambda: is_whole(here, steady=False) and is_whole(there, steady=False), 30, "two islands")
        wait_until(lambda: is_whole(here) and is_whole(there), 30, "two steady islands")
        forget(nodes)
        seen = net.inspect(nodes)
        assert sorted(seen["islands"]) == sorted(sorted(node.name for node in site) for site in (here, there))
        assert (seen["unreachable_nodes"], seen["converged"]) == ({}, False), "the controller still sees all of them"

        tried = net.converge(nodes)
        assert (tried["converged"], len(tried["islands"])) == (False, 2)
        assert lost(nodes) == {}, "what cannot be connected is no reason to touch what is"

        net.mend()
        result = net.converge(nodes)
        assert (result["changed"], result["converged"]) == (True, True), result
        assert is_whole(nodes)
        assert lost(nodes) == {}
        assert net.converge(nodes)["changed"] is False


def test_a_host_that_is_retired_leaves_and_the_others_keep_their_links() -> None:
    with network(3, family=6) as net, hosts(net) as nodes:
        assert all(node.name.startswith("app@fd00:") for node in nodes)
        assert net.converge(nodes)["converged"]
        assert is_whole(nodes)
        forget(nodes)
        *staying, stray = nodes
        result = net.converge(staying)
        assert ([pruned["node"] for pruned in result["pruned"]], result["converged"]) == ([stray.name], True), result
        assert lost(staying, but=[stray]) == {}
        assert is_whole(staying)
        assert not stray.peers()


def test_short_names_and_an_epmd_on_another_port() -> None:
    with beam.epmd() as port, ExitStack() as stack:
        options = {"driver_config": {"epmd_port": port}, "policy": {"scope": ["*@localhost"]}}
        nodes: list[Beam] = [
            stack.enter_context(beam.beam(f"app{n}@localhost", "127.0.0.1", port=None, epmd_port=port, short=True))
            for n in (1, 2, 3)
        ]
        result = heal(nodes, **options)
        assert (result["changed"], result["converged"]) == (True, True), result
        assert is_whole(nodes)
        forget(nodes)
        *staying, stray = nodes
        result = heal(staying, **options)
        assert ([pruned["node"] for pruned in result["pruned"]], result["converged"]) == ([stray.name], True), result
        assert lost(staying, but=[stray]) == {}
        assert not stray.peers()
