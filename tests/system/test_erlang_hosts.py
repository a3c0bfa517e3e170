# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``erlang_hosts`` with a real Erlang, which says what the file means, and real epmds and nodes."""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, FAILED, PARTIAL, Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.erlang_hosts.hosts_file import hosts_in
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.erlang_hosts.parse import parse
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.harness.ansible.command import Ansible, result_of
from tests.harness.clock import within
from tests.harness.dns.nameserver import nameserver
from tests.harness.erlang import beam
from tests.harness.erlang.beam import is_whole
from tests.harness.erlang.clusters import forget, lost
from tests.harness.erlang.hosts import hosts, network
from tests.harness.loopback import free_port, loopback_addresses
from tests.harness.waiting import wait_until

NAME = ".hosts.erlang"
FILES = [
    "'a.test'.\n'b.test'.\n",
    "'a.test'. 'b.test'.",
    "'a.test'.'b.test'.",
    "'a.test'",
    "'a.test'.\n'b.te",
    "'a.test'..",
    '"a.test".',
    "a.test.",
    "dunn.",
    "Dunn.",
    "% c\n'a.test'. % c\n",
    "'a.test'.% c\n'b.test'.",
    "'a.test' % c\n .\n",
    "'a.test'\r\n.\r\n",
    "'10.0.0.1'. 'fd00::1'.",
    "",
    "%",
    ".",
    "'a.test',.",
]
"""Hosts or nothing of the kind, for Erlang as for us."""


def read(file: Path, **config: object) -> Discovery:
    config = {"hosts_file": str(file), **config}
    return discover(source_of({"topology": "chat", "strategy": "erlang_hosts", "config": config}))


def write(directory: Path, *names: str) -> Path:
    file = directory / NAME
    file.write_text("".join(f"'{name}'.\n" for name in names))
    return file


def erl(expression: str, directory: Path) -> list[str]:
    """The lines that an expression prints."""
    done = subprocess.run(
        ["erl", "-noshell", "-eval", f"{expression}, halt()."],
        cwd=directory,
        env={**os.environ, "HOME": str(directory / "home")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.splitlines()


def test_a_file_means_what_it_means_to_erlang(tmp_path: Path) -> None:
    for number, text in enumerate(FILES):
        (tmp_path / str(number)).write_text(text, encoding="latin-1")
    hosts = 'lists:join(" ", [io_lib:format("~s", [Host]) || Host <- Hosts])'
    each = f'case file:consult(integer_to_list(N)) of {{ok, Hosts}} -> {hosts}; _ -> "error" end'
    theirs = erl(f'[io:format("~s~n", [{each}]) || N <- lists:seq(0, {len(FILES) - 1})]', tmp_path)

    def ours(text: str) -> str:
        try:
            return " ".join(parse(text))
        except DiscoveryError:
            return "error"

    assert [ours(text) for text in FILES] == theirs


def test_the_file_is_sought_where_erlang_seeks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with pytest.raises(DiscoveryError) as caught:
        hosts_in(None)
    (root,) = erl('io:format("~s~n", [code:root_dir()])', tmp_path)
    assert f"there is no {tmp_path}/{NAME} and no {tmp_path}/home/{NAME} and no {root}/{NAME}: " in str(caught.value)

    for place in (tmp_path / "home", tmp_path):
        write(place, f"{place.name}.test")
        assert hosts_in(None) == erl('[io:format("~s~n", [H]) || H <- net_adm:host_file()]', tmp_path)


def test_the_nodes_of_a_host_are_the_nodes_and_hidden_ones_too(tmp_path: Path) -> None:
    address = loopback_addresses(1)[0]
    with beam.epmd(address) as port, ExitStack() as stack:
        file = write(tmp_path, address)
        assert read(file, epmd_port=port) == Discovery.complete([])
        for name, arguments in (("app", ()), ("tool", ("-hidden",))):
            stack.enter_context(beam.beam(f"{name}@{address}", address, port=None, epmd_port=port, arguments=arguments))
        found = read(file, epmd_port=port)
        assert (found.status, found.names) == (COMPLETE, {f"app@{address}", f"tool@{address}"})
        assert {node.address for node in found.nodes} == {address}
        assert all(1024 <= node.attributes["port"] < 65536 for node in found.nodes)


def test_silent_hosts_are_asked_all_at_once(tmp_path: Path) -> None:
    addresses = loopback_addresses(50)
    port = free_port(addresses[0])
    with ExitStack() as stack:
        for address in addresses:
            stack.enter_context(socket.create_server((address, port)))
        with within(2, work=4):
            found = read(write(tmp_path, *addresses), epmd_port=port, timeout=2)
    assert (found.status, found.nodes, len(found.reasons)) == (FAILED, (), 50)
    assert found.reasons[0].startswith(f"host {addresses[0]}: epmd on {addresses[0]}:{port} took the connection")


def test_something_else_than_an_epmd_or_no_such_host_fails(tmp_path: Path) -> None:
    with nameserver(address="127.0.0.1") as other:
        found = read(write(tmp_path, "127.0.0.1", "no-such-host.invalid"), epmd_port=other.port, timeout=2)
    assert (found.status, found.nodes, len(found.reasons)) == (FAILED, (), 2)
    assert found.reasons[1].startswith("host no-such-host.invalid: host 'no-such-host.invalid'")


def test_the_module_looks_in_its_own_directory(ansible: Ansible, tmp_path: Path) -> None:
    with beam.epmd() as port:
        config = {"epmd_port": port}
        failed = result_of(ansible.task("selfheal.cluster.nodes_info", strategy="erlang_hosts", config=config))
        assert failed["status"] == FAILED
        assert f"there is no {tmp_path}/{NAME}" in failed["msg"]
        write(tmp_path, "127.0.0.1")
        found = ansible.module("selfheal.cluster.nodes_info", strategy="erlang_hosts", config=config)
        assert (found["status"], found["nodes"]) == (COMPLETE, [])


def test_the_mesh_follows_the_file_and_a_host_that_does_not_answer_costs_nobody_a_link(tmp_path: Path) -> None:
    with network(3) as net, hosts(net) as nodes:
        addresses = [host.address for host in net.hosts]
        source = {"strategy": "erlang_hosts", "config": {"hosts_file": str(write(tmp_path, *addresses)), "timeout": 2}}
        result = net.converge([], **source)
        assert (result["changed"], result["converged"], result["status"]) == (True, True, COMPLETE), result
        assert is_whole(nodes)
        forget(nodes)

        *staying, leaving = nodes
        write(tmp_path, *addresses[:2], "10.64.255.1")  # the router, which has no epmd
        result = net.converge([], **source)
        assert (result["status"], result["pruned"], result["changed"]) == (PARTIAL, [], False), result
        assert result["reasons"] == ["host 10.64.255.1: no epmd on 10.64.255.1:4369: Connection refused"]
        assert lost(nodes) == {}

        (tmp_path / NAME).write_text(f"'{addresses[0]}'.\n'{addresses[1]}'")  # being written
        result = net.converge([], **source)
        assert (result["failed"], result["status"], result["changed"]) == (True, FAILED, False), result
        assert lost(nodes) == {}

        write(tmp_path, *addresses[:2])
        result = net.converge([], **source)
        assert ([pruned["node"] for pruned in result["pruned"]], result["converged"]) == ([leaving.name], True), result
        assert lost(staying, but=[leaving]) == {}
        wait_until(lambda: is_whole(staying), 30, "a whole mesh of those that stay")
