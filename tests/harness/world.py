# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real nodes and a source that lists them, for playbooks: in the background, in the hands of one supervisor.

    python -m tests.harness.world start HANDLE [nodes=3] [kubernetes] [machine]   writes where all is into HANDLE, JSON
    python -m tests.harness.world tell HANDLE VERB [ARGUMENT ...]                  prints the answer, JSON
    python -m tests.harness.world stop HANDLE                                      ends it all and removes HANDLE

    tell HANDLE ask                  what each node itself says: its peers, and whom it lost
    tell HANDLE publish NAME ...     the sources list exactly these nodes
    tell HANDLE start_node           one more node, alone and not published; the answer is its name
    tell HANDLE stop_node NAME       the node is gone, and the sources list it still
    tell HANDLE join                 the nodes that are published are one mesh, and forget whom they lost
    tell HANDLE hide                 the nameserver does not run
    tell HANDLE show                 it runs again
    tell HANDLE run COMMAND ...      on the machine, to its end; the answer has its rc and output
    tell HANDLE written              what is on the machine that was not there at first

There always is a nameserver. ``kubernetes`` adds an API over HTTPS that lists the same nodes, ``machine`` a host whose
/etc and /var are thrown away (see ``tests.harness.schedule.machine``). A supervisor that nobody tells anything for
IDLE seconds ends as if it were told to.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from tests.harness.dns.nameserver import Nameserver, nameserver
from tests.harness.erlang.beam import BASENAME, COOKIE, Beam, join, write_cookie
from tests.harness.loopback import free_port, loopback_addresses

IDLE = 1800
MOST_NODES = 16
QUERY = "app.example.test"
SELECTOR = "app=app"
_SLICE = "app-of-the-world"


class World:
    """What runs, and what can be done to it. ``facts`` are what a topology needs to know of it."""

    def __init__(self, stack: ExitStack, directory: Path, nodes: int, parts: Sequence[str]) -> None:
        self._stack = stack
        self._directory = directory
        self._addresses = loopback_addresses(MOST_NODES)
        self._port = free_port(self._addresses[0])
        self._nodes: dict[str, Beam] = {}
        self._published: list[str] = []
        self._nameserver: Nameserver = stack.enter_context(nameserver())
        self._api: Any = None
        self._machine: Any = None
        cookie_file = write_cookie(directory, COOKIE)
        for _node in range(nodes):
            self._launch()
        for node in self._nodes.values():
            node.wait_ready()
        self.facts: dict[str, Any] = {
            "directory": str(directory),
            "nodes": list(self._nodes),
            "node_basename": BASENAME,
            "node_port": self._port,
            "cookie_file": str(cookie_file),
            "query": QUERY,
            **self._nameserver.config,
        }
        if "kubernetes" in parts:
            self._add_kubernetes()
        if "machine" in parts:
            self._add_machine()
        self.publish(*self._nodes)

    @property
    def verbs(self) -> dict[str, Callable[..., Any]]:
        names = ("ask", "publish", "start_node", "stop_node", "join", "hide", "show", "run", "written")
        return {name: getattr(self, name) for name in names}

    def ask(self) -> dict[str, dict[str, Any]]:
        return {
            name: {
                "peers": sorted(node.peers()),
                "lost": sorted(set(node.downs())),
                "published": name in self._published,
            }
            for name, node in self._nodes.items()
        }

    def publish(self, *names: str) -> None:
        addresses = [self._nodes[name].address for name in names]
        self._published = list(names)
        self._nameserver.set_addresses(QUERY, addresses)
        if self._api:
            self._api.set_slice(_SLICE, [self._api.endpoint(address) for address in addresses])

    def start_node(self) -> str:
        node = self._launch()
        node.wait_ready()
        return node.name

    def stop_node(self, name: str) -> None:
        self._nodes.pop(name).kill()

    def join(self) -> None:
        join([self._nodes[name] for name in self._published])

    def hide(self) -> None:
        self._nameserver.stop()

    def show(self) -> None:
        self._nameserver.start()

    def run(self, *command: str) -> dict[str, Any]:
        done = self._machine.run(*command)
        return {"rc": done.returncode, "output": done.stdout}

    def written(self) -> list[str]:
        return sorted(self._machine.written().keys() - self._at_first)

    def _launch(self) -> Beam:
        address = self._addresses.pop(0)
        node = Beam(f"{BASENAME}@{address}", address, self._directory, port=self._port)
        self._stack.callback(node.kill)
        self._nodes[node.name] = node
        return node

    def _add_kubernetes(self) -> None:
        # It takes a second to import
        from tests.harness.kubernetes.double import kube_api

        self._api = self._stack.enter_context(kube_api())
        self._api.add_slice(_SLICE, service="app", labels={"app": "app"})
        self.facts["kubernetes"] = {**self._api.auth, "namespace": self._api.namespace, "selector": SELECTOR}

    def _add_machine(self) -> None:
        from tests.harness.schedule.machine import ANSIBLE_PLAYBOOK, Machine

        self._machine = Machine()
        self._stack.callback(self._machine.close)
        self._machine.install_ansible()
        self._at_first = self._machine.written().keys()
        shell = self._directory / "shell"
        shell.write_text(f'#!/bin/sh\nexec {" ".join(self._machine.prefix)} /bin/sh "$@"\n')
        shell.chmod(0o700)
        self.facts["machine"] = {"shell": str(shell), "ansible_playbook": ANSIBLE_PLAYBOOK}


