# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver erlang before members that keep a member table: real RabbitMQ, and real Mnesia on plain nodes.

The tests that take ``strangers`` come first and leave the two as they were, each a cluster of its own. Those that take
``two`` leave one cluster of two; the last one leaves it parted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.harness.ansible.command import Ansible
from tests.harness.erlang.beam import COOKIE, Beam, beam, beams, is_whole, join, wait_whole
from tests.harness.erlang.clusters import heal, lost, outcome, topology
from tests.harness.erlang.rabbitmq import Rabbit, cluster, part, rabbits
from tests.harness.loopback import loopback_addresses

MESH_ONLY = {"driver_config": {"mesh_only": True}}
FENCE = {"policy": {"fence": True}}


@pytest.fixture(scope="module")
def strangers() -> Iterator[list[Rabbit]]:
    with rabbits(2) as nodes:
        yield nodes


@pytest.fixture(scope="module")
def two(strangers: list[Rabbit]) -> list[Rabbit]:
    cluster(strangers)
    return strangers


def refused(result: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(line["action"], line["node"], line["reason"]) for line in result["refused"]}


def stays_as_it_is(result: dict[str, Any]) -> bool:
    return (result["changed"], result["converged"], result["connected"], result["pruned"]) == (False, False, [], [])


def unharmed(nodes: Sequence[Rabbit]) -> bool:
    """One cluster, of which nobody lost anybody at any time."""
    everyone = {node.name for node in nodes}
    tables = all(node.members() == everyone and not node.partitions() for node in nodes)
    return tables and is_whole(nodes) and lost(nodes) == {}


def needs_partitions(node: Rabbit) -> None:
    if not node.keeps_mnesia():
        pytest.skip("this RabbitMQ has no partitions")


def test_two_that_were_never_clustered_are_not_connected(strangers: list[Rabbit]) -> None:
    """H2"""
    one, other = strangers
    assert not one.peers()
    assert one.members() == {one.name}
    result = heal(strangers)
    assert stays_as_it_is(result)
    assert refused(result) == {("connect", other.name, "other_membership")}
    assert "RabbitMQ keeps a member table of its own" in result["reasons"][0]
    assert len(result["islands"]) == 2
    assert not one.peers()

    looked = outcome(topology([node.name for node in strangers], one.port), inspects=True)
    assert [line["action"] for line in looked["plan"]] == ["refuse"]
    assert refused(looked) == refused(result)


def test_a_plain_node_holds_two_of_them_in_one_mesh(strangers: list[Rabbit]) -> None:
    """H2: the link that is missing inside is not made either, and one member with RabbitMQ speaks for all."""
    one, other = strangers
    (address,) = loopback_addresses(1)
    with beam(f"app@{address}", address, port=one.port, connect_all=False) as plain:
        plain.connect(one, other)
        result = heal([*strangers, plain])
        assert stays_as_it_is(result)
        assert {(action, reason) for action, _node, reason in refused(result)} == {("connect", "other_membership")}
        result = heal([plain, one])
        assert refused(result) == {("prune", other.name, "other_membership")}
        assert one.peers() == other.peers() == {plain.name}
        plain.eval("[erlang:disconnect_node(Node) || Node <- nodes()]")


def test_mesh_only_has_links_alone_count(strangers: list[Rabbit]) -> None:
    one, other = strangers
    result = heal(strangers, **MESH_ONLY)
    assert (result["changed"], result["converged"], result["reasons"]) == (True, True, [])
    wait_whole(strangers)
    result = heal([one], **MESH_ONLY)
    assert (result["changed"], result["converged"], refused(result)) == (True, True, set())
    assert not one.peers()


@pytest.mark.parametrize("options", [{}, FENCE], ids=["pruning", "with a fence"])
def test_a_member_off_the_list_is_not_cut_off(two: list[Rabbit], options: dict[str, Any]) -> None:
    """H1"""
    one, other = two
    assert [line["node"] for line in heal([one], check=True, **MESH_ONLY)["pruned"]] == [other.name]
    for check in (True, False):
        result = heal([one], check=check, **options)
        assert stays_as_it_is(result)
        assert refused(result) == {("prune", other.name, "other_membership")}
        assert any("forget_cluster_node" in warning for warning in result["warnings"])
    back = heal(two, **options)
    assert stays_as_it_is(back)
    assert refused(back) == set()
    assert len(back["islands"]) == 1
    assert unharmed(two)
    assert other.eval("erlang:get_cookie()") == f"'{COOKIE}'"


def test_one_whose_global_sleeps_does_not_leave_to_rejoin(two: list[Rabbit]) -> None:
    """In a mesh where no link is added alone, as with a start script of RabbitMQ before OTP 25."""
    one, other = two
    (address,) = loopback_addresses(1)
    with beam(f"app@{address}", address, port=one.port) as plain:
        join([one, plain, other])
        prevents = "application:set_env(kernel, prevent_overlapping_partitions, {})"
        other.eval(prevents.format("true"))
        other.eval("sys:suspend(global_name_server)")
        try:
            result = heal([*two, plain], driver_config={"timeout": 3})
        finally:
            other.eval("sys:resume(global_name_server)")
            other.eval(prevents.format("false"))
        assert stays_as_it_is(result)
        assert refused(result) == {("connect", other.name, "other_membership")}
        assert lost([*two, plain]) == {}
    wait_whole(two)
    for node in two:
        node.forget()
    assert unharmed(two)


