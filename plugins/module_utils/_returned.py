# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules return, as types. Nothing in here does I/O."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, TypedDict


class Returned(NamedTuple):
    """``values`` are the keys of a module's result, ``warnings`` what users are warned of beside it."""

    values: Mapping[str, Any]
    warnings: Sequence[str] = ()


class Link(TypedDict):
    """Of ``connected`` and ``pruned``."""

    observer: Optional[str]
    node: str


class Refusal(TypedDict):
    node: str
    action: Optional[str]
    reason: str


class PlannedAction(TypedDict):
    action: str
    node: str
    observer: Optional[str]
    reason: str


class RunEvent(TypedDict):
    event: str
    node: Optional[str]
    reason: str
    observer: Optional[str]


class TimedEvent(RunEvent):
    """An event of a loop. Without a node it is about the loop itself."""

    time: str


class Diff(TypedDict):
    before_header: str
    after_header: str
    before: str
    after: str


class Seen(TypedDict):
    """What ``membership`` and ``membership_info`` have in common."""

    time: str
    verdict: Optional[str]
    verdict_reasons: List[str]
    converged: bool
    status: str
    reasons: List[str]
    desired: List[str]
    members: List[str]
    views: Dict[str, List[str]]
    islands: List[List[str]]
    refused: List[Refusal]
    unreachable_nodes: Dict[str, str]
    timings: Dict[str, float]
    picture: List[str]


class InfoResult(Seen):
    """The result of ``membership_info``."""

    changed: bool
    plan: List[PlannedAction]


class MembershipResult(Seen):
    """The result of ``membership``."""

    changed: bool
    connected: List[Link]
    pruned: List[Link]
    events: Sequence[RunEvent]
    rounds: int
    diff: Diff
