# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What several discoveries prove together (pure).

A source may answer with samples: each answer claims to be complete and lists some of the members (Route 53 multivalue
answers, Cloud Map, Consul over UDP). A cache may give one answer twice. Neither proves that a member is gone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._model import Answered, Discovery

LONGEST_WAIT = 60.0
"""The most seconds that one run waits in total for answers that are not from a cache."""
_APART = 1.5
"""Seconds between two queries that are needed to tell their answers apart: times to live are whole seconds, and an
answer takes time."""
_MARGIN = 0.5
"""Seconds after the end of a time to live, to be sure that a cache asks its source anew."""
_LEAST_TTL = 30.0
"""The assumed time to live of a question until a longer one is seen. CoreDNS is configured with it."""


class Caches:
    """Detects answers that may come from a cache between the source and us. One address may have several caches.

    A cache counts the time to live of an answer down. So the longest one that was seen for a question tells when an
    answer left its source. A time to live that does not change is that of a server without a cache. The flag
    "authoritative answer" is only a claim of the server and is ignored.
    """

    def __init__(self) -> None:
        self._longest: dict[str, float] = {}

    def saw(self, discovery: Discovery) -> None:
        for one in discovery.answers:
            self._longest[one.question] = max(one.ttl, self._longest.get(one.question, _LEAST_TTL))

    def may_be_older(self, later: Discovery, before: Discovery) -> bool:
        """Whether an answer may have left the source before ``before`` was asked for, so that it proves nothing new.

        :param later: asked for after ``before``. :meth:`saw` was called with both.
        """
        return any(
            self._may_be_older(one, other)
            for one in later.answers
            for other in before.answers
            if one.question == other.question
        )

    def _may_be_older(self, one: Answered, other: Answered) -> bool:
        if one.asked - other.asked >= _APART and one.ttl == other.ttl:
            return False
        left_source = one.asked + one.ttl - self._longest[one.question]
        return left_source < other.asked + _APART


def pause_until_fresh(later: Discovery, before: Discovery) -> float:
    """Seconds to wait until the source itself has to answer.

    :param later: one that may be older than ``before``.
    """
    since = max(one.asked for one in later.answers) - min(one.asked for one in before.answers)
    if since < _APART:
        # Too soon to tell a copy from the same records with the same time to live.
        return _APART + _MARGIN - since
    return max(_APART, *(one.ttl for one in later.answers)) + _MARGIN


def samples_among(discoveries: Sequence[Discovery]) -> Optional[Discovery]:
    """The union of the discoveries, as a partial one, where two of them each have a node that the other lacks.

    :param discoveries: complete ones.
    :returns: None if of any two lists one contains the other.
    """
    for index, one in enumerate(discoveries):
        for other in discoveries[:index]:
            if one.names - other.names and other.names - one.names:
                return _union(discoveries, min(other.names - one.names), min(one.names - other.names))
    return None


def _union(discoveries: Sequence[Discovery], first_only: str, then_only: str) -> Discovery:
    newest_first = [node for discovery in reversed(discoveries) for node in discovery.nodes]
    reason = (
        f"two answers each have a node that the other lacks ({first_only}, then {then_only}): the source answers with "
        "samples of its list, or the list is changing at this moment, so it proves nobody's absence"
    )
    last = discoveries[-1]
    found = Discovery.partial(newest_first, [reason], last.authoritative)
    return replace(found, samples=True, ttl=last.ttl, answers=last.answers)
