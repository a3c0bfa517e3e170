# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics in Prometheus' text format. An unknown value has no sample: a 0 would mean that there is nothing."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Iterator, Sequence
from time import strptime
from typing import NamedTuple

from ansible_collections.selfheal.cluster.plugins.module_utils._planner.verdict import VERDICTS
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import (
    ActionRow,
    TopologyReading,
    by_name,
)

_PREFIX = "selfheal_cluster_"
_STATUSES = ("complete", "partial", "failed")
_TIME = "reading_timestamp_seconds"


class _Sample(NamedTuple):
    metric: str
    labels: tuple[tuple[str, str], ...]
    value: int


_HELP = {
    "failed": "1 if the run for this topology failed, else 0.",
    "converged": "1 if nothing keeps the cluster from being called whole, 0 if something does or if nothing is known.",
    "verdict": "1 for the verdict of the last run, 0 for the others; none if the run ended before it saw the cluster.",
    "discovery_status": "1 for the status that the last discovery had, 0 for the others.",
    "desired_nodes": "Nodes that should be in the cluster.",
    "actual_nodes": "Members that answered or are listed by one that did.",
    "islands": "Parts of the cluster that are not linked with each other; more than 1 is a split.",
    "missing_links": "Links between desired nodes that an end which answers does not list.",
    "unreachable_nodes": "Nodes that gave no answer.",
    "planned_nodes": "Nodes that a converging run would act on.",
    "refused_nodes": "Nodes on which an action is outstanding and was refused.",
    "connected_nodes": "Nodes that the last run connected.",
    "pruned_nodes": "Nodes that the last run pruned.",
    _TIME: "When the cluster was read last, in seconds since 1970.",
}
"""In the order in which they are written."""


def metrics(readings: Sequence[TopologyReading]) -> str:
    samples = [sample for reading in by_name(readings) for sample in _samples(reading)]
    return "".join(_family(metric, [s for s in samples if s.metric == metric]) for metric in _HELP)


def timeless(text: str) -> str:
    """Metrics without the parts that differ in each run, for a comparison."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(f"{_PREFIX}{_TIME}"))


def _family(metric: str, samples: Sequence[_Sample]) -> str:
    if not samples:
        return ""
    name = f"{_PREFIX}{metric}"
    lines = [f"# HELP {name} {_HELP[metric]}", f"# TYPE {name} gauge"]
    lines += [f"{name}{{{_labels(sample)}}} {sample.value}" for sample in samples]
    return "".join(f"{line}\n" for line in lines)


def _labels(sample: _Sample) -> str:
    return ",".join(f'{key}="{_escaped(value)}"' for key, value in sample.labels)


def _samples(reading: TopologyReading) -> Iterator[_Sample]:
    topology = ("topology", reading.topology)

    def sample(metric: str, value: int, *labels: tuple[str, str]) -> _Sample:
        return _Sample(metric, (topology, *labels), value)

    yield sample("failed", int(bool(reading.failure)))
    yield sample("converged", int(reading.converged))
    if reading.verdict in VERDICTS:
        yield from (sample("verdict", int(reading.verdict == one), ("verdict", one)) for one in VERDICTS)
    if reading.status in _STATUSES:
        yield from (sample("discovery_status", int(reading.status == one), ("status", one)) for one in _STATUSES)
    if reading.says_who_is_desired:
        yield sample("desired_nodes", len(reading.desired))
    if reading.missing_links is not None:
        yield sample("missing_links", reading.missing_links)
    if reading.was_read:
        yield sample("actual_nodes", len(reading.members))
        yield sample("islands", len(reading.islands))
        yield sample("unreachable_nodes", len(reading.unreachable))
        for action in ("connect", "prune"):
            if reading.plan is not None:
                yield sample("planned_nodes", _nodes(reading.plan, action), ("action", action))
            yield sample("refused_nodes", _nodes(reading.refused, action), ("action", action))
        if (seconds := _seconds(reading.time)) is not None:
            yield sample(_TIME, seconds)
    for metric, done in (("connected_nodes", reading.connected), ("pruned_nodes", reading.pruned)):
        if done is not None:
            yield sample(metric, len({line.node for line in done}))


def _nodes(lines: Sequence[ActionRow], action: str) -> int:
    return len({line.node for line in lines if line.action == action})


def _seconds(time: str) -> int | None:
    try:
        return timegm(strptime(time, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        return None


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
