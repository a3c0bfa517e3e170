# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of one run for a topology, checked and typed, so that everything else in this package can rely on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._run.causes import natural

BOTH, ONE_END, NONE, UNKNOWN = "both", "one", "none", "unknown"


@dataclass(frozen=True)
class ActionRow:
    """One action in a result: planned, done or refused."""

    action: str
    node: str
    observer: str = ""
    reason: str = ""


@dataclass(frozen=True)
class EventRow:
    """One event in a result. ``time`` is empty where the run was not a loop."""

    event: str
    node: str
    reason: str
    time: str = ""


@dataclass(frozen=True)
class TopologyReading:
    """
    ``failure``: why the run failed, empty if it did not. ``plan``, ``connected`` and ``pruned`` are None if the result
    does not have them. ``status`` is empty if there is no result at all, ``verdict`` also if the run ended before it
    saw the cluster.
    """

    topology: str
    time: str = ""
    failure: str = ""
    host_unreachable: bool = False
    status: str = ""
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    converged: bool = False
    desired: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    views: Mapping[str, frozenset[str]] = field(default_factory=dict)
    islands: tuple[tuple[str, ...], ...] = ()
    unreachable: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[ActionRow, ...] = ()
    plan: tuple[ActionRow, ...] | None = None
    connected: tuple[ActionRow, ...] | None = None
    pruned: tuple[ActionRow, ...] | None = None
    events: tuple[EventRow, ...] = ()

    @cached_property
    def unseen(self) -> tuple[str, ...]:
        """The nodes in no island: they did not answer, and no member that did lists them."""
        placed = frozenset(name for island in self.islands for name in island)
        return natural((self.desired | self.members) - placed)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """All nodes, island by island. A node's position, counted from 1, is its number on the page."""
        return (*(name for island in self.islands for name in island), *self.unseen)

    @cached_property
    def lacking(self) -> Mapping[str, frozenset[str]]:
        """Desired node that answered -> the desired nodes that it does not list. Nodes that lack none are left out."""
        pairs = ((name, self.desired - self.views[name] - {name}) for name in self.desired if name in self.views)
        return {name: lacks for name, lacks in pairs if lacks}

    def mark(self, one: str, other: str) -> str:
        """Which of the ends that answered list the link between two nodes."""
        listed = [b in self.views[a] for a, b in ((one, other), (other, one)) if a in self.views]
        if not listed:
            return UNKNOWN
        if all(listed):
            return BOTH
        return ONE_END if any(listed) else NONE

    def missing(self, among: Collection[str] | None = None) -> Iterator[tuple[str, str]]:
        """Each link that an end which answered does not list, once: between desired nodes, or only those ``among`` the
        given ones."""
        counted = self.desired if among is None else self.desired.intersection(among)
        for one in counted & self.lacking.keys():
            for other in self.lacking[one] & counted:
                if one < other or one not in self.lacking.get(other, ()):
                    yield one, other

    @cached_property
    def missing_links(self) -> int | None:
        """The number of missing links; None if it is unknown which nodes are desired, or no member answered."""
        return sum(1 for _link in self.missing()) if self.views and self.says_who_is_desired else None

    @cached_property
    def undesired(self) -> frozenset[str]:
        """Members that discovery does not list; none if it failed, since then that is unknown."""
        return self.members - self.desired if self.says_who_is_desired else frozenset()

    @property
    def says_who_is_desired(self) -> bool:
        return self.status in ("complete", "partial")

    @property
    def was_read(self) -> bool:
        """Whether the members themselves were asked."""
        return bool(self.members or self.unreachable)


def reading(topology: str, result: Any, failure: str = "") -> TopologyReading:
    """
    :param result: the result of ``membership`` or ``membership_info``, or of a task that failed before them.
    :param failure: why the run failed, where the result does not say so itself.
    """
    given = result if isinstance(result, Mapping) else {}
    unreachable = _texts(given.get("unreachable_nodes"))
    desired, members = frozenset(_names(given.get("desired"))), frozenset(_names(given.get("members")))
    views = {name: frozenset(_names(peers)) for name, peers in _mapping(given.get("views")).items()}
    # A large cluster's result leaves out the views that are whole, but has each desired node that did not answer here.
    for name in desired & members - views.keys() - unreachable.keys():
        views[name] = members - {name}
    return TopologyReading(
        topology=topology,
        time=_text(given.get("time")),
        failure=_failure(given, failure).removeprefix(f"topology {topology!r}: "),
        host_unreachable=given.get("unreachable") is True,
        status=_text(given.get("status")),
        verdict=_text(given.get("verdict")),
        reasons=tuple(_names(given.get("reasons"))),
        converged=given.get("converged") is True,
        desired=desired,
        members=members,
        views=views,
        islands=tuple(sorted((natural(_names(island)) for island in _list(given.get("islands")) if island), key=_size)),
        unreachable=unreachable,
        refused=tuple(_lines(given.get("refused"))),
        plan=tuple(_lines(given["plan"])) if "plan" in given else None,
        connected=tuple(_lines(given["connected"], "connect")) if "connected" in given else None,
        pruned=tuple(_lines(given["pruned"], "prune")) if "pruned" in given else None,
        events=tuple(_events(given.get("events"))),
    )


def by_name(readings: Sequence[TopologyReading]) -> list[TopologyReading]:
    """One reading a topology, the last, in the natural order of their names."""
    found = {reading.topology: reading for reading in readings}
    return [found[name] for name in natural(found)]


def _size(island: Sequence[str]) -> int:
    return -len(island)


def _failure(given: Mapping[str, Any], failure: str) -> str:
    if given.get("unreachable") is True or given.get("failed") is True or _is_set_aside(given):
        return _text(given.get("msg")) or failure or "the run failed and does not say why"
    if not given:
        return failure or "there is no result"
    return failure


def _is_set_aside(given: Mapping[str, Any]) -> bool:
    """Whether the run failed and its task did not, so that the failure is shown here and nowhere else."""
    return given.get("failed_when_result") is False and bool(given.get("msg"))


def _lines(value: Any, action: str = "") -> Iterator[ActionRow]:
    for line in _list(value):
        if isinstance(line, Mapping):
            kind = action or _text(line.get("action"))
            yield ActionRow(kind, _text(line.get("node")), _text(line.get("observer")), _text(line.get("reason")))


def _events(value: Any) -> Iterator[EventRow]:
    for event in _list(value):
        if isinstance(event, Mapping):
            yield EventRow(*(_text(event.get(key)) for key in ("event", "node", "reason", "time")))


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _mapping(value: Any) -> dict[str, Any]:
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else {}


def _names(value: Any) -> list[str]:
    return [str(item) for item in _list(value)]


def _texts(value: Any) -> dict[str, str]:
    return {key: _text(item) for key, item in _mapping(value).items()}


def _text(value: Any) -> str:
    return "" if value is None else str(value)
