# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a monitor is told: a line and an exit code a topology, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._io.text import printable
from ansible_collections.selfheal.cluster.plugins.module_utils._planner import verdict
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.markup import clipped
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import TopologyReading, by_name
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.table import TableLine, nodes_of
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.words import (
    BAD,
    GOOD,
    WARN,
    sentence_of,
    status_of,
)

OK, NOT_WHOLE, UNTOLD = 0, 2, 4
"""The exit codes, which are Ansible's own: 2 for failed hosts, 4 for unreachable ones, and 4 wins."""
_LEVELS = {OK: GOOD, NOT_WHOLE: WARN, UNTOLD: BAD}
_LONGEST = 500


def code_of(reading: TopologyReading, allow: Collection[str] = ()) -> int:
    """The exit code of one topology.

    :param allow: the verdicts that count as whole.
    """
    if reading.host_unreachable or not reading.verdict:
        return UNTOLD
    if reading.verdict in allow:
        return OK
    if reading.verdict in verdict.UNTOLD or reading.failure:
        return UNTOLD
    return OK if reading.verdict == verdict.WHOLE else NOT_WHOLE


def line_of(reading: TopologyReading) -> str:
    """The topology, its verdict, and the most important facts behind it."""
    return clipped(printable(f"{reading.topology}: {status_of(reading).label}: {sentence_of(reading)}"), _LONGEST)


def check_lines(readings: Sequence[TopologyReading], allow: Collection[str] = ()) -> list[TableLine]:
    """A line a topology, in the natural order of their names."""
    return [TableLine(line_of(reading), _LEVELS[code_of(reading, allow)]) for reading in by_name(readings)]


def document(readings: Sequence[TopologyReading], allow: Collection[str], time: str) -> str:
    """The same as JSON: ``code`` of the whole run, and for each topology what its line is made of."""
    ordered = by_name(readings)
    codes = [code_of(reading, allow) for reading in ordered]
    content = {
        "time": time,
        "code": max(codes, default=OK),
        "topologies": {reading.topology: _of(reading, code) for reading, code in zip(ordered, codes)},
    }
    return f"{json.dumps(content, indent=2)}\n"


def _of(reading: TopologyReading, code: int) -> dict[str, Any]:
    nodes = nodes_of(reading)
    return {
        "code": code,
        "verdict": reading.verdict or None,
        "text": sentence_of(reading),
        "failure": reading.failure or None,
        "desired": nodes[1] if nodes else None,
        "joined": nodes[0] if nodes else None,
        "islands": len(reading.islands) if reading.was_read else None,
        "unreachable": dict(reading.unreachable),
        "refused": len(reading.refused) if reading.was_read else None,
        "read": reading.time or None,
    }
