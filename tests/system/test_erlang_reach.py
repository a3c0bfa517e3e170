# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often epmd is asked, of real nodes that share a real one."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.harness.erlang.beam import BASENAME, Beam, epmd, running
from tests.harness.erlang.clusters import outcome, topology

ADDRESS = "127.0.0.1"
NAMES, PORT = b"n", b"z"


@pytest.fixture(scope="module")
def registered() -> Iterator[tuple[list[Beam], int]]:
    """Nodes that are registered with one epmd, and its port."""
    with epmd() as port:
        names = [f"{BASENAME}{number}@{ADDRESS}" for number in range(3)]
        with running(lambda home: (Beam(name, ADDRESS, home, port=None, epmd_port=port) for name in names)) as nodes:
            yield nodes, port


class Relay(socketserver.ThreadingTCPServer):
    """Passes requests on to an epmd, but for ``refused`` kinds, and remembers each one's kind."""

    daemon_threads = True

    def __init__(self, epmd_port: int, refused: bytes) -> None:
        super().__init__((ADDRESS, 0), Passing)
        self.epmd_port = epmd_port
        self.refused = refused
        self.kinds: list[bytes] = []


class Passing(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Relay)
        request = self.request.recv(1024)
        self.server.kinds.append(request[2:3])
        if request[2:3] in self.server.refused:
            return
        with socket.create_connection((ADDRESS, self.server.epmd_port)) as behind:
            behind.sendall(request)
            while answer := behind.recv(65536):
                self.request.sendall(answer)


@contextmanager
def relay(epmd_port: int, refused: bytes = b"") -> Iterator[Relay]:
    with Relay(epmd_port, refused) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def views(names: list[str], server: Relay) -> dict[str, object]:
    seen = outcome(topology(names, None, driver_config={"epmd_port": server.server_address[1]}), inspects=True)
    return {**seen, "read": {name for name in names if name not in seen["unreachable_nodes"]}}


def test_who_shares_an_epmd_is_looked_up_at_once(registered: tuple[list[Beam], int]) -> None:
    nodes, port = registered
    names = [node.name for node in nodes]
    with relay(port) as server:
        assert views(names, server)["read"] == set(names)
    assert server.kinds == [NAMES]


def test_who_does_not_is_asked_for_alone(registered: tuple[list[Beam], int]) -> None:
    nodes, port = registered
    with relay(port) as server:
        assert views([nodes[0].name], server)["read"] == {nodes[0].name}
    assert server.kinds == [PORT]


def test_an_epmd_that_lists_nobody_is_asked_for_each(registered: tuple[list[Beam], int]) -> None:
    nodes, port = registered
    names = [node.name for node in nodes]
    with relay(port, refused=NAMES) as server:
        assert views(names, server)["read"] == set(names)
    assert sorted(server.kinds) == [NAMES, PORT, PORT, PORT]


def test_who_is_not_registered_is_asked_for_and_named(registered: tuple[list[Beam], int]) -> None:
    nodes, port = registered
    names, gone = [node.name for node in nodes], f"{BASENAME}9@{ADDRESS}"
    with relay(port) as server:
        seen = views([*names, gone], server)
    assert seen["read"] == set(names)
    assert seen["unreachable_nodes"][gone].endswith("knows no such node: is it running?")
    assert sorted(server.kinds) == [NAMES, PORT]
