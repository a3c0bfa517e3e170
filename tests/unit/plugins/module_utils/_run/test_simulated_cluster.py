# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole round against a simulated cluster to which anything happens: nodes come and go, networks split and mend,
the source lies, fails and recovers, and runs are made in between."""

from __future__ import annotations

import asyncio

from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import RoundAborted
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._run.result import RunRecord
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import Reconciler
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.harness.simulation.cluster import Cluster, SimulatedDriver

NAMES = [f"app@10.0.0.{number}" for number in range(1, 7)]
a_name = st.sampled_from(NAMES)
some_names = st.sets(a_name)


class SelfHealing(RuleBasedStateMachine):
    @initialize(transitive=st.booleans(), alive=st.sets(a_name, min_size=3), gone=some_names)
    def start(self, transitive, alive, gone) -> None:
        """A whole cluster, from which the source misses some."""
        self.cluster = Cluster(alive, transitive=transitive)
        self.the_source_says(alive - gone)

    # What happens to the cluster

    @rule(name=a_name)
    def a_node_starts(self, name) -> None:
        self.cluster.alive.add(name)

    @rule(name=a_name)
    def a_node_dies(self, name) -> None:
        self.cluster.isolate(name)
        self.cluster.alive.discard(name)

    @rule(one=a_name, other=a_name)
    def somebody_connects_two_by_hand(self, one, other) -> None:
        self.cluster.connect(one, other)

    @rule(one=a_name, other=a_name)
    def a_link_is_cut(self, one, other) -> None:
        self.cluster.cut(one, other)

    @rule(side=some_names)
    def the_network_splits(self, side) -> None:
        self.cluster.links = {link for link in self.cluster.links if len(link & side) != 1}

    @rule(far=some_names)
    def some_are_out_of_our_reach(self, far) -> None:
        self.cluster.far = set(far)

    # What happens to the source

    @rule(names=some_names)
    def the_source_says(self, names) -> None:
        self.desired = set(names)
        self.answer = Discovery.complete([Node(name) for name in sorted(names)])

    @rule(names=some_names)
    def the_source_says_a_part(self, names) -> None:
        self.answer = Discovery.partial([Node(name) for name in sorted(self.desired & names)], ["a page is missing"])

    @rule()
    def the_source_fails(self) -> None:
        self.answer = Discovery.failed(["NXDOMAIN"])

    # What we do

    @rule(max_prune=st.integers(0, 3), min_nodes=st.integers(0, 3))
    def a_run(self, max_prune, min_nodes) -> None:
        before, links = set(self.cluster.alive), set(self.cluster.links)
        result = self._run(policy={"max_prune": str(max_prune), "min_nodes": min_nodes})
        pruned = {action["node"] for action in result["pruned"]}
        if self.answer.status != "complete":
            assert not pruned
        if self.answer.status == "failed":
            assert (result["changed"], self.cluster.links) == (False, links)
        assert pruned.isdisjoint(self.answer.names)
        assert len(pruned) <= max_prune
        assert self.cluster.alive == before
        lost = links - self.cluster.links
        assert all(link & pruned for link in lost), "only who was pruned has lost links"

    @precondition(lambda self: self.answer.status == "complete")
    @rule()
    def check_mode_predicts_the_real_run(self) -> None:
        links = set(self.cluster.links)
        predicted = self._run(check=True, rounds=1)
        assert self.cluster.links == links
        real = self._run(rounds=1)
        assert predicted["pruned"] == real["pruned"]
        # Whether a node that answers nobody here can be connected shows only when a member tries.
        tried = real["connected"] + [
            {"observer": event["observer"], "node": event["node"]}
            for event in real["events"]
            if event["event"] == "connect_failed"
        ]
        assert {tuple(action.values()) for action in predicted["connected"]} >= {
            tuple(action.values()) for action in real["connected"]
        }
        assert {action["node"] for action in predicted["connected"]} == {action["node"] for action in tried}

    @precondition(lambda self: self.answer.status == "complete" and self.desired & self.cluster.alive)
    @rule()
    def all_is_well_again_and_heals(self) -> None:
        self.cluster.far = set()
        self._run(rounds=10)
        wanted = self.desired & self.cluster.alive
        assert all(self.cluster.peers(name) >= wanted - {name} for name in wanted), "whole"
        assert all(self.cluster.peers(name) <= self.desired for name in wanted), "pruned"
        links = set(self.cluster.links)
        assert self._run()["changed"] is False
        assert self.cluster.links == links

    @invariant()
    def the_dead_have_no_links(self) -> None:
        assert all(link <= self.cluster.alive for link in self.cluster.links)

    def _run(self, *, check=False, rounds=5, policy=None):
        topology = topology_of(
            {
                "topology": "chat",
                "strategy": "static",
                "config": {"nodes": []},
                "policy": {"scope": ["app@*"], "confirmation_interval": 0, "max_prune": "100%", **(policy or {})},
            }
        )
        record = RunRecord("chat", True, check)
        driver = SimulatedDriver(self.cluster)

        async def ask(attempt, pause):
            return self.answer

        try:
            asyncio.run(Reconciler(topology, driver, record, ask).converge(check, rounds))
        except RoundAborted:
            assert self.answer.status == "failed" or not self.answer.names & (self.cluster.alive - self.cluster.far)
        return record.done()


SelfHealing.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestSelfHealing = SelfHealing.TestCase
