# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of a topology's nodes by island, with remarks on each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.selfheal.cluster.plugins.plugin_utils._report import graph
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.markup import clipped, element, name_of, together
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import ONE_END, TopologyReading
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.words import count
from markupsafe import Markup

_ONE_COLUMN = 14
_MOST_PARTNERS = 12
_MOST_REMARKED = 200
_KEPT = {"not_ready": "not ready", "terminating": "stopping", "out_of_scope": "outside the scope, so it is left alone"}


def node_list(reading: TopologyReading) -> Markup:
    """Each node has the number that it has in the picture."""
    remarks = _Remarks(reading)
    groups = _groups(reading)
    if len(reading.order) <= graph.MOST_NODES:
        lists = (_group(title, names, remarks) for title, names in groups)
        return element("div", *lists, class_="nodes")
    folded = (_folded(title, names, remarks) for title, names in groups)
    return element("div", *folded, _with_remarks(reading, remarks), class_="nodes")


def _groups(reading: TopologyReading) -> Iterator[tuple[str, Sequence[str]]]:
    """The nodes of each island under its title; islands of one node, which come last, share one."""
    large = [island for island in reading.islands if len(island) > 1]
    alone = [name for island in reading.islands[len(large) :] for name in island]
    for number, island in enumerate(large, start=1):
        yield f"Island {number} · {count(island, 'node')}", island
    if len(alone) == 1:
        yield f"Island {len(reading.islands)} · 1 node", alone
    elif alone:
        yield f"Islands {len(large) + 1} to {len(reading.islands)} · 1 node each", alone
    if reading.unseen:
        yield f"In no island · {count(reading.unseen, 'node')}", reading.unseen


def _group(title: str, names: Sequence[str], remarks: _Remarks) -> Markup:
    heading = element("h3", title)
    many = "many" if len(names) > _ONE_COLUMN else None
    return together(heading, element("ul", *(remarks.item(name) for name in names), class_=many))


def _folded(title: str, names: Sequence[str], remarks: _Remarks) -> Markup:
    items = (remarks.item(name, bare=True) for name in names)
    return element("details", element("summary", title), element("ul", *items))


def _with_remarks(reading: TopologyReading, remarks: _Remarks) -> Markup | None:
    found = [name for name in reading.order if remarks.of(name)]
    if not found:
        return None
    items = [remarks.item(name) for name in found[:_MOST_REMARKED]]
    if len(found) > _MOST_REMARKED:
        items.append(element("li", f"and {len(found) - _MOST_REMARKED} more, not shown"))
    return together(element("h3", f"With something to say · {count(found, 'node')}"), element("ul", *items))


class _Remarks:
    def __init__(self, reading: TopologyReading) -> None:
        self._reading = reading
        self._number = {name: number for number, name in enumerate(reading.order, start=1)}
        self._island = {name: number for number, island in enumerate(reading.islands, start=1) for name in island}
        self._partners = _partners(reading)
        self._plan: dict[str, list[str]] = {}
        for line in reading.plan or ():
            self._plan.setdefault(line.node, []).append(_planned(line.action, line.reason))

    def item(self, name: str, bare: bool = False) -> Markup:
        island = self._island.get(name, 0)
        dark = name in self._reading.unreachable or not island
        undesired = name in self._reading.undesired
        classes = f"chip {graph.colour(island)}{' stray' if undesired else ''}{' dark' if dark else ''}"
        said = () if bare else (element("span", remark, class_="remark") for remark in self.of(name))
        return element("li", element("span", self._number[name], class_=classes), element("span", name_of(name), *said))

    def of(self, name: str) -> list[str]:
        reading = self._reading
        said = []
        if name in reading.undesired:
            said.append("not desired")
        if name in reading.unreachable:
            said.append(f"gave no answer: {clipped(reading.unreachable[name], 400)}")
        elif reading.was_read and name in reading.desired and name not in reading.members:
            said.append("not read")
        missing, one_sided = self._partners.get(name, ([], []))
        said += [f"lacks the link with {self._numbers(missing)}"] if missing else []
        said += [f"only one end lists the link with {self._numbers(one_sided)}"] if one_sided else []
        return [*said, *(text for text in dict.fromkeys(self._plan.get(name, ())) if text)]

    def _numbers(self, names: Sequence[str]) -> str:
        numbers = sorted(self._number[name] for name in names)
        shown = ", ".join(map(str, numbers[:_MOST_PARTNERS]))
        return shown if len(numbers) <= _MOST_PARTNERS else f"{shown} and {len(numbers) - _MOST_PARTNERS} more"


def _planned(action: str, reason: str) -> str:
    return {"connect": "would be connected", "prune": "would be pruned", "keep": _KEPT.get(reason, reason)}.get(
        action, ""
    )


def _partners(reading: TopologyReading) -> Mapping[str, tuple[list[str], list[str]]]:
    """For each node the peers of its island to which the link is missing, and those with a link that one end lists."""
    partners: dict[str, tuple[list[str], list[str]]] = {}
    for one, other in (pair for island in reading.islands for pair in reading.missing(island)):
        kind = int(reading.mark(one, other) == ONE_END)
        for name, partner in ((one, other), (other, one)):
            partners.setdefault(name, ([], []))[kind].append(partner)
    return partners
