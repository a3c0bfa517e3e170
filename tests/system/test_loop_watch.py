# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A loop that is told by the API server of each change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.harness.ansible.background import Run, events_in, run
from tests.harness.ansible.command import Ansible
from tests.harness.erlang.beam import BASENAME, COOKIE, Beam, beams, is_whole
from tests.harness.erlang.clusters import lost
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.waiting import wait_until

LONG = 300
"""Seconds that no test waits for: whatever happens sooner was told by the watch."""


class World:
    def __init__(self, api: KubeDouble, nodes: list[Beam], running: Run, file: Path) -> None:
        self.api = api
        self.nodes = nodes
        self.running = running
        self._file = file

    @property
    def events(self) -> list[tuple[str, str | None, str]]:
        return [(event["event"], event["node"], event["reason"]) for event in events_in(self._file)]

    def slice_of(self, nodes: list[Beam]) -> list[dict[str, Any]]:
        return [self.api.endpoint(node.address, f"chat-{self.nodes.index(node)}") for node in nodes]

    def heals(self, nodes: list[Beam]) -> float:
        """Seconds from the change in the source to the whole mesh."""
        before = time.monotonic()
        self.api.set_slice("chat-1", self.slice_of(nodes))
        wait_until(lambda: is_whole(nodes, steady=False), 60, f"the mesh of {len(nodes)} after {self.events}")
        return time.monotonic() - before


@pytest.fixture
def world(ansible: Ansible, tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        api = stack.enter_context(kube_api())
        nodes = stack.enter_context(beams(4))
        options = {
            "topology": "chat",
            "strategy": "kubernetes",
            "config": {"namespace": api.namespace, "node_basename": BASENAME, "selector": "app=chat", **api.auth},
            "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
            "policy": {"confirmation_interval": 0.1},
            "duration": LONG,
            "interval": LONG,
            "watch": True,
            "events_file": str(tmp_path / "events"),
        }
        first = [api.endpoint(node.address, f"chat-{number}") for number, node in enumerate(nodes[:3])]
        api.add_slice("chat-1", first, service="chat", labels={"app": "chat"})
        running = stack.enter_context(run(ansible, options))
        found = World(api, nodes, running, tmp_path / "events")
        wait_until(lambda: is_whole(nodes[:3]), 60, f"the first mesh, {found.events}")
        wait_until(lambda: api.watches == 1, 60, "the watch")
        yield found
        assert found.api.token not in running.output


def test_a_change_is_followed_at_once(world: World) -> None:
    *staying, other = world.nodes
    for _time in range(2):
        world.heals(world.nodes)
        wait_until(lambda: other.name in world.nodes[0].peers(), 30, "the newcomer")
        world.heals(staying)
        wait_until(lambda: not other.peers(), 30, "the one that is to go to leave")
    assert lost(staying, but=[other]) == {}
    joined, left = ("joined", other.name), ("left", other.name)
    wait_until(lambda: [event[:2] for event in world.events][2:] == [joined, left] * 2, 30, f"events {world.events}")


def test_what_changed_while_the_watch_was_lost_is_not_missed(world: World) -> None:
    world.api.fail(403, watch=True)
    world.api.break_off_watches()
    refused = "must allow the verb 'watch' on 'endpointslices'"
    wait_until(lambda: any(refused in reason for _event, _node, reason in world.events), 60, "the refusal to be told")
    world.api.set_slice("chat-1", world.slice_of(world.nodes))
    assert not world.nodes[3].peers()
    world.api.heal()
    wait_until(lambda: is_whole(world.nodes), 60, "the mesh")
    told = "watch endpointslices in namespace 'prod': works again"
    wait_until(lambda: told in [event[2] for event in world.events], 60, "the end of the trouble to be told")
    wait_until(lambda: ("joined", world.nodes[3].name) in [event[:2] for event in world.events], 60, "the event")
    assert lost(world.nodes) == {}


def test_a_list_that_fails_when_the_watch_tells_of_a_change_prunes_nobody(world: World) -> None:
    world.api.fail(500, watch=False)
    world.api.set_slice("chat-1", world.slice_of(world.nodes[:2]))
    wait_until(lambda: any(event[0] == "round_failed" for event in world.events), 60, "the failure to be told")
    assert is_whole(world.nodes[:3])
    world.api.heal()
    world.heals(world.nodes)
    assert lost(world.nodes) == {}
