# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world of the demo: real Erlang nodes and a real DNS server on loopback, in the hands of one supervisor.

    world.py start                               starts it all and prints where it is, as JSON
    world.py tell DIRECTORY start_node           one more node; prints its name
    world.py tell DIRECTORY publish NAME ...     DNS lists exactly these nodes
    world.py tell DIRECTORY ask                  what each node itself says: its peers, and whom it lost
    world.py tell DIRECTORY stop                 ends it all

The supervisor ends whatever it started, and removes its directory, when it is told to stop, when the ansible-playbook
that started it is gone for whatever reason, or when its time is up.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from nameserver import NameServer
from node import Node

NODES = 5
ADDRESSES = NODES + 1
LIFETIME = 300.0
START_TIMEOUT = 60.0
BASENAME = "app"


class World:
    """Owns the nodes, the DNS server and the directory that holds their files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.block, self.port = _free_block()
        self.nodes: dict[str, Node] = {}
        Node.write_cookie(directory)
        self.nameserver = NameServer(directory, f"{self.block}.1")

    def start(self) -> dict[str, Any]:
        """Everything runs when this returns; what it returns is what a topology needs to know."""
        self.nameserver.start()
        for _node in range(NODES):
            self._launch()
        for node in self.nodes.values():
            node.wait_ready(START_TIMEOUT)
        self.publish(*self.nodes)
        return {
            "directory": str(self.directory),
            "nodes": list(self.nodes),
            "node_basename": BASENAME,
            "node_port": self.port,
            "cookie_file": str(self.directory / ".erlang.cookie"),
            "query": self.nameserver.query,
            "nameserver": self.nameserver.address,
            "nameserver_port": self.nameserver.port,
        }

    def start_node(self) -> str:
        node = self._launch()
        node.wait_ready(START_TIMEOUT)
        return node.name

    def publish(self, *names: str) -> None:
        self.nameserver.publish([self.nodes[name].address for name in names])

    def ask(self) -> dict[str, dict[str, list[str]]]:
        return {name: node.says() for name, node in self.nodes.items()}

    def end(self) -> None:
        for node in self.nodes.values():
            node.end()
        self.nameserver.end()

    def _launch(self) -> Node:
        address = f"{self.block}.{len(self.nodes) + 1}"
        node = Node(f"{BASENAME}@{address}", address, self.port, self.directory)
        self.nodes[node.name] = node
        return node


def supervise(playbook: int, directory: Path) -> None:
    """Start the world, say where it is, and serve requests until there is a reason to end.

    :param playbook: a descriptor of the ansible-playbook process (``pidfd``), readable once that process is gone.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.chdir(directory)
    deadline = time.monotonic() + LIFETIME
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        world = World(directory)
        stack.callback(world.end)
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind("control")
        listener.listen()
        try:
            _report(world)
        except (OSError, RuntimeError) as error:
            sys.exit(str(error))
        while True:
            readable = select.select([listener, playbook], [], [], max(0.0, deadline - time.monotonic()))[0]
            if not readable or playbook in readable:
                return
            with listener.accept()[0] as connection:
                verb, answer = _answer(world, connection)
                if verb == "stop":
                    stack.close()
                # Only now, so that whoever said stop knows that it is done.
                with contextlib.suppress(OSError):
                    connection.sendall(json.dumps(answer).encode())
                if verb == "stop":
                    return


def start() -> None:
    """Start a supervisor and wait for what it reports, a world or an error."""
    playbook = os.pidfd_open(_playbook_pid())
    directory = tempfile.mkdtemp(prefix="selfheal-demo-")
    supervisor = subprocess.Popen(
        [sys.executable, __file__, "supervise", str(playbook), directory],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=[playbook],
        start_new_session=True,
    )
    report = supervisor.stdout.readline().decode()
    if not report.startswith("{"):
        sys.exit(report + supervisor.stdout.read().decode())
    print(report, end="")


def tell(directory: str, verb: str, *arguments: str) -> None:
    # A path below the temporary directory may be too long for a socket's address, a relative one is not.
    try:
        os.chdir(directory)
    except FileNotFoundError:
        sys.exit(f"the nodes are gone: they live for {LIFETIME:g} s at most")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(START_TIMEOUT)
        connection.connect("control")
        connection.sendall(json.dumps([verb, *arguments]).encode())
        connection.shutdown(socket.SHUT_WR)
        answer = json.loads(connection.makefile("rb").read())
    if "error" in answer:
        sys.exit(answer["error"])
    print(json.dumps(answer["result"]))


def _answer(world: World, connection: socket.socket) -> tuple[str, dict[str, Any]]:
    connection.settimeout(5)
    try:
        verb, *arguments = json.loads(connection.makefile("rb").read())
        verbs = {"start_node": world.start_node, "publish": world.publish, "ask": world.ask, "stop": lambda: None}
        return verb, {"result": verbs[verb](*arguments)}
    except Exception as error:
        return "", {"error": f"{type(error).__name__}: {error}"}


def _report(world: World) -> None:
    """Print the world, and let go of the pipe: whoever reads it waits for its end."""
    print(json.dumps(world.start()), flush=True)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)


def _playbook_pid() -> int:
    """The outermost ancestor that is an ansible-playbook: nearer ones are its workers."""
    pid, found = os.getpid(), 0
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") if pid else []
        if any(os.path.basename(part) == b"ansible-playbook" for part in command[:3]):
            found = pid
    if not found:
        sys.exit("this is a part of the playbook selfheal.cluster.demo and runs below an ansible-playbook only")
    return found


def _free_block() -> tuple[str, int]:
    """Three bytes of a loopback network, and a port that is free on each address of it that the demo may use."""
    for last in range(1, 255):
        block = f"127.77.{last}"
        with contextlib.ExitStack() as stack:
            try:
                port = 0
                for index in range(1, ADDRESSES + 1):
                    probe = stack.enter_context(socket.socket())
                    probe.bind((f"{block}.{index}", port))
                    port = probe.getsockname()[1]
                return block, port
            except OSError:
                continue
    raise RuntimeError("no free port on the loopback addresses 127.77.x.y")


if __name__ == "__main__":
    if sys.argv[1:2] == ["start"]:
        start()
    elif sys.argv[1:2] == ["supervise"]:
        supervise(int(sys.argv[2]), Path(sys.argv[3]))
    elif sys.argv[1:2] == ["tell"]:
        tell(*sys.argv[2:])
    else:
        sys.exit(__doc__)
