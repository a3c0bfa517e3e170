# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the discoveries of one topology: an event for each difference. Nothing in here does I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, FAILED, Discovery, Node

STARTED = "started"
CHANGED = "changed"
UNCHANGED = "unchanged"
FAILED_NOW = "discovery_failed"
RECOVERED = "discovery_recovered"

LISTS_NOBODY = "the source answered and lists no node: nobody is taken to have left until it lists one"

_TEMPLATE = re.compile(r"\{(?=[{%#])")

SourceEvent = dict[str, Any]


class MembershipDiff:
    """The differences of one topology, from one discovery to the next.

    A node stays known until a later discovery shows that it left. A discovery that failed, is partial or lists no node
    at all never shows that, and a non-authoritative source never reports a leave.
    """

    def __init__(self, topology: str, authoritative: bool) -> None:
        self._topology = topology
        self._authoritative = authoritative
        self._known: Mapping[str, Node] | None = None
        self._last: Discovery | None = None

    @property
    def is_failing(self) -> bool:
        return self._last is not None and self._last.status == FAILED

    @property
    def is_empty(self) -> bool:
        """Whether the source answered completely and listed no node: because of a renamed label, or since the cluster
        was scaled to zero. An event cannot tell which, and rules have no policy that asks for a confirmation."""
        last = self._last
        return last is not None and last.status == COMPLETE and self._authoritative and not last.nodes

    def update(self, discovery: Discovery) -> SourceEvent | None:
        """The event for the differences from the discovery before, None if there are none."""
        was_failing, was_empty, self._last = self.is_failing, self.is_empty, discovery
        if discovery.status == FAILED:
            return None if was_failing else self._event(FAILED_NOW)
        before = self._known
        found = {node.name: node for node in discovery.nodes}
        takes_away = discovery.status == COMPLETE and not self.is_empty
        self._known = found if takes_away else {**(before or {}), **found}
        if before is None:
            return self._event(STARTED)
        news = self._news(before)
        if was_failing:
            return self._event(RECOVERED, **news)
        return self._event(CHANGED, **news) if news or self.is_empty != was_empty else None

    def unchanged(self) -> SourceEvent | None:
        """The event that repeats the known nodes, None while they are not known."""
        return None if self._known is None or self.is_failing else self._event(UNCHANGED)

    def _news(self, before: Mapping[str, Node]) -> dict[str, list[dict[str, Any]]]:
        now = self._known or {}
        joined = [_as_dict(node) for name, node in now.items() if name not in before]
        left = [_as_dict(node) for name, node in before.items() if name not in now] if self._authoritative else []
        updated = [
            {**_as_dict(node), "previous_state": before[name].state}
            for name, node in now.items()
            if name in before and (node.state, node.address) != (before[name].state, before[name].address)
        ]
        return {key: nodes for key, nodes in (("joined", joined), ("left", left), ("updated", updated)) if nodes}

    def _event(self, kind: str, **news: list[dict[str, Any]]) -> SourceEvent:
        event: SourceEvent = {"topology": self._topology, "event": kind}
        if self._last is not None:
            event["status"] = self._last.status
            event["reasons"] = [_inert(reason) for reason in self._last.reasons]
        if self.is_empty:
            event["empty"] = True
            event["reasons"].append(LISTS_NOBODY)
        if kind != FAILED_NOW:
            event["desired"] = sorted(self._known or ())
        # ansible-rulebook limits what it runs for the event to these hosts.
        return {**event, **news, "meta": {"hosts": self._topology}}


def _as_dict(node: Node) -> dict[str, Any]:
    """The node in an event, without its attributes: anybody who can write to the source controls those texts, see
    :func:`_inert`."""
    return {"name": node.name, "address": node.address and _inert(node.address), "state": node.state}


def _inert(text: str) -> str:
    """The text, changed so that it is not a template: ansible-rulebook passes events as extra variables, which Ansible
    templates."""
    return _TEMPLATE.sub("{ ", text)
