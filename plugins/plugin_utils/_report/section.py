# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One topology's part of the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.selfheal.cluster.plugins.plugin_utils._report import graph
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.legend import legend
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.markup import clipped, element, name_of, together
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.matrix import matrix
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.nodes import node_list
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import (
    ActionRow,
    EventRow,
    TopologyReading,
)
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.words import (
    Status,
    because,
    count,
    sentence_of,
    status_of,
)
from markupsafe import Markup

_MOST_LINES = 100
_MOST_EVENTS = 50
_WHY = {"failed": "The discovery failed", "partial": "The discovery is partial"}
_SIGNS = {"bad": "✕", "warn": "!", "notice": "i", "good": "✓"}


def section(reading: TopologyReading, anchor: str) -> Markup:
    status = status_of(reading)
    return element(
        "section",
        element("header", element("h2", name_of(reading.topology), id=f"{anchor}-name"), badge(status)),
        element("p", clipped(sentence_of(reading), 1500), class_="sentence"),
        _facts(reading),
        _mesh(reading),
        *_parts(reading),
        id=anchor,
        class_=f"topology {status.level}",
        aria_labelledby=f"{anchor}-name",
    )


def badge(status: Status) -> Markup:
    sign = element("span", _SIGNS[status.level], class_="sign", aria_hidden="true")
    return element("p", sign, status.label, class_=f"badge {status.level}")


def now(time: str) -> Markup:
    """A time that differs in each run, marked so that it does not count as a change."""
    return element("time", time.replace("T", " ").replace("Z", " UTC"), datetime=time, data_now="")


def _facts(reading: TopologyReading) -> Markup | None:
    """The known numbers; one that could not be read is left out, since a 0 would mean that there is nothing."""
    known = reading.was_read
    facts: list[tuple[str, object, str | None]] = [
        ("desired", len(reading.desired) if reading.says_who_is_desired else None, None),
        ("members", len(reading.members) if known else None, None),
        ("islands", len(reading.islands) if known else None, _wrong(len(reading.islands) > 1)),
        ("missing links", reading.missing_links, _wrong(reading.missing_links)),
        ("unreachable", len(reading.unreachable) if known else None, _wrong(len(reading.unreachable))),
        ("refused", len(reading.refused) if known else None, _wrong(len(reading.refused))),
        ("discovery", reading.status or None, "text" if reading.status == "complete" else "text wrong"),
        ("read" if known else "tried", now(reading.time) if reading.time else None, "text"),
    ]
    shown = [_fact(*fact) for fact in facts if fact[1] is not None]
    return element("dl", *shown, class_="facts") if shown else None


def _wrong(number: int | None) -> str | None:
    return "wrong" if number else None


def _fact(name: str, value: object, class_: str | None) -> Markup:
    shown = f"{value:,}" if isinstance(value, int) else value
    return element("div", element("dt", name), element("dd", shown, class_=class_))


def _mesh(reading: TopologyReading) -> Markup | None:
    if not reading.order:
        return None
    small = len(reading.order) <= graph.MOST_NODES
    picture = graph.graph(reading) if small else matrix(reading)
    if picture is None:
        drawn = element("p", f"{count(reading.order, 'node')} are too many, or too differently linked, to be drawn.")
    else:
        # A box that scrolls has to be reachable with the keyboard.
        label = f"The mesh of {reading.topology}"
        box = element("div", picture, class_="box", tabindex="0", role="group", aria_label=label)
        drawn = element("figure", box, legend(reading, small))
    return element("div", drawn, node_list(reading), class_="mesh beside" if small else "mesh")


def _parts(reading: TopologyReading) -> Iterator[Markup]:
    reasons = [reason for reason in reading.reasons if reason not in reading.failure]
    yield _part(_WHY.get(reading.status, "Why it is not whole"), (_text(clipped(reason, 1000)) for reason in reasons))
    if reading.plan is not None:
        planned = [line for line in reading.plan if line.action in ("connect", "prune")]
        yield _part("What would be done", map(_line, planned), none="Nothing." if reading.was_read else None)
    if reading.connected is not None or reading.pruned is not None:
        done = [*(reading.connected or ()), *(reading.pruned or ())]
        yield _part(
            "What was done", map(_line, done), none="Nothing had to be done." if reading.converged else "Nothing."
        )
    if reading.refused:
        yield _part("What was refused", map(_line, reading.refused))
    if reading.events:
        newest = reversed(reading.events[-_MOST_EVENTS:])
        yield _part("The last events", map(_event, newest), of=len(reading.events))


def _part(title: str, lines: Iterable[Markup], none: str | None = None, of: int = 0) -> Markup:
    lines = list(lines)
    if not lines:
        return together(element("h3", title), element("p", none)) if none else Markup("")
    most = lines[:_MOST_LINES]
    left = max(of, len(lines)) - len(most)
    more = element("p", f"{left:,} more are not shown.", class_="soft") if left else None
    return together(element("h3", title), element("ul", *most, class_="told"), more)


def _line(line: ActionRow) -> Markup:
    from_whom = (" from ", name_of(line.observer)) if line.observer and line.observer != line.node else ()
    why = element("span", because(line.reason), class_="why") if line.reason else None
    return element("li", element("span", line.action, class_="word"), " ", name_of(line.node), *from_whom, why)


def _event(event: EventRow) -> Markup:
    time = (
        element("time", event.time.replace("T", " ").replace("Z", " UTC"), datetime=event.time) if event.time else None
    )
    node = name_of(event.node) if event.node else None
    why = element("span", time, " — " if time else None, because(clipped(event.reason, 1000)), class_="why")
    return element("li", element("span", event.event.replace("_", " "), class_="word"), " ", node, why)


def _text(text: str) -> Markup:
    return element("li", text)
