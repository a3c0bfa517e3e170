# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Five real nodes in a healthy mesh, a topology whose source or whose members can be broken, and what runs of the
collection do to them meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of

from tests.harness.erlang.beam import BASENAME, COOKIE, Beam, beams, join, wait_whole
from tests.harness.erlang.clusters import forget, lost, outcome

ROUNDS = 3
"""Runs that each fault is there for."""


@dataclass
class Row:
    """One line of the table. ``before``: links among the nodes that nobody broke; ``dropped``: how often one of these
    nodes recorded that another of them went down; ``gone``: who was pruned."""

    group: str
    fault: str
    before: int
    dropped: int
    gone: int
    statuses: list[str]
    message: str

    def __str__(self) -> str:
        """As it stands in the table, and in the guide."""
        cells = [self.group, self.fault, self.before, self.dropped, ", ".join(self.statuses), self.gone]
        return ", ".join(f'"{cell}"' if "," in str(cell) else str(cell) for cell in cells)


@dataclass
class Scene:
    """``nodes``: all that run; ``topology``: the options that make the runs."""

    nodes: list[Beam]
    topology: dict[str, Any]
    rows: list[Row]
    group: str
    results: list[dict[str, Any]] = field(default_factory=list)

    def run(self, **options: Any) -> dict[str, Any]:
        """One run of ``membership``, also one that fails: then ``msg`` says why."""
        result = outcome(topology_of({**self.topology, **options}))
        self.results.append(result)
        return result

    @contextmanager
    def fault(self, name: str, *, broken: Sequence[Beam] = (), rounds: int = ROUNDS, **options: Any) -> Iterator[Scene]:
        """What is injected in the body is there for some runs after it; then a line of the table is made.

        :param broken: the nodes that the fault itself hits, or that are meant to go.
        """
        healthy = [node for node in self.nodes if node not in broken]
        everyone = {node.name for node in healthy}
        before = sum(len(node.peers() & everyone) for node in healthy)
        forget(healthy)
        self.results.clear()
        yield self
        for _round in range(rounds):
            self.run(**options)
        self.report(name, healthy, broken, before)

    def report(self, name: str, healthy: Sequence[Beam], broken: Sequence[Beam], before: int) -> None:
        """:raises AssertionError: a healthy node lost a healthy peer."""
        dropped = lost(healthy, but=broken)
        row = Row(
            self.group,
            name,
            before,
            sum(len(downs) for downs in dropped.values()),
            len({action["node"] for result in self.results for action in result["pruned"]}),
            list(dict.fromkeys(result["status"] for result in self.results)),
            _message(self.results),
        )
        self.rows.append(row)
        assert row.dropped == 0, dropped

    def heals(self, nodes: Sequence[Beam] | None = None) -> None:
        """With the fault away, one run makes the mesh whole, and the next one has nothing to do."""
        self.run()
        wait_whole(nodes or self.nodes)
        result = self.run()
        assert (result["changed"], result["converged"]) == (False, True), result


def _message(results: Sequence[dict[str, Any]]) -> str:
    for result in reversed(results):
        texts = [*result["reasons"], *result["warnings"], result.get("msg", "")]
        for text in filter(None, texts):
            return str(text).removeprefix("topology 'chat': ")
    return ""


@contextmanager
def scene(rows: list[Row], group: str, strategy: str) -> Iterator[Scene]:
    """Five nodes in a steady mesh. The topology's ``config`` is the caller's to set, now that the nodes are there."""
    with beams(5) as nodes:
        join(nodes)
        yield Scene(nodes, options(nodes, strategy), rows, group)


def options(nodes: Sequence[Beam], strategy: str) -> dict[str, Any]:
    return {
        "topology": "chat",
        "strategy": strategy,
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port, "timeout": 3},
        "policy": {"scope": [f"{BASENAME}@*"], "confirmation_interval": 0.1},
    }
