# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh as an adjacency matrix, for more nodes than a graph can show."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.graph import colour, description
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.markup import element
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import (
    BOTH,
    NONE,
    ONE_END,
    UNKNOWN,
    TopologyReading,
)
from markupsafe import Markup

MOST_NODES = 1000
_MOST_RUNS = 40_000
_LEFT = 34.0
_SIDES = ((60, 12.0), (120, 7.5), (250, 5.0), (500, 3.0), (MOST_NODES, 1.5))
_HEIGHT_OF = {BOTH: 0.88, ONE_END: 0.6, NONE: 0.34, UNKNOWN: 0.15}
"""The height of a cell: the worse, the thinner, so that marks can be distinguished without colour."""

_Run = tuple[int, int, int, str]


def matrix(reading: TopologyReading) -> Markup | None:
    """Rows and columns in the order of the islands; None if there are too many nodes, or too much to draw."""
    names = reading.order
    runs: list[_Run] = []
    if len(names) > MOST_NODES:
        return None
    for run in _runs(reading):
        runs.append(run)
        if len(runs) > _MOST_RUNS:
            return None
    side = next(side for most, side in _SIDES if len(names) <= most)
    width = _LEFT + side * len(names) + 2
    return element(
        "svg",
        element("title", description(reading)),
        *_blocks(reading, side),
        *_cells(reading, runs, side),
        *_numbers(names, side),
        role="img",
        class_="matrix",
        aria_label=description(reading),
        viewBox=f"0 0 {_round(width)} {_round(width)}",
        width=_round(width),
        height=_round(width),
    )


def _runs(reading: TopologyReading) -> Iterator[_Run]:
    """Row, column, length and mark of each run of equal marks in a row."""
    island_of = {name: place for place, island in enumerate(reading.islands) for name in island}
    for row, one in enumerate(reading.order):
        peers = frozenset(reading.islands[island_of[one]]) if one in island_of else frozenset()
        marks = _row(reading, one, peers & reading.desired if one in reading.desired else frozenset())
        column = 0
        for mark, cells in groupby(marks):
            length = sum(1 for _cell in cells)
            if mark:
                yield row, column, length, mark
            column += length


def _row(reading: TopologyReading, one: str, missed: frozenset[str]) -> Iterator[str]:
    """The marks of a row, as by :meth:`TopologyReading.mark`, but fast enough for a million.

    :param missed: the peers to which a missing link is marked: the desired nodes of the same island.
    """
    own, views = reading.views.get(one), reading.views
    for other in reading.order:
        theirs = views.get(other)
        if one == other:
            yield ""
        elif own is None and theirs is None:
            yield UNKNOWN
        elif own is None or theirs is None:
            listed = other in own if own is not None else theirs is not None and one in theirs
            yield BOTH if listed else NONE if other in missed else ""
        elif other in own:
            yield BOTH if one in theirs else ONE_END
        elif one in theirs:
            yield ONE_END
        else:
            yield NONE if other in missed else ""


def _cells(reading: TopologyReading, runs: list[_Run], side: float) -> Iterator[Markup]:
    colours = [colour(number) for number, island in enumerate(reading.islands, start=1) for _node in island]
    colours += [colour(0)] * len(reading.unseen)
    paths: dict[str, list[str]] = {}
    for row, column, length, mark in runs:
        share, width = _HEIGHT_OF[mark], _round(length * side)
        top = _round(_LEFT + (row + (1 - share) / 2) * side)
        d = f"M{_round(_LEFT + column * side)} {top}h{width}v{_round(side * share)}h-{width}z"
        paths.setdefault(f"cell {mark} {colours[row]}", []).append(d)
    for classes, drawn in paths.items():
        yield element("path", d="".join(drawn), class_=classes)


def _blocks(reading: TopologyReading, side: float) -> Iterator[Markup]:
    start = 0
    for number, island in enumerate(reading.islands, start=1):
        at, size = _LEFT + start * side, len(island) * side
        place = {"x": _round(at), "y": _round(at), "width": _round(size), "height": _round(size)}
        yield element("rect", element("title", f"island {number}"), class_=f"block {colour(number)}", **place)
        start += len(island)


def _numbers(names: tuple[str, ...], side: float) -> Iterator[Markup]:
    """The numbers left of the rows, where there is room, with the name as a tooltip, and above every tenth column."""
    every = 1 if side > 7 else 10 if side > 2 else 50
    for number, name in enumerate(names, start=1):
        at = _LEFT + (number - 0.5) * side
        if number == 1 or number % every == 0:
            title = element("title", f"{number} {name}")
            yield element("text", title, number, x=_round(_LEFT - 4), y=_round(at + 2.5), class_="row")
        if number == 1 or number % max(10, every) == 0:
            yield element("text", number, x=_round(at), y=_round(_LEFT - 5), class_="column")


def _round(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
