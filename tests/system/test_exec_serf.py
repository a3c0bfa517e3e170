# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exec driver on real Serf agents, with the topology that the guide of the driver shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import converge, inspect

from tests.harness.ansible.command import Ansible
from tests.harness.clock import within
from tests.harness.erlang.clusters import with_warnings
from tests.harness.exec.serf import Agent, agents, documented, is_whole, join, topology, wait_failed

MEMBERSHIP = "selfheal.cluster.membership"


def heal(nodes: Sequence[Agent], *, check: bool = False, **options: Any) -> dict[str, Any]:
    return with_warnings(converge(topology_of(topology(nodes, **options)), check, 5))


def statuses(name: str, observers: Sequence[Agent]) -> set[str | None]:
    return {node.members().get(name) for node in observers}


def test_agents_that_never_met_are_joined_by_the_module(ansible: Ansible) -> None:
    with agents(3) as nodes:
        predicted = heal(nodes, check=True)
        assert all(set(node.members()) == {node.name} for node in nodes), "check mode changes nothing"
        result = ansible.module(MEMBERSHIP, **topology(nodes))
        assert (result["changed"], result["converged"]) == (True, True)
        assert result["connected"][:2] == predicted["connected"]
        assert "".join(f"{line}\n" for line in result["picture"]) == predicted["diff"]["after"]
        assert is_whole(nodes)
        again = ansible.module(MEMBERSHIP, **topology(nodes))
        assert (again["changed"], again["converged"]) == (False, True)
        assert again["picture"] == [
            "default: 3 desired, 3 members, 1 island",
            "",
            "  web1    ● ●",
            "  web2  ●   ●",
            "  web3  ● ●",
        ]


def test_the_playbooks_with_the_documented_inventory(ansible: Ansible, tmp_path: Path) -> None:
    with agents(3) as nodes:
        inventory = documented()
        inventory["topologies"]["web"]["config"]["nodes"] = [node.node for node in nodes]
        file = tmp_path / "web.cluster.yml"
        file.write_text(yaml.safe_dump(inventory))
        shown = ansible.playbook("selfheal.cluster.status", "-i", str(file)).ok()
        assert shown.of("web", "selfheal.cluster.membership_info")["picture"] == [
            "web: 3 desired, 3 members, 3 islands",
            "",
            "  web1    · ·",
            "",
            "  web2  ·   ·",
            "",
            "  web3  · ·",
        ]
        run = ansible.playbook("selfheal.cluster.converge", "-i", str(file)).ok()
        assert run.of("web", MEMBERSHIP)["converged"]
        assert is_whole(nodes)


def test_two_islands_are_merged() -> None:
    with agents(5) as nodes:
        join(nodes[:3])
        join(nodes[3:])
        assert [len(island) for island in inspect(topology_of(topology(nodes))).values["islands"]] == [3, 2]
        one_join = [{"observer": "web1", "node": "web4"}]
        assert heal(nodes, check=True)["connected"] == one_join
        result = heal(nodes)
        assert result["converged"]
        assert result["connected"][:1] == one_join, "more only for those to whom the word did not get round"
        assert is_whole(nodes)


def test_a_failed_agent_goes_only_when_discovery_no_longer_lists_it() -> None:
    with agents(5) as nodes:
        join(nodes)
        *staying, kept, gone = nodes
        for node in (kept, gone):
            node.kill()
        for node in (kept, gone):
            wait_failed(node, staying)

        result = heal(nodes)
        assert (result["changed"], result["converged"], result["pruned"]) == (False, False, [])
        assert set(result["unreachable_nodes"]) == {kept.name, gone.name}
        assert "connection refused" in result["unreachable_nodes"][kept.name]
        assert [line for line in result["picture"] if "down" in line] == [
            "  web4  · · ·   ?  unreachable, down",
            "  web5  · · · ?    unreachable, down",
        ]
        silent = {"strategy": "dns", "config": {"query": "web.test", "nameservers": ["127.0.0.1"], "port": 1}}
        with pytest.raises(RoundError, match="discovery failed, so nothing was changed"):
            heal(staying, **silent)
        assert statuses(gone.name, staying) == {"failed"}

        wanted = [*staying, kept]
        predicted = heal(wanted, check=True)
        assert statuses(gone.name, staying) == {"failed"}, "check mode changes nothing"
        result = heal(wanted)
        assert {pruned["node"] for pruned in result["pruned"]} == {gone.name}
        assert (result["pruned"], result["refused"]) == (predicted["pruned"], [])
        assert statuses(gone.name, staying) == {"left"}
        assert statuses(kept.name, staying) == {"failed"}
        assert {event["event"] for event in result["events"]} == {"left", "connect_failed"}

        assert heal(wanted)["changed"] is False
        assert heal(staying, policy={"prune": False})["changed"] is False
        assert statuses(kept.name, staying) == {"failed"}


