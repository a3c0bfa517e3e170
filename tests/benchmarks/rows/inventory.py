# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory of nodes that are discovered, beside the same hosts, with the same variables, in a static YAML file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.api import NAMESPACE, api
from tests.benchmarks.commands import Commands
from tests.benchmarks.findings import Finding, in_turn

_STATIC = "the same hosts in static YAML"


def findings(quick: bool) -> Iterator[Finding]:
    for count in [100] if quick else [500, 1000, 5000]:
        with api(count) as server, TemporaryDirectory() as home:
            commands = Commands(Path(home))
            file = {
                "plugin": "selfheal.cluster.nodes",
                "topologies": {
                    "chat": {
                        "strategy": "kubernetes",
                        "config": {"namespace": NAMESPACE, "node_basename": "chat", **server.auth},
                    }
                },
            }
            cache = {
                "cache": True,
                "cache_plugin": "ansible.builtin.jsonfile",
                "cache_connection": str(Path(home) / "cache"),
            }
            ours = commands.write("ours.cluster.yml", file)
            cached = commands.write("cached.cluster.yml", {**file, **cache})
            static = commands.write("static.yml", commands.run("ansible-inventory", "-i", ours, "--list", "--yaml"))
            commands.run("ansible-inventory", "-i", cached, "--list")
            before = server.requests()
            commands.run("ansible-inventory", "-i", cached, "--list")
            requests = server.requests() - before
            sources = {"selfheal.cluster.nodes": ours, "the same, from a warm cache": cached, _STATIC: static}
            ways = {
                name: partial(commands.run, "ansible-inventory", "-i", path, "--list") for name, path in sources.items()
            }
            goals = {_STATIC: 1.5} if count == 5000 else {}
            yield Finding("Inventory", count, in_turn(ways, 1 if quick else 5), goals=goals)
            yield Finding(
                "Inventory: requests with a warm cache",
                count,
                {"selfheal.cluster.nodes": [float(requests)]},
                unit="requests",
                at_most=0,
            )
