# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the views of real members, beside what no client can do without: asking epmd and connecting.

PYTHONPATH=.:.build/collections python -m tests.benchmarks.read_members [10 50 200]
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang import ErlangDriver
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node

from tests.benchmarks.pairs import in_turn, report
from tests.harness.beam import COOKIE, Beam, epmd, wait_whole, write_cookie
from tests.harness.clusters import topology


@contextmanager
def members(count: int) -> Iterator[tuple[list[Beam], int]]:
    """One mesh of nodes that are registered with one epmd."""
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
        quoted = ",".join(f"'{node.name}'" for node in nodes)
        nodes[0].eval(f"[net_kernel:connect_node(N) || N <- [{quoted}]]", 120)
        wait_whole(nodes, 240)
        yield nodes, epmd_port


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


async def read(names: Sequence[str], epmd_port: int) -> None:
    driver = ErlangDriver(topology(names, None, driver_config={"epmd_port": epmd_port}))
    observation = await driver.observe([Node(name) for name in names], lambda name: True)
    assert all(len(view.peers) == len(names) - 1 for view in observation.views.values())
    assert len(observation.views) == len(names)
    await driver.close()


def main(counts: Sequence[int]) -> None:
    for count in counts:
        with members(count) as (nodes, epmd_port):
            names = [node.name for node in nodes]
            rivals = {
                "epmd + TCP connect": partial(_run, bare, [name.split("@")[0] for name in names], epmd_port),
                "views read by the driver": partial(_run, read, names, epmd_port),
            }
            title = f"Reading {count} members (least, median, most; ratio to the first)"
            report(title, in_turn(rivals, runs=15), "epmd + TCP connect")


def _run(work: Callable[..., Coroutine[object, object, None]], *arguments: object) -> None:
    asyncio.run(work(*arguments))


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [10, 50, 200])
