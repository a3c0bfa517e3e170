# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the nodes of a graph are drawn. Pure geometry: the same sizes give the same places."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

DISC = 12.0
"""The radius of a node."""
MOST_WIDTH = 440.0
"""The width at which the numbers in the nodes are still readable on a telephone."""

_BETWEEN = 5.0
_HULL = 8.0
_LEAST_HULL = 27.0
_LABEL = 17.0
_GAP = 12.0
_MARGIN = 6.0


@dataclass(frozen=True)
class Point:
    x: float
    y: float


@dataclass(frozen=True)
class IslandShape:
    """A ring of nodes in a round hull, and below it the place of its label."""

    centre: Point
    radius: float
    nodes: tuple[Point, ...]
    label: Point


@dataclass(frozen=True)
class Layout:
    """``apart``: those in no island, below all islands, in the box from ``apart_top`` to the bottom."""

    width: float
    height: float
    islands: tuple[IslandShape, ...]
    apart: tuple[Point, ...] = ()
    apart_top: float = 0.0


def layout(sizes: Sequence[int], apart: int) -> Layout:
    """
    :param sizes: how many nodes each island has, at least one.
    :param apart: how many are in no island.
    """
    rows = list(_rows([_ring(size) for size in sizes]))
    widths = [_row_width(row) for row in rows]
    columns = max(1, min(apart, int((MOST_WIDTH - 4 * _MARGIN) // (2 * DISC + _BETWEEN))))
    apart_width = columns * (2 * DISC + _BETWEEN) + 2 * _MARGIN if apart else 0.0
    width = max([*widths, apart_width, 2 * _LEAST_HULL]) + 2 * _MARGIN
    islands: list[IslandShape] = []
    top = _MARGIN
    for row, row_width in zip(rows, widths):
        islands += _placed(row, (width - row_width) / 2, top)
        top += 2 * max(_hull(ring) for ring in row) + _LABEL + _GAP
    points = tuple(_grid(apart, columns, (width - apart_width) / 2 + _MARGIN, top + _LABEL + _MARGIN))
    bottom = points[-1].y + DISC + _MARGIN if points else top - _GAP
    return Layout(width, bottom + _MARGIN, tuple(islands), points, top)


@dataclass(frozen=True)
class _Ring:
    size: int
    radius: float


def _ring(size: int) -> _Ring:
    """A ring on which neighbouring discs do not touch; a ring of few nodes is large enough to show their links."""
    if size == 1:
        return _Ring(1, 0.0)
    neighbours = (DISC + _BETWEEN / 2) / math.sin(math.pi / size)
    return _Ring(size, max(neighbours, min(22.0 + 6.0 * size, 80.0)))


def _hull(ring: _Ring) -> float:
    return max(ring.radius + DISC + _HULL, _LEAST_HULL)


def _row_width(row: Sequence[_Ring]) -> float:
    return sum(2 * _hull(ring) for ring in row) + _GAP * (len(row) - 1)


def _rows(rings: Sequence[_Ring]) -> Iterator[list[_Ring]]:
    row: list[_Ring] = []
    for ring in rings:
        if row and _row_width([*row, ring]) > MOST_WIDTH - 2 * _MARGIN:
            yield row
            row = []
        row.append(ring)
    if row:
        yield row


def _placed(row: Sequence[_Ring], left: float, top: float) -> Iterator[IslandShape]:
    middle = top + max(_hull(ring) for ring in row)
    for ring in row:
        hull = _hull(ring)
        centre = Point(left + hull, middle)
        nodes = tuple(_on_ring(centre, ring, place) for place in range(ring.size))
        yield IslandShape(centre, hull, nodes, Point(centre.x, middle + hull + _LABEL - 4))
        left += 2 * hull + _GAP


def _on_ring(centre: Point, ring: _Ring, place: int) -> Point:
    angle = 2 * math.pi * place / ring.size - math.pi / 2
    return Point(centre.x + ring.radius * math.cos(angle), centre.y + ring.radius * math.sin(angle))


def _grid(count: int, columns: int, left: float, top: float) -> Iterator[Point]:
    step = 2 * DISC + _BETWEEN
    for place in range(count):
        row, column = divmod(place, columns)
        yield Point(left + step * (column + 0.5), top + DISC + row * step)
