# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The legend of a picture: the lines and shapes that occur in it, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.selfheal.cluster.plugins.plugin_utils._report import graph
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.markup import element
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import (
    BOTH,
    NONE,
    ONE_END,
    UNKNOWN,
    TopologyReading,
)
from markupsafe import Markup

_LINKS = {
    BOTH: "linked",
    ONE_END: "only one end lists it",
    NONE: "missing link",
    UNKNOWN: "not known: neither end answers",
}
_CELL_TOPS = {BOTH: (1, 12), ONE_END: (4, 6), NONE: (6, 3), UNKNOWN: (6, 1.5)}


def legend(reading: TopologyReading, small: bool) -> Markup:
    return element("ul", *(_of_graph(reading) if small else _of_matrix()), class_="legend")


def _of_graph(reading: TopologyReading) -> Iterator[Markup]:
    kinds = graph.kinds_inside(reading)
    for kind in (BOTH, ONE_END, NONE):
        if kind in kinds and (kind != NONE or graph.draws_missing(reading)):
            yield _item(element("path", d="M1 7H27", class_=f"link {kind}"), _LINKS[kind], 28)
    if any(line.action == "connect" for line in reading.plan or ()):
        yield _item(element("path", d="M1 7H27", class_=f"link {graph.HEAL}"), "would be connected", 28)
    if reading.undesired:
        yield _item(element("path", d="M7 1l6 6l-6 6l-6 -6z", class_="node i"), "not desired", 14)
    if reading.unreachable or reading.unseen:
        yield _item(element("circle", cx="7", cy="7", r="5.5", class_="node i dark"), "gave no answer", 14)
    if not graph.draws_missing(reading):
        yield element("li", "missing links inside islands are too many to be drawn, and are counted above")


def _of_matrix() -> Iterator[Markup]:
    for kind, (top, height) in _CELL_TOPS.items():
        yield _item(element("path", d=f"M1 {top}h12v{height}h-12z", class_=f"cell {kind} i0"), _LINKS[kind], 14)
    yield element("li", "a frame is an island; rows and columns are in the same order")


def _item(shape: Markup, text: str, width: int) -> Markup:
    sample = element("svg", shape, width=width, height="14", viewBox=f"0 0 {width} 14", aria_hidden="true")
    return element("li", sample, text)
