# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ``membership`` run that finds nothing to do, from the start of ansible-playbook to its end, beside one ``ping``.

PYTHONPATH=.:.build/collections python -m tests.benchmarks.healthy_run [50 200]
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from tests.benchmarks.pairs import in_turn, report
from tests.harness.beam import COOKIE, Beam, beams, join

COLLECTIONS = Path(__file__).resolve().parents[2] / ".build" / "collections"
PLAY = Path(sys.executable).with_name("ansible-playbook")


def playbook(directory: Path, name: str, task: dict[str, object]) -> Path:
    path = directory / f"{name}.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    return path


def membership(nodes: Sequence[Beam]) -> dict[str, object]:
    return {
        "selfheal.cluster.membership": {
            "topology": "bench",
            "strategy": "static",
            "config": {"nodes": [node.name for node in nodes]},
            "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
            "policy": {"scope": ["app@*"]},
        },
        "register": "result",
        "failed_when": "result is changed or not result.converged",
    }


def play(path: Path) -> None:
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_LOCALHOST_WARNING": "false"}
    own_python = f"ansible_python_interpreter={sys.executable}"
    command = [PLAY, "-i", "localhost,", "-c", "local", "-e", own_python, path]
    subprocess.run(command, check=True, env=environment, capture_output=True)


def main(counts: Sequence[int]) -> None:
    with TemporaryDirectory() as directory:
        for count in counts:
            with beams(count) as nodes:
                join(nodes, 240)
                rivals = {
                    "ping": playbook(Path(directory), "ping", {"ansible.builtin.ping": {}}),
                    f"membership, {count} healthy members": playbook(Path(directory), "run", membership(nodes)),
                }
                seconds = in_turn({name: partial(play, path) for name, path in rivals.items()}, runs=9)
            report("A whole ansible-playbook (least, median, most; ratio to the first)", seconds, "ping")


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [50])