def test_a_member_whose_app_is_stopped(two: list[Rabbit]) -> None:
    """H1: after stop_app the node has no partitions to tell of, and is RabbitMQ's all the same."""
    one, other = two
    other.stop_app()
    try:
        assert refused(heal([one])) == {("prune", other.name, "other_membership")}
        assert refused(heal([other])) == {("prune", one.name, "other_membership")}
    finally:
        other.start_app()
    assert unharmed(two)


def test_what_does_not_say_in_time_whether_it_is_parted(two: list[Rabbit]) -> None:
    one, _other = two
    needs_partitions(one)
    one.eval("sys:suspend(rabbit_node_monitor)")
    try:
        result = heal(two, driver_config={"timeout": 3})
    finally:
        one.eval("sys:resume(rabbit_node_monitor)")
    assert result["unreachable_nodes"] == {}
    assert result["reasons"][1:] == [f"RabbitMQ on {one.name} did not say in time whether it is partitioned"]


def test_a_partition_that_there_is_is_told(two: list[Rabbit], ansible: Ansible) -> None:
    """H1: the mesh is whole again at once, and RabbitMQ is not."""
    one, other = two
    needs_partitions(one)

    def own_words() -> set[str]:
        parted = (
            "RabbitMQ on {} says that it is partitioned from {}: rabbitmqctl stop_app and start_app on the side that "
            "may lose what it took in meanwhile"
        )
        return {parted.format(node.name, peer) for node in two for peer in node.partitions()}

    part(one, other)
    wait_whole(two)
    before = own_words()
    result = heal(two)
    assert stays_as_it_is(result)
    # The second one may have noticed meanwhile.
    assert before <= set(result["reasons"][1:]) <= own_words()
    assert any("RabbitMQ, partitioned from " in line for line in result["picture"])

    variables = {
        "topology_name": "queue",
        "topology_strategy": "static",
        "topology_config": {"nodes": [node.name for node in two]},
        "topology_driver_config": {"cookie": COOKIE, "port": one.port},
    }
    roles = [{"role": "selfheal.cluster.converge"}]
    status = {"ansible.builtin.include_role": {"name": "selfheal.cluster.converge", "tasks_from": "status"}}
    play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "roles": roles, "tasks": [status]}
    run = ansible.playbook([play]).ok()
    said = [line["result"]["msg"] for line in run.results if line["action"] == "ansible.builtin.debug"]
    assert said[0] == "queue: connected 0, pruned 0; now 2 of 2 nodes in one mesh"
    assert before <= set(said[-1])


def start_mnesia(nodes: Sequence[Beam], directory: Path) -> None:
    """On each with a schema of its own, which it alone is in, in memory."""
    for node in nodes:
        node.eval("application:load(mnesia)")
        node.eval(f'application:set_env(mnesia, dir, "{directory / node.name}")')
        assert node.eval("mnesia:start()") == "ok"


def share(one: Beam, other: Beam) -> None:
    """A table with a copy on both."""
    assert one.eval(f"mnesia:change_config(extra_db_nodes, ['{other.name}'])") == f"{{ok,['{other.name}']}}"
    created = one.eval(f"mnesia:create_table(kept, [{{ram_copies, ['{one.name}', '{other.name}']}}])")
    assert created == "{atomic,ok}"


def test_nodes_with_a_mnesia_table_in_common_are_not_parted(tmp_path: Path) -> None:
    with beams(3) as nodes:
        one, other, third = nodes
        join(nodes)
        start_mnesia([one, other], tmp_path)
        share(one, other)
        for wanted, stray in (([one, third], other), ([one, other], third)):
            result = heal(wanted)
            assert stays_as_it_is(result)
            assert refused(result) == {("prune", stray.name, "other_membership")}
            assert "Mnesia keeps a member table of its own" in result["reasons"][0]
        # Stopped on one, it is still in the schema of the other.
        other.eval("mnesia:stop()")
        assert refused(heal([one, third])) == {("prune", other.name, "other_membership")}
        assert lost(nodes) == {}

        other.eval("sys:suspend(global_name_server)")
        result = heal(nodes, driver_config={"timeout": 3})
        other.eval("sys:resume(global_name_server)")
        assert refused(result) == {("connect", other.name, "other_membership")}
        assert lost(nodes) == {}


def test_a_link_is_still_made_between_nodes_with_mnesia(tmp_path: Path) -> None:
    with beams(3) as nodes:
        one, other, third = nodes
        join([one, other])
        start_mnesia([one, other], tmp_path)
        share(one, other)
        result = heal(nodes)
        assert [action["node"] for action in result["connected"]] == [third.name]
        assert (result["converged"], refused(result)) == (False, set())
        wait_whole(nodes)
        assert (heal(nodes)["changed"], heal(nodes, **MESH_ONLY)["converged"]) == (False, True)


def test_mnesia_for_a_node_alone_changes_nothing(tmp_path: Path) -> None:
    """And nothing is loaded to find that out."""
    with beams(3) as nodes:
        one, other, third = nodes
        join(nodes)
        start_mnesia([one, other], tmp_path)
        third.eval("application:load(mnesia)")
        result = heal([one, third])
        assert (result["converged"], result["reasons"]) == (True, [])
        assert [action["node"] for action in result["pruned"]] == [other.name]
        assert third.eval("[code:is_loaded(Module) || Module <- [mnesia, mnesia_lib, rabbit]]") == "[false,false,false]"
