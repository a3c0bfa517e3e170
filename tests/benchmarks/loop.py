# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a loop that watches heals, and what it costs to let it go on.

    python -m tests.benchmarks.loop heal [--nodes 5 50] [--tries 10]
    python -m tests.benchmarks.loop go-on [--nodes 50] [--minutes 10]

``heal`` measures, on the clock of the node that joins or leaves, from the change in the source: to its first link,
which is the collection's own part, and to all of them, of which Erlang makes the rest. Prunes are confirmed without
the policy's pause in between. ``go-on`` fails if memory, open files or the members' atoms grow.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import memory_of
from tests.harness.ansible.background import Run, run
from tests.harness.ansible.command import Ansible
from tests.harness.erlang.beam import BASENAME, COOKIE, Beam, beams, is_whole
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.waiting import wait_until

_LONG = 86400
_APART = 1.2
"""Seconds between two changes, so that none falls into the pause after a run that followed another."""
_GROWTH = 1.05
_CLOCK = """register(clock, spawn(fun() -> net_kernel:monitor_nodes(true), (fun Loop(Seen) ->
    receive
        {nodeup, _} -> Loop([{up, erlang:system_time(microsecond)} | Seen]);
        {nodedown, _} -> Loop([{down, erlang:system_time(microsecond)} | Seen]);
        {take, From} -> From ! {clock, lists:reverse(Seen)}, Loop([])
    end end)([]) end))"""
_TAKE = """clock ! {take, self()}, receive {clock, Seen} -> {text, lists:join(" ",
    [integer_to_list(Time) || {Kind, Time} <- Seen, Kind =:= %s])} end"""


@contextmanager
def looping(count: int, interval: float) -> Iterator[tuple[KubeDouble, list[Beam], Run]]:
    """One node more than ``count``, of which the last is not in the source, under a loop that watches it."""
    with tempfile.TemporaryDirectory() as home, kube_api() as api, beams(count + 1) as nodes:
        options = {
            "topology": "chat",
            "strategy": "kubernetes",
            "config": {"namespace": api.namespace, "node_basename": BASENAME, **api.auth},
            "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
            "policy": {"confirmation_interval": 0},
            "duration": _LONG,
            "interval": interval,
            "watch": True,
        }
        api.add_slice("chat-1", _endpoints(api, nodes[:-1]), service="chat")
        with run(Ansible(Path(home)), options) as running:
            wait_until(lambda: api.watches == 1 and is_whole(nodes[:-1]), 120, "the first mesh")
            yield api, nodes, running


def _endpoints(api: KubeDouble, nodes: list[Beam]) -> list[dict[str, object]]:
    return [api.endpoint(node.address, f"chat-{number}") for number, node in enumerate(nodes)]


def heal(count: int, tries: int) -> None:
    with looping(count, _LONG) as (api, nodes, _running):
        *staying, other = nodes
        other.eval(" ".join(_CLOCK.split()))
        found: dict[str, list[float]] = {}
        for _try in range(tries):
            for change, kind, members, done in (
                ("join", "up", nodes, lambda: is_whole(nodes)),
                ("prune", "down", staying, lambda: not other.peers() and is_whole(staying)),
            ):
                time.sleep(_APART)
                first, last = _measured(api, members, other, kind, done)
                found.setdefault(f"{change}: first link", []).append(first)
                found.setdefault(f"{change}: all links", []).append(last)
    for what, seconds in found.items():
        print(
            f"{count:4} nodes  {what:28} median {statistics.median(seconds):6.3f} s"
            f"   {min(seconds):.3f} to {max(seconds):.3f} s   of {len(seconds)}",
            flush=True,
        )


def _measured(
    api: KubeDouble, members: list[Beam], other: Beam, kind: str, done: Callable[[], bool]
) -> tuple[float, float]:
    _times(other, kind)
    before = time.time()
    api.set_slice("chat-1", _endpoints(api, members))
    wait_until(done, 120, f"the {kind} of {other.name}")
    times = _times(other, kind)
    return times[0] - before, times[-1] - before


def _times(node: Beam, kind: str) -> list[float]:
    """Of its links that came up or went down since the last call."""
    return [int(text) / 1e6 for text in node.eval(" ".join((_TAKE % kind).split())).split()]


def go_on(count: int, minutes: float) -> bool:
    """:returns: whether nothing grew."""
    with looping(count, 1.0) as (_api, nodes, running):
        samples = []
        for minute in range(int(minutes) + 1):
            time.sleep(min(20.0, minutes * 60) if minute == 0 else 60.0)
            memory, files, atoms = _sample(running.worker, nodes[0])
            samples.append((memory, files, atoms))
            print(f"{minute:4} min  {memory:7} kB  {files:4} open files  {atoms:6} atoms", flush=True)
        first, last = samples[0], samples[-1]
    grown = [what for what, a, b in zip(("memory", "open files", "atoms"), first, last) if b > a * _GROWTH]
    outcome = f"GREW: {', '.join(grown)}" if grown else "nothing grew"
    print(f"{count} nodes, {minutes:g} minutes, a round a second: {outcome}")
    return not grown


def _sample(pid: int, node: Beam) -> tuple[int, int, int]:
    return (
        memory_of(pid),
        len(list(Path(f"/proc/{pid}/fd").iterdir())),
        int(node.eval("erlang:system_info(atom_count)")),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    healing = commands.add_parser("heal")
    healing.add_argument("--nodes", type=int, nargs="+", default=[5, 50])
    healing.add_argument("--tries", type=int, default=10)
    going = commands.add_parser("go-on")
    going.add_argument("--nodes", type=int, default=50)
    going.add_argument("--minutes", type=float, default=10)
    given = parser.parse_args()
    if given.command == "go-on":
        return 0 if go_on(given.nodes, given.minutes) else 1
    for count in given.nodes:
        heal(count, given.tries)
    return 0


if __name__ == "__main__":
    sys.exit(main())
