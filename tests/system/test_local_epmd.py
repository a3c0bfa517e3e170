# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``local_epmd`` with a real epmd and real nodes."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, FAILED, Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.harness.dns.nameserver import nameserver
from tests.harness.erlang import beam
from tests.harness.loopback import free_port
from tests.harness.waiting import wait_until

HOST = socket.gethostname().partition(".")[0]


def read(**config: object) -> Discovery:
    return discover(source_of({"topology": "chat", "strategy": "local_epmd", "config": config}))


def test_the_nodes_that_run_here_are_the_nodes() -> None:
    with beam.epmd() as port, ExitStack() as stack:
        assert read(epmd_port=port) == Discovery.complete([])
        nodes = [
            stack.enter_context(beam.beam(f"app{n}", "127.0.0.1", port=None, epmd_port=port, short=True))
            for n in (1, 2)
        ]
        found = read(epmd_port=port)
        assert found.status == COMPLETE
        assert [(node.name, node.address) for node in found.nodes] == [
            (f"app1@{HOST}", "127.0.0.1"),
            (f"app2@{HOST}", "127.0.0.1"),
        ]
        assert [node.eval("{text, atom_to_list(node())}") for node in nodes] == [node.name for node in found.nodes]

        nodes[0].kill()
        wait_until(lambda: read(epmd_port=port).names == {f"app2@{HOST}"}, 30, "epmd to forget the node")

        assert read(epmd_port=port, node_host="10.0.0.1").names == {"app2@10.0.0.1"}


def test_without_an_epmd_it_fails() -> None:
    port = free_port("127.0.0.1")
    found = read(epmd_port=port)
    assert (found.status, found.nodes) == (FAILED, ())
    assert str(port) in found.reasons[0]
    assert "config.epmd_port" in found.reasons[0]


def test_something_else_on_the_port_fails() -> None:
    with nameserver(address="127.0.0.1") as other:
        found = read(epmd_port=other.port, timeout=1)
    assert (found.status, found.nodes) == (FAILED, ())


def test_a_listener_that_says_nothing_fails_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = read(epmd_port=listener.getsockname()[1], timeout=0.3)
    assert (found.status, found.nodes) == (FAILED, ())


def test_a_malformed_host_is_said() -> None:
    with pytest.raises(OptionError, match="config.node_host: 'name@a b' is not a node name"):
        read(node_host="a b")
