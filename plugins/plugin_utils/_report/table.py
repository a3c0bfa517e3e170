# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All topologies of a run as one table for a terminal, with what is wrong below it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ansible_collections.selfheal.cluster.plugins.module_utils._io.text import printable
from ansible_collections.selfheal.cluster.plugins.module_utils._run.causes import causes, few
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.markup import clipped
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import (
    ActionRow,
    TopologyReading,
    by_name,
)
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.words import GOOD, because, status_of

_HEADINGS = ("TOPOLOGY", "VERDICT", "NODES", "ISLANDS", "UNREACHABLE", "REFUSED", "DONE")
_NUMBERS = range(2, 6)
"""The columns that are aligned on the right."""
_UNKNOWN = "-"
_MOST_REASONS = 3
_LONGEST = 500
"""The most characters of one reason."""


class TableLine(NamedTuple):
    """``level`` is one of those in ``words``."""

    text: str
    level: str = GOOD


def table(readings: Sequence[TopologyReading], would: bool = False, width: int = 0) -> list[TableLine]:
    """The lines of the table, in the natural order of the topologies' names, and then what each one lacks.

    :param would: the actions are those of check mode, which would be done.
    :param width: the columns of the terminal, 0 for lines that are never wrapped.
    """
    ordered = by_name(readings)
    rows = [_HEADINGS, *(_cells(reading, would) for reading in ordered)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    levels = (GOOD, *(status_of(reading).level for reading in ordered))
    lines = [TableLine(_row(row, widths), level) for row, level in zip(rows, levels)]
    for reading in ordered:
        level = status_of(reading).level
        told = (printable(f"{reading.topology}: {detail}") for detail in _details(reading, would))
        lines += [TableLine(text, level) for detail in told for text in _wrapped(detail, width)]
    return lines


def nodes_of(reading: TopologyReading) -> tuple[int, int] | None:
    """How many of the desired nodes are in the largest island, and how many there are; None if that is unknown."""
    if not reading.says_who_is_desired:
        return None
    largest = reading.islands[0] if reading.islands else ()
    return len(reading.desired.intersection(largest)), len(reading.desired)


def _details(reading: TopologyReading, would: bool) -> Iterator[str]:
    """What was done and what is wrong, a line for each cause."""
    if reading.failure:
        yield clipped(reading.failure, _LONGEST)
    for word, done in (("connect", reading.connected), ("prune", reading.pruned)):
        if done:
            yield f"{_done(word, would)} {few({row.node for row in done})}"
    for word in ("connect", "prune"):
        planned = {row.node for row in reading.plan or () if row.action == word}
        if planned:
            yield f"would {word} {few(planned)}"
    for names, cause in causes(reading.unreachable):
        yield f"no answer from {few(names)}: {clipped(cause, _LONGEST)}"
    yield from _refusals(reading.refused)
    yield from _reasons(reading)


def _reasons(reading: TopologyReading) -> Iterator[str]:
    """Why the discovery is partial, or links are not enough. A failure has those of a failed discovery already."""
    if reading.failure and reading.status != "partial":
        return
    shown = reading.reasons[:_MOST_REASONS]
    yield from (clipped(reason, _LONGEST) for reason in shown)
    if len(reading.reasons) > len(shown):
        yield f"and {len(reading.reasons) - len(shown)} reasons more"


def _cells(reading: TopologyReading, would: bool) -> tuple[str, ...]:
    nodes = nodes_of(reading)
    known = reading.was_read
    return (
        printable(reading.topology),
        status_of(reading).label,
        f"{nodes[0]}/{nodes[1]}" if nodes else _UNKNOWN,
        str(len(reading.islands)) if known else _UNKNOWN,
        str(len(reading.unreachable)) if known else _UNKNOWN,
        str(len(reading.refused)) if known else _UNKNOWN,
        ", ".join(_counts(reading, would)) or _UNKNOWN,
    )


def _counts(reading: TopologyReading, would: bool) -> Iterator[str]:
    for word, done in (("connect", reading.connected), ("prune", reading.pruned)):
        if done:
            yield f"{_done(word, would)} {len({row.node for row in done})}"


def _done(word: str, would: bool) -> str:
    return f"would {word}" if would else f"{word.removesuffix('e')}ed"


def _row(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (
        cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths))
    )
    return "  ".join(cells).rstrip()


def _refusals(refused: Sequence[ActionRow]) -> Iterator[str]:
    by_reason: dict[tuple[str, str], set[str]] = {}
    for row in refused:
        by_reason.setdefault((row.action, row.reason), set()).add(row.node)
    for (action, reason), names in sorted(by_reason.items()):
        yield f"refused to {action} {few(names)}: {because(reason)}"


def _wrapped(text: str, width: int) -> list[str]:
    if not width:
        return [f"  {text}"]
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