def start(handle: Path, nodes: int, parts: Sequence[str]) -> None:
    """Start a supervisor and wait for what it reports, a world or an error."""
    if handle.exists():
        sys.exit(f"{handle} is there already: tell it to stop first")
    supervisor = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, "supervise", str(nodes), *parts],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert supervisor.stdout
    report = supervisor.stdout.readline().decode()
    if not report.startswith("{"):
        sys.exit(report + supervisor.stdout.read().decode())
    handle.parent.mkdir(parents=True, exist_ok=True)
    handle.write_text(report)


def tell(handle: Path, *request: str) -> Any:
    """:raises SystemExit: it could not be done, or there is nobody to be told."""
    directory = json.loads(handle.read_text())["directory"]
    try:
        with Client(f"{directory}/control") as connection:
            connection.send(request)
            answer = connection.recv()
    except (OSError, EOFError) as error:
        sys.exit(f"the world of {handle} is gone: {error!r}")
    if "error" in answer:
        sys.exit(answer["error"])
    return answer["result"]


def stop(handle: Path) -> None:
    """To have it stopped twice is no error."""
    if handle.exists():
        if Path(json.loads(handle.read_text())["directory"]).exists():
            tell(handle, "stop")
        handle.unlink()


def supervise(nodes: int, parts: Sequence[str]) -> None:
    """Start the world, say where it is, and serve requests until there is a reason to end."""
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_: sys.exit(0))
    directory = Path(tempfile.mkdtemp(prefix="world-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        try:
            world = World(stack, directory, nodes, parts)
        except (OSError, RuntimeError) as error:
            sys.exit(f"{type(error).__name__}: {error}")
        listener = stack.enter_context(Listener(str(directory / "control")))
        _report(world.facts)
        going_on = True
        while going_on:
            signal.alarm(IDLE)
            with listener.accept() as connection:
                signal.alarm(0)
                going_on = _serve(world, stack, connection)


def _serve(world: World, stack: ExitStack, connection: Connection) -> bool:
    """Whether to go on."""
    verb, *arguments = connection.recv()
    if verb == "stop":
        # Only then, so that whoever said stop knows that it is done.
        stack.close()
        answer: dict[str, Any] = {"result": None}
    else:
        try:
            answer = {"result": world.verbs[verb](*arguments)}
        except Exception:
            answer = {"error": traceback.format_exc()}
    with contextlib.suppress(OSError):
        connection.send(answer)
    return bool(verb != "stop")


def _report(facts: dict[str, Any]) -> None:
    """Print the facts, and let go of the pipe: whoever reads it waits for its end."""
    print(json.dumps(facts), flush=True)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)


def main(arguments: Sequence[str]) -> None:
    verb, *rest = arguments or [""]
    if verb == "start" and rest:
        handle, *parts = rest
        count = next((part.partition("=")[2] for part in parts if part.startswith("nodes=")), "3")
        start(Path(handle), int(count), [part for part in parts if not part.startswith("nodes=")])
    elif verb == "supervise":
        supervise(int(rest[0]), rest[1:])
    elif verb == "tell" and len(rest) > 1:
        print(json.dumps(tell(Path(rest[0]), *rest[1:])))
    elif verb == "stop" and len(rest) == 1:
        stop(Path(rest[0]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
