# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh as a graph, for few enough nodes to follow the lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.layout import DISC, Layout, Point, layout
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.markup import element
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import (
    BOTH,
    NONE,
    ONE_END,
    TopologyReading,
)
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.words import count
from markupsafe import Markup

MOST_NODES = 40
"""With more than these, the matrix is clearer."""
COLOURS = 6
"""The number of colours of islands; each island is also identified by its number and its place."""

HEAL = "heal"
"""The kind of line for a link that would be made."""

_MOST_MISSING = 80
_ZOOM = 1.25


def graph(reading: TopologyReading) -> Markup:
    """Nodes by their numbers on the page, links, islands in hulls, and what would be connected."""
    plan = layout([len(island) for island in reading.islands], len(reading.unseen))
    points = _points(reading, plan)
    return element(
        "svg",
        element("title", description(reading)),
        _hulls(plan),
        *_links(reading, points),
        *(_node(reading, number, name, points[name]) for number, name in enumerate(reading.order, start=1)),
        role="img",
        class_="graph",
        aria_label=description(reading),
        viewBox=f"0 0 {_round(plan.width)} {_round(plan.height)}",
        width=_round(plan.width * _ZOOM),
    )


def description(reading: TopologyReading) -> str:
    """A text for readers who cannot see the picture; the list next to it has the details."""
    islands = "; ".join(
        f"island {number}: {count(island, 'node')}" for number, island in enumerate(reading.islands, start=1)
    )
    apart = f"; {count(reading.unseen, 'node')} in no island" if reading.unseen else ""
    return f"The mesh of {count(reading.order, 'node')}. {islands}{apart}."


def kinds_inside(reading: TopologyReading) -> frozenset[str]:
    """The marks of the links that are drawn."""
    return frozenset(kind for kind, pairs in _inside(reading).items() if pairs)


def draws_missing(reading: TopologyReading) -> bool:
    """Whether each missing link inside an island has a line of its own; thousands would hide the mesh."""
    return len(_inside(reading)[NONE]) <= _MOST_MISSING


def _points(reading: TopologyReading, plan: Layout) -> dict[str, Point]:
    points = {
        name: point for names, island in zip(reading.islands, plan.islands) for name, point in zip(names, island.nodes)
    }
    return {**points, **dict(zip(reading.unseen, plan.apart))}


def _hulls(plan: Layout) -> Markup:
    hulls: list[Markup] = []
    for number, island in enumerate(plan.islands, start=1):
        x, y = _round(island.centre.x), _round(island.centre.y)
        hulls.append(element("circle", cx=x, cy=y, r=_round(island.radius), class_=f"hull {colour(number)}"))
        place = {"x": _round(island.label.x), "y": _round(island.label.y)}
        hulls.append(element("text", f"island {number}", class_="label", **place))
    if plan.apart:
        place = {"x": _round(plan.width / 2), "y": _round(plan.apart_top + 11)}
        hulls.append(element("text", "in no island", class_="label", **place))
    return element("g", *hulls)


def _inside(reading: TopologyReading) -> dict[str, list[tuple[str, str]]]:
    pairs: dict[str, list[tuple[str, str]]] = {BOTH: [], ONE_END: [], NONE: []}
    for island in reading.islands:
        for one, other in combinations(island, 2):
            mark = reading.mark(one, other)
            if mark != NONE or {one, other} <= reading.desired:
                pairs.setdefault(mark, []).append((one, other))
    return pairs


def _links(reading: TopologyReading, points: dict[str, Point]) -> Iterator[Markup]:
    pairs = _inside(reading)
    if not draws_missing(reading):
        pairs[NONE] = []
    planned = [(line.observer, line.node) for line in reading.plan or () if line.action == "connect"]
    pairs[HEAL] = [pair for pair in planned if points.keys() >= set(pair)]
    for kind in (BOTH, NONE, ONE_END, HEAL):
        if pairs[kind]:
            d = "".join(_line(points[one], points[other]) for one, other in pairs[kind])
            yield element("path", d=d, class_=f"link {kind}{_thickness(len(pairs[kind]))}")


def _thickness(lines: int) -> str:
    """The class for thinner lines if there are many, so that hundreds of links do not hide a missing one."""
    return " hair" if lines > 200 else " thin" if lines > 40 else ""


def _line(one: Point, other: Point) -> str:
    return f"M{_round(one.x)} {_round(one.y)}L{_round(other.x)} {_round(other.y)}"


def _node(reading: TopologyReading, number: int, name: str, point: Point) -> Markup:
    """The shape of a node: a disc if it is desired, else a diamond; dashed if it gave no answer."""
    x, y = _round(point.x), _round(point.y)
    place = next((at for at, island in enumerate(reading.islands, start=1) if name in island), 0)
    classes = f"node {colour(place)}{' dark' if name in reading.unreachable or not place else ''}"
    if name not in reading.undesired:
        shape = element("circle", cx=x, cy=y, r=_round(DISC), class_=classes)
    else:
        side = DISC - 0.4
        d = f"M{x} {_round(point.y - side)}l{side} {side}l-{side} {side}l-{side} -{side}z"
        shape = element("path", d=d, class_=classes)
    return element(
        "g",
        element("title", f"{number} {name}"),
        shape,
        element("text", number, x=x, y=_round(point.y + 4), class_="number"),
    )


def colour(island: int) -> str:
    """The CSS class with the colour of an island, from 1; 0 stands for no island."""
    return f"i{(island - 1) % COLOURS}" if island else "i"


def _round(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
