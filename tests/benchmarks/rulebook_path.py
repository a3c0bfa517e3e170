# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a change in Kubernetes to the healed mesh by way of ansible-rulebook, and the memory that this takes.

PYTHONPATH=.:.build/collections python -m tests.benchmarks.rulebook_path [5 50]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks import memory_of
from tests.harness.ansible.command import Ansible
from tests.harness.eda.rulebook import Rulebook, rulebook
from tests.harness.erlang.beam import COOKIE, Beam, beams, is_whole, wait_whole
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.waiting import wait_until

RUNS = 7
_SOON = 120
_PAUSE = 1
STEPS = ("event", "playbook starts", "healed")


def topologies(api: KubeDouble, port: int | None) -> dict[str, object]:
    """Without the policy's own waits."""
    config = {"namespace": api.namespace, "node_basename": "app", "lookup": "pods", **api.auth}
    chat = {"strategy": "kubernetes", "config": config, "driver_config": {"cookie": COOKIE, "port": port}}
    return {
        "plugin": "selfheal.cluster.nodes",
        "topologies": {"chat": {**chat, "policy": {"confirmations": 1, "max_prune": "100%"}}},
    }


def name_of(node: Beam) -> str:
    return f"app-{node.address.replace('.', '-')}"


def seconds_of(running: Rulebook, change: Callable[[], None], is_healed: Callable[[], bool]) -> tuple[float, ...]:
    recaps = running.count("PLAY RECAP")
    seen = len(running.lines)
    began = time.time()
    change()
    wait_until(is_healed, _SOON, "the change to be healed")
    healed = time.time()
    running.wait_for("PLAY RECAP", recaps + 1)
    time.sleep(_PAUSE + 1)

    def first(text: str) -> float:
        return next(line.at for line in running.lines[seen:] if text in line.text)

    return tuple(at - began for at in (first("[received event]"), first("PLAY ["), healed))


def report(what: str, runs: Sequence[tuple[float, ...]]) -> None:
    shown = ", ".join(f"{step} {median(column):.2f} s" for step, column in zip(STEPS, zip(*runs), strict=True))
    print(f"{what} (median of {len(runs)}): {shown}", flush=True)


def measure(count: int, directory: Path) -> None:
    with kube_api() as api, beams(count + 1) as nodes:
        *members, extra = nodes
        for node in members:
            api.add_pod(name_of(node), node.address)
        file = directory / "app.cluster.yml"
        file.write_text(json.dumps(topologies(api, nodes[0].port)))
        variables: dict[str, Any] = {"heal_interval": 3600, "heal_pause": _PAUSE, "heal_repeat": 0}
        began = time.time()
        with rulebook(Ansible(directory), "selfheal.cluster.heal", file, **variables) as running:
            wait_whole(members, _SOON)
            print(f"{count} nodes, from the start of ansible-rulebook to the healed mesh: {time.time() - began:.1f} s")
            running.wait_for("PLAY RECAP")
            time.sleep(_PAUSE + 1)
            joins, prunes = [], []
            for _run in range(RUNS):
                joins.append(
                    seconds_of(
                        running,
                        lambda: api.add_pod(name_of(extra), extra.address),
                        lambda: len(extra.peers()) == count and is_whole(nodes, steady=False),
                    )
                )
                prunes.append(seconds_of(running, lambda: api.remove_pod(name_of(extra)), lambda: not extra.peers()))
            report(f"{count} nodes and one that joins", joins)
            report(f"{count} nodes and one that is pruned", prunes)
            print(f"memory of ansible-rulebook, its Java included: {memory_of(running.process.pid)} kB")


def main(counts: Sequence[int]) -> None:
    for count in counts:
        with TemporaryDirectory() as directory:
            measure(count, Path(directory))


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [5, 50])
