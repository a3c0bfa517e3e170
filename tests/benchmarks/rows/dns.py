# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discover by DNS, from a real nameserver, beside ``dig +tcp`` of the same."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.benchmarks.findings import Finding, in_turn
from tests.harness.dns.nameserver import Nameserver, nameserver

_NAME = "app.example.test"
_DIG = "dig +tcp"


def strategy(name: str, config: Mapping[str, Any], count: int) -> None:
    discovery = discover(source_of({"topology": "chat", "strategy": name, "config": {"query": _NAME, **config}}))
    assert discovery.status == "complete", discovery
    assert len(discovery.nodes) == count


def dig(server: Nameserver, rdtype: str, count: int) -> None:
    command = ["dig", "+tcp", "+short", f"@{server.address}", "-p", str(server.port), _NAME, rdtype]
    assert subprocess.run(command, check=True, capture_output=True).stdout.count(b"\n") == count


def findings(quick: bool) -> Iterator[Finding]:
    """Ours without the start of Python, which a task of Ansible pays anyway."""
    with nameserver({}) as server:
        for rdtype, sizes in (("A", [50, 500]), ("SRV", [100, 1000])):
            for count in [10] if quick else sizes:
                addresses = [f"10.1.{n >> 8}.{n & 255}" for n in range(count)]
                targets = [f"0 5 4369 node-{n}.example.test." for n in range(count)]
                server.replace(_NAME, **{rdtype: addresses if rdtype == "A" else targets})
                name = "dns" if rdtype == "A" else "dns_srv"
                config = {"node_basename": "app", **server.config}
                if rdtype == "A":
                    config["types"] = ["A"]
                ways = {
                    f"strategy {name}": partial(strategy, name, config, count),
                    _DIG: partial(dig, server, rdtype, count),
                }
                values = in_turn(ways, 1 if quick else 15)
                yield Finding(f"Discover {rdtype} records", count, values, goals={_DIG: 2.0})
