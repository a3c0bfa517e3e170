# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The source is well, and members are not."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import dns.message
import pytest

from tests.faults.scene import Row, Scene, options
from tests.harness.dns.faults import FaultyNameserver, faulty_nameserver, records
from tests.harness.erlang.beam import BASENAME, Beam, beam, beams, is_whole, join, wait_whole
from tests.harness.loopback import loopback_addresses


@contextmanager
def members(rows: list[Row], *islands: int) -> Iterator[Scene]:
    """Nodes in so many meshes, and a topology that lists them all."""
    with beams(sum(islands)) as nodes:
        rest = list(nodes)
        for size in islands:
            join(rest[:size])
            rest = rest[size:]
        scene = Scene(nodes, options(nodes, "static"), rows, "members")
        want(scene, [node.name for node in nodes])
        yield scene


def want(scene: Scene, nodes: Sequence[str | dict[str, str]]) -> None:
    scene.topology["config"] = {"nodes": list(nodes)}


def did_not_answer(scene: Scene, *names: str) -> None:
    """In no run, and everyone else did."""
    for result in scene.results:
        assert sorted(result["unreachable_nodes"]) == sorted(names), result["unreachable_nodes"]


def test_a_frozen_member(rows: list[Row]) -> None:
    with members(rows, 5) as five:
        frozen = five.nodes[4]
        with five.fault("a member frozen (SIGSTOP)", broken=[frozen]):
            frozen.freeze()
        did_not_answer(five, frozen.name)
        frozen.thaw()
        five.report("a member frozen and thawed", five.nodes[:4], [], 12)
        assert is_whole(five.nodes)


def test_a_frozen_stray(rows: list[Row]) -> None:
    with members(rows, 5) as five:
        frozen = five.nodes[4]
        want(five, [node.name for node in five.nodes[:4]])
        with five.fault("a frozen member that should go", broken=[frozen]):
            frozen.freeze()
        assert {refused["reason"] for refused in five.results[-1]["refused"]} == {"no_answer"}


def test_a_member_that_accepts_and_never_answers(rows: list[Row]) -> None:
    with members(rows, 5) as five, socket.create_server((loopback_addresses(1)[0], five.nodes[0].port)) as hole:
        silent = f"{BASENAME}@{hole.getsockname()[0]}"
        with five.fault("a sixth that accepts and never answers"):
            want(five, [*(node.name for node in five.nodes), silent])
        did_not_answer(five, silent)
        assert all("said nothing" in result["unreachable_nodes"][silent] for result in five.results)
        assert is_whole(five.nodes)


def test_half_the_members_are_out_of_our_reach(rows: list[Row]) -> None:
    with members(rows, 5) as five:
        nowhere = loopback_addresses(2)
        with five.fault("2 of 5 members unreachable from here"):
            far = [{"name": node.name, "address": at} for node, at in zip(five.nodes[3:], nowhere)]
            want(five, [*(node.name for node in five.nodes[:3]), *far])
        did_not_answer(five, *(node.name for node in five.nodes[3:]))


def test_strays_that_are_out_of_our_reach(rows: list[Row]) -> None:
    """They are linked to everyone and refuse us: dropping them from the other side would cost healthy links."""
    with members(rows, 5) as five:
        stray = five.nodes[4]
        stray.eval("erlang:set_cookie(node(), 'another-cookie')")
        with five.fault("a stray with another cookie since it joined", broken=[stray]):
            want(five, [node.name for node in five.nodes[:4]])
        did_not_answer(five, stray.name)
        assert {refused["reason"] for refused in five.results[-1]["refused"]} == {"no_answer"}


@pytest.mark.parametrize("islands", [(3, 2), (4, 1), (2, 2, 1), (1, 1, 1, 1, 1)])
def test_a_split_cluster(rows: list[Row], islands: tuple[int, ...]) -> None:
    with members(rows, *islands) as five:
        with five.fault(f"split into {' + '.join(map(str, islands))}"):
            assert sorted(len(node.peers()) + 1 for node in five.nodes) == sorted(
                size for size in islands for _member in range(size)
            )
        assert five.results[0]["changed"]
        assert is_whole(five.nodes)


def test_some_have_a_wrong_cookie(rows: list[Row]) -> None:
    with members(rows, 5) as five, beams(2, cookie="another-cookie", port=five.nodes[0].port) as strangers:
        with five.fault("two more with a wrong cookie"):
            want(five, [node.name for node in [*five.nodes, *strangers]])
        did_not_answer(five, *(node.name for node in strangers))
        assert is_whole(five.nodes)


class Meanwhile:
    """DNS that lists some of the nodes, and does something when it is asked for the second time: the run is about to
    confirm a prune then.

    :param event: returns whether it has done what it should. ``happened`` is that too, in the first run.
    """

    def __init__(self, scene: Scene, desired: Sequence[Beam], event: Callable[[], bool]) -> None:
        self.happened = False
        self._scene = scene
        self._answer = records({"A": [node.address for node in desired]})
        self._event = event
        self._asked = 0
        scene.topology |= {"strategy": "dns"}
        scene.topology["policy"] = {**scene.topology["policy"], "absent_for": 0}

    def __call__(self, query: dns.message.Message, transport: str) -> dns.message.Message:
        self._asked += 1
        if self._asked == 2:
            self.happened = self._event() and not self._scene.results
        return self._answer(query, transport)


def ask(scene: Scene, nameserver: FaultyNameserver) -> None:
    scene.topology["config"] = {"query": "app.example.test", "node_basename": BASENAME, "types": ["A"], "timeout": 20}
    scene.topology["config"].update(nameserver.config)


def test_a_node_joins_while_a_run_is_under_way(rows: list[Row]) -> None:
    with members(rows, 5, 1) as five:
        *staying, stray, newcomer = five.nodes

        def joins() -> bool:
            newcomer.connect(staying[0])
            return staying[0].name in newcomer.peers()

        event = Meanwhile(five, [*staying, newcomer], joins)
        with faulty_nameserver(event) as ns:
            with five.fault("a node joins in the middle of a round", broken=[stray]):
                ask(five, ns)
            wait_whole([*staying, newcomer])
        assert event.happened
        assert not stray.peers()


@pytest.mark.parametrize("way", ["stopped", "killed"])
def test_a_node_leaves_while_a_run_is_under_way(rows: list[Row], way: str) -> None:
    with members(rows, 6) as six:
        *staying, leaving, stray = six.nodes

        def leaves() -> bool:
            if way == "killed":
                leaving.kill()
                return leaving.process.returncode != 0
            return leaving.eval("init:stop()") == "ok"

        event = Meanwhile(six, [*staying, leaving], leaves)
        name = f"a member is {way} in the middle of a round"
        with faulty_nameserver(event) as ns, six.fault(name, broken=[stray, leaving]):
            ask(six, ns)
        assert event.happened
        leaving.process.wait(60)
        assert is_whole(staying)


def test_ten_restarts_while_converging(rows: list[Row]) -> None:
    with members(rows, 5) as five, ExitStack() as stack:
        *staying, first, second = five.nodes
        running = {first.address: first, second.address: second}
        with five.fault("ten restarts of two members while converging", broken=[first, second], rounds=2):
            for number in range(10):
                address = (first, second)[number % 2].address
                name = f"{BASENAME}@{address}"
                running[address].kill()
                assert list(five.run()["unreachable_nodes"]) == [name]
                running[address] = stack.enter_context(beam(name, address, port=first.port))
                five.run()
        assert is_whole([*staying, *running.values()])