def test_a_live_agent_is_not_forced_out() -> None:
    with agents(4) as nodes:
        join(nodes)
        *staying, stray = nodes
        result = heal(staying)
        assert (result["changed"], result["pruned"]) == (False, [])
        assert result["refused"] == [{"node": stray.name, "action": "prune", "reason": "prune_live"}]
        assert "discovery gives web4 no address" in result["unreachable_nodes"][stray.name]
        assert heal(staying, policy={"scope": None})["refused"][0]["reason"] == "no_scope"

        result = heal(staying, policy={"prune_live": True})
        assert (result["changed"], result["pruned"]) == (False, [])
        assert "lists it still or again" in " ".join(result["warnings"])
        assert "left" not in statuses(stray.name, nodes)


def test_an_agent_that_was_pruned_while_it_ran_is_told() -> None:
    """E5: the others don't list it and nothing brings it back, while its own view has all of them."""
    with agents(2) as nodes:
        join(nodes)
        one, forgotten = nodes
        one.serf("force-leave", "-prune", forgotten.name)
        one.serf("join", f"{forgotten.address}:7946")
        result = with_warnings(inspect(topology_of(topology(nodes))))
        assert result["views"] == {one.name: [], forgotten.name: [one.name]}
        assert (result["converged"], [line["node"] for line in result["plan"]]) == (False, [forgotten.name])


def test_what_the_commands_of_serf_do_not_say() -> None:
    """E6: a name that nobody knows is forced out with success, and a list without a match is no view."""
    with agents(1) as (lone,):
        lone.serf("force-leave", "nobody")
        assert json.loads(lone.serf("members", "-format=json", "-name=nobody")) == {"members": None}
        filtered = [*documented()["topologies"]["web"]["list_nodes"], "-name=nobody"]
        with pytest.raises(RoundError, match=r"driver_config\.path finds nothing in the output of list_nodes"):
            heal([lone], list_nodes=filtered)


def test_an_agent_that_hangs_costs_a_time_out_of_each_phase_and_its_own_view() -> None:
    with agents(6) as nodes:
        *staying, frozen = nodes
        frozen.freeze()
        with within(2 * 4):  # it is asked what it sees, and to be joined
            result = heal(nodes, driver_config={"timeout": 4})
        frozen.thaw()
        assert is_whole(staying)
        assert result["unreachable_nodes"] == {frozen.name: "list_nodes (serf) did not end within 4 s"}


def test_names_that_the_cluster_does_not_use_change_nothing() -> None:
    with agents(3) as nodes:
        join(nodes)
        by_address = {"config": {"nodes": [node.address for node in nodes]}, "policy": {"scope": ["*"]}}
        with pytest.raises(RoundError, match="does the cluster call its members otherwise"):
            heal(nodes, **by_address)
        assert is_whole(nodes)


def test_an_agent_that_calls_itself_otherwise_is_neither_connected_nor_pruned() -> None:
    with agents(3) as nodes:
        join(nodes[:2])
        wanted = [*(node.node for node in nodes[:2]), {"name": "webX", "address": nodes[2].address}]
        options = {"config": {"nodes": wanted}, "driver_config": {"reversible": True}, "policy": {"max_prune": "100%"}}
        first = heal(nodes, **options)
        assert is_whole(nodes), "it was joined, by its address"
        for result in (first, heal(nodes, **options)):
            assert (result["changed"], result["connected"], result["pruned"]) == (False, [], [])
            assert "webX is not listed by web1: does the cluster call it otherwise?" in " ".join(result["warnings"])
        assert result["refused"] == [{"node": "web3", "action": "prune", "reason": "other_name"}]
        assert "call it otherwise (web3)?" in result["unreachable_nodes"]["webX"]
        assert is_whole(nodes)
