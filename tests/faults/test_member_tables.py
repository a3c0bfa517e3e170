# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of a table that the cluster itself keeps, which their links say nothing of: RabbitMQ's, for which a member
that is cut off is a partition (H1), and ejabberd's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.scene import Row, Scene, options
from tests.harness.erlang.beam import COOKIE, beam, join
from tests.harness.erlang.ejabberd import BASENAME, Ejabberd, ejabberds, partition
from tests.harness.erlang.rabbitmq import Rabbit, cluster, rabbits
from tests.harness.loopback import loopback_addresses


@pytest.fixture(scope="module")
def two() -> Iterator[list[Rabbit]]:
    with rabbits(2) as nodes:
        cluster(nodes)
        yield nodes


def scene(rows: list[Row], nodes: list[Rabbit]) -> Scene:
    found = Scene(list(nodes), options(nodes, "static"), rows, "RabbitMQ")
    found.topology["config"] = {"nodes": [node.name for node in nodes]}
    return found


def was_left_alone(told: Scene, nodes: list[Rabbit]) -> None:
    assert {refused["reason"] for refused in told.results[-1]["refused"]} == {"other_membership"}
    assert not any(result["changed"] or result["converged"] for result in told.results)
    assert [node.partitions() for node in nodes] == [frozenset(), frozenset()]


@pytest.mark.parametrize(
    ("name", "policy"), [("a member off the list", {}), ("a member off the list, to be fenced", {"fence": True})]
)
def test_a_member_off_the_list(rows: list[Row], two: list[Rabbit], name: str, policy: dict[str, bool]) -> None:
    told = scene(rows, two)
    with told.fault(name, policy={**told.topology["policy"], **policy}):
        told.topology["config"] = {"nodes": [two[0].name]}
    was_left_alone(told, two)


def test_a_member_that_would_have_to_rejoin(rows: list[Row], two: list[Rabbit]) -> None:
    """Its ``global`` does not answer, in a mesh where no link is added alone."""
    (address,) = loopback_addresses(1)
    sleeper = two[1]
    prevents = "application:set_env(kernel, prevent_overlapping_partitions, {})"
    with beam(f"app@{address}", address, port=two[0].port) as plain:
        join([*two, plain])
        told = scene(rows, two)
        told.topology["config"]["nodes"].append(plain.name)
        with told.fault("a member whose global does not answer", rounds=1):
            sleeper.eval(prevents.format("true"))
            sleeper.eval("sys:suspend(global_name_server)")
            assert "timeout" in sleeper.eval("catch gen_server:call(global_name_server, get_synced, 500)")
        sleeper.eval("sys:resume(global_name_server)")
        sleeper.eval(prevents.format("false"))
        was_left_alone(told, two)


@pytest.fixture(scope="module")
def apart() -> Iterator[list[Ejabberd]]:
    """Three ejabberd after one lost connection: each is linked to all, and each is alone with its database."""
    with ejabberds(3) as nodes:
        for node in nodes[1:]:
            node.join(nodes[0])
        partition(nodes)
        yield nodes


def runs(rows: list[Row], apart: list[Ejabberd], name: str, reason: str, driver: str) -> dict[str, Any]:
    """The last of the three is not in the list. Nothing may come of it."""
    assert all(node.running() == {node.name} for node in apart)
    *staying, stray = apart
    beams = [node.beam for node in apart]
    scene = Scene(beams, options(beams, "static"), rows, "members")
    scene.topology["config"] = {"nodes": [node.name for node in staying]}
    scene.topology["driver"] = driver
    scene.topology["policy"] |= {"scope": [f"{BASENAME}@*"]}
    with scene.fault(name, rounds=1):
        pass
    (result,) = scene.results
    assert (result["pruned"], result["connected"]) == ([], [])
    assert all(node.known() == {member.name for member in apart} for node in apart)
    assert reason in {refused["reason"] for refused in result["refused"] if refused["node"] == stray.name}
    return result


def test_a_partitioned_ejabberd(rows: list[Row], apart: list[Ejabberd]) -> None:
    """E2: the others call the one that should go dead, and it takes no call from here."""
    stray = apart[-1].beam
    stray.eval("erlang:set_cookie(node(), another)")
    try:
        result = runs(rows, apart, "a partitioned ejabberd", "partitioned", "ejabberd")
        assert list(result["unreachable_nodes"]) == [apart[-1].name]
    finally:
        stray.eval(f"erlang:set_cookie(node(), '{COOKIE}')")


def test_a_partitioned_ejabberd_as_a_mesh(rows: list[Row], apart: list[Ejabberd]) -> None:
    """E2: all are linked, so that the driver alone sees one mesh and one that should go."""
    runs(rows, apart, "a partitioned ejabberd (driver erlang)", "other_membership", "erlang")
