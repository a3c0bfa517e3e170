# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ``membership`` run that finds nothing to do, from the start of ansible-playbook to its end, beside one ``ping``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import wait_calm
from tests.benchmarks.commands import Commands, static
from tests.benchmarks.findings import Finding, in_turn
from tests.harness.erlang.beam import beams, join


def findings(quick: bool) -> Iterator[Finding]:
    for count, goal in [(5, None)] if quick else [(10, None), (50, 1.3), (200, 2.0)]:
        with TemporaryDirectory() as directory, beams(count) as nodes:
            join(nodes, 240)
            if not quick:
                wait_calm()
            commands = Commands(Path(directory))
            task = {
                "selfheal.cluster.membership": {"topology": "chat", **static(nodes)},
                "register": "result",
                "failed_when": "result is changed or not result.converged",
            }
            inventory = commands.inventory("one")
            plays = {
                "membership": commands.playbook("ours", task),
                "ping": commands.playbook("ping", {"ansible.builtin.ping": {}}),
            }
            rivals = {
                name: partial(commands.run, "ansible-playbook", "-i", inventory, play) for name, play in plays.items()
            }
            yield Finding(
                "Find nothing to do", count, in_turn(rivals, 1 if quick else 9), goals={"ping": goal} if goal else {}
            )
