# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has no driver yet, and Erlang itself: it starts, answers, and is what the package says."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.harness.erlang.beam import beams, is_whole
from tests.harness.erlang.clusters import heal
from tests.harness.loopback import free_port, loopback_addresses
from tests.harness.waiting import wait_until
from tests.releases.root_folder import upstream


def installed(package: str) -> str:
    """Its version, as the package that a program on PATH comes from says."""
    asked = ["dpkg", "--status", package]
    lines = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.splitlines()
    (version,) = (line.removeprefix("Version: ") for line in lines if line.startswith("Version: "))
    return upstream(version)


@contextmanager
def server(command: Sequence[str], address: str, port: int) -> Iterator[None]:
    """A server of one process, from the time it listens; it is ended at the end."""
    process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL)

    def listens() -> bool:
        assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
        with socket.socket() as probe:
            return probe.connect_ex((address, port)) == 0

    try:
        wait_until(listens, 60, f"{command[0]} to listen")
        yield
    finally:
        process.kill()
        process.wait()


def test_otp() -> None:
    with beams(2) as nodes:
        release = nodes[0].eval("{text, erlang:system_info(otp_release)}")
        assert installed("erlang-base").split(".")[0] == release
        assert heal(nodes)["converged"]


def test_etcd(tmp_path: Path) -> None:
    (address,) = loopback_addresses(1)
    port = free_port(address)
    client, peer = f"http://{address}:{port}", f"http://{address}:{free_port(address)}"
    command = ["etcd", "--name", "one", "--data-dir", str(tmp_path / "data"), "--log-level", "error"]
    command += ["--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer]
    command += ["--initial-advertise-peer-urls", peer, "--initial-cluster", f"one={peer}"]
    with server(command, address, port):
        request = urllib.request.Request(f"{client}/v3/maintenance/status", b"{}", method="POST")
        wait_until(lambda: "leader" in _answer(request), 60, "a leader")
        assert _answer(request)["version"] == installed("etcd-server")


def _answer(request: urllib.request.Request) -> dict[str, object]:
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, object] = json.load(response)
    return answer


def test_valkey(tmp_path: Path) -> None:
    assert _info("valkey-server", tmp_path)["valkey_version"] == installed("valkey-server")


def test_redis(tmp_path: Path) -> None:
    assert _info("redis-server", tmp_path)["redis_version"] == installed("redis-server")


def _info(program: str, directory: Path) -> dict[str, str]:
    """What INFO says, in a connection that a client of no library makes."""
    (address,) = loopback_addresses(1)
    port = free_port(address)
    command = [program, "--bind", address, "--port", str(port), "--dir", str(directory), "--save", ""]
    with server(command, address, port):
        lines = _asked(address, port, b"INFO server\r\n").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _asked(address: str, port: int, command: bytes) -> str:
    with socket.create_connection((address, port), timeout=30) as connection, connection.makefile("rb") as answers:
        connection.sendall(command)
        return answers.read(int(answers.readline()[1:])).decode()


def test_elixir() -> None:
    assert _elixir_version() == installed("elixir")
    libraries = subprocess.run(["dpkg", "-L", "elixir"], check=True, capture_output=True, text=True).stdout
    (application,) = (line for line in libraries.splitlines() if line.endswith("/elixir/ebin/elixir.app"))
    arguments = ["-pa", str(Path(application).parent), "-s", "elixir", "start_cli"]
    with beams(3, arguments=arguments) as nodes:
        assert all(node.eval("'Elixir.Enum':sum([1, 2])") == "3" for node in nodes)
        assert heal(nodes)["converged"]
        assert is_whole(nodes)


def _elixir_version() -> str:
    said = subprocess.run(["elixir", "--version"], check=True, capture_output=True, text=True).stdout
    (line,) = (line for line in said.splitlines() if line.startswith("Elixir "))
    return line.split()[1]
