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

from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery

LONGEST_WAIT = 60.0
"""Seconds that one run waits, all in all, for answers that are not from a cache."""
_SAME_END = 1.5
"""Seconds by which the ends of two copies of one answer differ at most: times to live are whole seconds, and answers
take their time."""
_MARGIN = 0.5
"""Seconds after the end of a time to live at which a cache has asked anew."""


def is_copy(again: Discovery, earlier: Sequence[Discovery]) -> bool:
    """Whether a cache gave one of the answers before, with its time to live counted down.

    Times to live alone tell that. The flag "authoritative answer" is the server's own claim and is not looked at. An
    answer that lists others is none: it has something of its own to say.
    """
    known = [one for discovery in earlier if discovery.names == again.names for one in discovery.answers]
    return any(
        one.question == other.question and abs((one.asked + one.ttl) - (other.asked + other.ttl)) < _SAME_END
        for one in again.answers
        for other in known
    )


def pause_until_fresh(again: Discovery, earlier: Sequence[Discovery]) -> float:
    """Seconds to wait after a copy until the source can be asked for an answer of its own.

    :param again: a copy of an answer of one of ``earlier``.
    """
    first = min(one.asked for discovery in earlier for one in discovery.answers)
    since = max(one.asked for one in again.answers) - first
    if since < _SAME_END:
        # Too soon to tell a copy from the same records with the same time to live.
        return _SAME_END + _MARGIN - since
    return max(one.ttl for one in again.answers) + _MARGIN


def samples_among(discoveries: Sequence[Discovery]) -> Optional[Discovery]:
    """The union of the discoveries, as a partial one, where two of them each have a node that the other lacks.

    :param discoveries: complete ones.
    :returns: None where one list only has more than another.
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
