# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page: one file that loads nothing and runs nothing; untrusted data is always escaped text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from ansible_collections.selfheal.cluster.plugins.module_utils._planner.verdict import WHOLE
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.markup import clipped, element, name_of
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import TopologyReading, by_name
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.section import badge, now, section
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.style import STYLE, STYLE_HASH
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.words import (
    BAD,
    GOOD,
    NOTICE,
    STATUSES,
    WARN,
    Status,
    count,
    sentence_of,
    status_of,
)
from markupsafe import Markup

_POLICY = f"default-src 'none'; style-src '{STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'"
_ICON_COLOURS = {BAD: "#c62836", WARN: "#c78a1b", NOTICE: "#2f74bd", GOOD: "#23925a"}
_NOW = re.compile(r'<time [^>]*data-now="">[^<]*</time>')


def page(readings: Sequence[TopologyReading], title: str, time: str) -> str:
    """
    :param time: when it is written, ISO 8601 in UTC.
    """
    ranked = worst_first(readings)
    anchored = [(f"t{number}", reading) for number, reading in enumerate(ranked, start=1)]
    body = element(
        "body",
        element("header", element("h1", title), _headline(ranked), class_="top"),
        element(
            "main",
            _index(anchored) if len(anchored) > 1 else None,
            *(section(reading, anchor) for anchor, reading in anchored),
        ),
        element(
            "footer",
            element("p", "Written ", now(time), " by selfheal.cluster. It does not refresh itself."),
            class_="foot",
        ),
    )
    level = min((status_of(reading) for reading in ranked), default=STATUSES[WHOLE]).level
    return f"<!DOCTYPE html>\n{element('html', _head(title, level), body, lang='en')}\n"


def timeless(text: str) -> str:
    """A page without the parts that differ in each run, for a comparison."""
    return _NOW.sub("", text)


def worst_first(readings: Sequence[TopologyReading]) -> list[TopologyReading]:
    return sorted(by_name(readings), key=lambda reading: status_of(reading).rank)


def _head(title: str, level: str) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name_="referrer", content="no-referrer"),
        element("meta", name_="robots", content="noindex"),
        element("title", title),
        element("link", rel="icon", href=_icon(_ICON_COLOURS[level])),
        element("style", Markup(STYLE)),  # noqa: S704
    )


def _icon(colour: str) -> str:
    circle = f'<circle cx="8" cy="8" r="7" fill="{colour}"/>'
    return "data:image/svg+xml," + quote(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{circle}</svg>')


def _headline(readings: Sequence[TopologyReading]) -> Markup:
    statuses = [status_of(reading) for reading in readings]
    troubled = [status for status in statuses if status.level in (BAD, WARN)]
    if not readings:
        return element("p", "There is no topology.")
    if len(readings) == 1:
        return element("p", "Is the cluster whole, and what would heal it?", class_="soft")
    if not troubled:
        well = STATUSES[WHOLE]._replace(label=f"all {len(readings)} topologies are well")
        return element("div", badge(well), class_="headline")
    text = f"{len(troubled)} of {count(readings, 'topology').replace('topologys', 'topologies')} need a look"
    return element("div", badge(Status(0, min(troubled).level, text)), class_="headline")


def _index(anchored: Sequence[tuple[str, TopologyReading]]) -> Markup:
    items = (
        element(
            "li",
            element("a", name_of(reading.topology), href=f"#{anchor}"),
            element("span", clipped(sentence_of(reading), 300), class_="soft"),
            badge(status_of(reading)),
        )
        for anchor, reading in anchored
    )
    heading = element("h2", "All topologies, worst first", class_="hidden")
    return element("nav", heading, element("ol", *items), class_="index")
