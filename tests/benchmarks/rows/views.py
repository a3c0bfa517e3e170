# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the views of real members, beside what no client can do without: asking epmd and connecting."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.driver import ErlangDriver
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node, Observation

from tests.benchmarks import wait_calm
from tests.benchmarks.findings import Finding, in_turn
from tests.harness.erlang.beam import COOKIE, Beam, epmd, wait_whole, write_cookie
from tests.harness.erlang.clusters import topology
from tests.harness.waiting import wait_until

_ERL_CALLS = 16
PATIENT = 60
"""Seconds, since nodes that have just begun load code for the first who asks."""
_MULTICALL = """
Found = erpc:multicall([{names}], erlang, nodes, []),
{count} = length([Views || {{ok, Views}} <- Found]),
halt().
"""


@contextmanager
def members(count: int) -> Iterator[tuple[list[Beam], int, Path]]:
    """One mesh of nodes that are registered with one epmd, its port, and a home with their cookie."""
    with ExitStack() as stack:
        epmd_port = stack.enter_context(epmd())
        home = Path(stack.enter_context(TemporaryDirectory()))
        write_cookie(home, COOKIE)
        nodes = []
        for number in range(count):
            node = Beam(f"app{number}@127.0.0.1", "127.0.0.1", home, port=None, epmd_port=epmd_port)
            stack.callback(node.kill)
            nodes.append(node)
        for node in nodes:
            node.wait_ready(120)
        nodes[0].eval(f"[net_kernel:connect_node(N) || N <- [{quoted(nodes)}]]", 120)
        wait_whole(nodes, 240)
        yield nodes, epmd_port, home


def quoted(nodes: Sequence[Beam]) -> str:
    return ",".join(f"'{node.name}'" for node in nodes)


async def bare(alive: Sequence[str], epmd_port: int) -> None:
    """Ask epmd for each port and connect to it, 64 at once."""
    places = asyncio.Semaphore(64)

    async def one(name: str) -> None:
        async with places:
            reader, writer = await asyncio.open_connection("127.0.0.1", epmd_port)
            request = b"z" + name.encode()
            writer.write(len(request).to_bytes(2, "big") + request)
            answer = await reader.read(1024)
            writer.close()
            _reader, writer = await asyncio.open_connection("127.0.0.1", int.from_bytes(answer[2:4], "big"))
            writer.close()

    await asyncio.gather(*(one(name) for name in alive))


async def observed(names: Sequence[str], epmd_port: int) -> Observation:
    driver = ErlangDriver(topology(names, None, driver_config={"epmd_port": epmd_port, "timeout": PATIENT}))
    try:
        return await driver.observe([Node(name) for name in names], lambda name: True)
    finally:
        await driver.close()


async def read(names: Sequence[str], epmd_port: int) -> None:
    views = (await observed(names, epmd_port)).views
    assert all(len(view.peers) == len(names) - 1 for view in views.values())
    assert len(views) == len(names)


def wait_awake(names: Sequence[str], epmd_port: int) -> None:
    """Fresh members load code for the first who asks; on a busy machine some give the handshake up before."""
    wait_until(lambda: not asyncio.run(observed(names, epmd_port)).unreachable, 240, "every member to answer")


def erl_calls(nodes: Sequence[Beam], environment: dict[str, str]) -> None:
    def one(node: Beam) -> None:
        command = ["erl_call", "-name", node.name, "-a", "erlang nodes"]
        done = subprocess.run(command, env=environment, check=True, capture_output=True)
        assert done.stdout.count(b"app") == len(nodes) - 1, done

    with ThreadPoolExecutor(_ERL_CALLS) as pool:
        list(pool.map(one, nodes))


def multicall(nodes: Sequence[Beam], environment: dict[str, str]) -> None:
    asked = _MULTICALL.format(names=quoted(nodes), count=len(nodes))
    command = ["erl", "-hidden", "-name", "reader@127.0.0.1", "-noshell", "-eval", " ".join(asked.split())]
    subprocess.run(command, env=environment, check=True, stdin=subprocess.DEVNULL)


def findings(quick: bool) -> Iterator[Finding]:
    for count in [10] if quick else [10, 50, 200]:
        with members(count) as (nodes, epmd_port, home):
            names = [node.name for node in nodes]
            wait_awake(names, epmd_port)
            if not quick:
                wait_calm()
            environment = {**os.environ, "HOME": str(home), "ERL_EPMD_PORT": str(epmd_port)}
            rivals = {
                "driver erlang": partial(_run, read, names, epmd_port),
                "epmd + TCP connect": partial(_run, bare, [name.split("@")[0] for name in names], epmd_port),
                "erl_call, 16 at once": partial(erl_calls, nodes, environment),
                "hidden BEAM, erpc:multicall": partial(multicall, nodes, environment),
            }
            goals = {"hidden BEAM, erpc:multicall": 1.0}
            if count >= 200:
                goals["epmd + TCP connect"] = 1.7
            yield Finding("Read the views of all members", count, in_turn(rivals, 1 if quick else 15), goals=goals)


def _run(work: Callable[..., Coroutine[object, object, None]], *arguments: object) -> None:
    asyncio.run(work(*arguments))
