# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discover the pods of one namespace, beside a raw GET and json.loads of the same pages, and beside k8s_info."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.api import NAMESPACE, Api, api, path_of
from tests.benchmarks.commands import Commands
from tests.benchmarks.discover_pods import discovered
from tests.benchmarks.findings import Finding, in_turn
from tests.benchmarks.raw_get import get

LOOKUPS = {"endpoint_slices": "endpointslices", "pods": "pods"}
_RAW, _K8S_INFO = "raw GET + json.loads", "kubernetes.core.k8s_info"


def raw(auth: Mapping[str, Any], lookup: str, count: int) -> None:
    assert get(auth, path_of(LOOKUPS[lookup])) == count


def ours(auth: Mapping[str, Any], lookup: str, count: int) -> None:
    assert discovered(auth, NAMESPACE, lookup) == count


WAYS = {"strategy kubernetes": ours, _RAW: raw}


def peak_of(way: str, auth: Mapping[str, Any], lookup: str) -> float:
    """MB of a process of its own that does it once, and has imported nothing that it does not use."""
    if way == _RAW:
        program, arguments = "raw_get", [dict(auth), path_of(LOOKUPS[lookup])]
    else:
        program, arguments = "discover_pods", [dict(auth), NAMESPACE, lookup]
    command = [sys.executable, "-m", f"tests.benchmarks.{program}", json.dumps(arguments)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1024


def findings(quick: bool) -> Iterator[Finding]:
    runs = 1 if quick else 7
    for count in [100] if quick else [500, 1000, 5000]:
        with api(count) as server, TemporaryDirectory() as home:
            for lookup in LOOKUPS:
                ways = {name: partial(way, server.auth, lookup, count) for name, way in WAYS.items()}
                goals = {_RAW: 1.5} if count == 5000 else {}
                yield Finding(f"Discover {lookup}", count, in_turn(ways, runs), goals=goals)
                memory = {name: [peak_of(name, server.auth, lookup) for _run in range(min(runs, 3))] for name in WAYS}
                yield Finding(f"Discover {lookup}: peak memory", count, memory, unit="MB", goals=goals)
            values = in_turn(_plays(Commands(Path(home)), server), 1 if quick else 3)
            yield Finding(
                "Discover pods through Ansible", count, values, goals={_K8S_INFO: 0.2} if count == 5000 else {}
            )


def _plays(commands: Commands, server: Api) -> dict[str, Any]:
    tasks: dict[str, dict[str, Any]] = {
        "nodes_info": {
            "selfheal.cluster.nodes_info": {
                "topology": "chat",
                "strategy": "kubernetes",
                "config": {"namespace": NAMESPACE, "lookup": "pods", "node_basename": "chat", **server.auth},
            }
        },
        _K8S_INFO: {"kubernetes.core.k8s_info": {"kind": "Pod", "namespace": NAMESPACE, **server.auth}},
    }
    inventory = commands.inventory("one")
    return {
        name: partial(commands.run, "ansible-playbook", "-i", inventory, commands.playbook(name, task))
        for name, task in tasks.items()
    }
