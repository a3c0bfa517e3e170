# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Serf agents on loopback, each with an address of its own and Serf's own ports.

    with agents(3) as nodes:                      # web1 … web3, each alone
        join(nodes)                               # one cluster
        nodes[0].members()                        # {"web1": "alive", …}
        nodes[2].kill()

The others report a killed agent failed after 6 or 7 seconds. Serf's profile for one machine would save one of them, but
tells a change to so few others that some hear of it only half a minute later.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import yaml

from tests.harness.docs.code_blocks import files, guide
from tests.harness.loopback import loopback_addresses
from tests.harness.waiting import wait_until

RPC_PORT = 7373


class Agent:
    """One running agent."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        # fmt: off
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "serf", "agent", f"-node={name}", f"-bind={address}:7946",
             f"-rpc-addr={self.rpc}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        # fmt: on

    @property
    def rpc(self) -> str:
        return f"{self.address}:{RPC_PORT}"

    @property
    def node(self) -> dict[str, str]:
        """As strategy ``static`` takes it."""
        return {"name": self.name, "address": self.address}

    def wait_ready(self) -> None:
        wait_until(self._listens, 20, f"{self.name} to listen")

    def members(self) -> dict[str, str]:
        """From name to status, as this agent sees it."""
        members = json.loads(self.serf("members", "-format=json"))["members"]
        return {member["name"]: member["status"] for member in members}

    def serf(self, command: str, *arguments: str) -> str:
        done = subprocess.run(
            ["serf", command, f"-rpc-addr={self.rpc}", *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.process.wait()

    def _listens(self) -> bool:
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}"
        with socket.socket() as probe:
            return probe.connect_ex((self.address, RPC_PORT)) == 0


@contextmanager
def agents(count: int) -> Iterator[list[Agent]]:
    """``count`` agents called web1, web2 and so on, each alone."""
    with ExitStack() as stack:
        nodes = []
        for number, address in enumerate(loopback_addresses(count), start=1):
            node = Agent(f"web{number}", address)
            stack.callback(node.kill)
            nodes.append(node)
        for node in nodes:
            node.wait_ready()
        yield nodes


def join(nodes: Sequence[Agent]) -> None:
    """Make one cluster of them."""
    for node in nodes[1:]:
        nodes[0].serf("join", f"{node.address}:7946")
    wait_until(lambda: is_whole(nodes), 20, "one cluster")


def is_whole(nodes: Sequence[Agent]) -> bool:
    """Each lists all of them as alive."""
    names = {node.name for node in nodes}
    return all({name for name, status in node.members().items() if status == "alive"} >= names for node in nodes)


def wait_failed(gone: Agent, observers: Sequence[Agent]) -> None:
    """Until all observers report it failed."""
    wait_until(lambda: all(node.members()[gone.name] == "failed" for node in observers), 40, f"{gone.name} to fail")


def documented() -> dict[str, Any]:
    """The inventory file that the guide of the exec driver shows."""
    found: dict[str, Any] = yaml.safe_load(files(guide("exec"))["web.cluster.yml"])
    return found


def topology(nodes: Sequence[Agent], policy: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """The documented topology of these nodes, whose prunes are confirmed without a wait in between.

    :param options: the topology's other options; ``driver_config`` is added to what is documented.
    """
    shown = documented()["topologies"]["web"]
    driver_config = {**shown["driver_config"], **options.pop("driver_config", {})}
    return {
        **shown,
        "config": {"nodes": [node.node for node in nodes]},
        "driver_config": driver_config,
        "policy": {**shown["policy"], "confirmation_interval": 0, **(policy or {})},
        **options,
    }
