# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many topologies in one run of the playbook converge, beside a run for each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.commands import Commands, static
from tests.benchmarks.findings import Finding
from tests.harness.erlang.beam import beams, join

_EACH = 2
"""Members of a topology."""
_SAMPLE = 3
"""So many of the runs with one topology are made; all of them are alike."""


def findings(quick: bool) -> Iterator[Finding]:
    for count in [2] if quick else [10, 100]:
        with TemporaryDirectory() as directory, beams(count * _EACH) as nodes:
            topologies = {}
            for number in range(count):
                members = nodes[number * _EACH : (number + 1) * _EACH]
                join(members)
                topologies[f"chat{number}"] = static(members)
            commands = Commands(Path(directory))
            file = {"plugin": "selfheal.cluster.nodes", "topologies": topologies}
            inventory = commands.write("app.cluster.yml", {**file, "discover": False})
            arguments = ("ansible-playbook", "-i", inventory, "selfheal.cluster.converge")
            together, alone = [], []
            for _run in range(1 if quick else 3):
                together.append(_seconds(commands, *arguments))
                sample = [f"chat{number}" for number in range(min(count, _SAMPLE))]
                one_by_one = sum(_seconds(commands, *arguments, "--limit", f"localhost,{name}") for name in sample)
                alone.append(one_by_one / len(sample) * count)
        values = {"one run with all": together, f"a run for each ({_SAMPLE} measured)": alone}
        yield Finding("Converge many topologies", count, values, goals={list(values)[1]: 0.2} if count == 100 else {})


def _seconds(commands: Commands, command: str, *arguments: str | Path) -> float:
    start = time.perf_counter()
    commands.run(command, *arguments)
    return time.perf_counter() - start
