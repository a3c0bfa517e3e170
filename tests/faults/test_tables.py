# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members are RabbitMQ's, which counts a member that is cut off as a partition (H1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.scene import Row, Scene, options
from tests.harness.beam import beam, join, loopback_addresses
from tests.harness.rabbitmq import Rabbit, cluster, rabbits


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
        sleeper.eval("sys:resume(global_name_server)")
        sleeper.eval(prevents.format("false"))
        was_left_alone(told, two)
