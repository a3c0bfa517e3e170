# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the known name that a misspelt one was probably meant to be (pure)."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping, Optional

SLIP = 2
"""The most edits for which a name counts as another one that was mistyped."""


def edits(one: str, other: str) -> int:
    """How many letters have to be inserted, deleted, replaced or swapped with their neighbour to get from one name to
    the other: the Damerau-Levenshtein distance in which no letter is edited twice."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one, 1):
        before, last, row = row, before, [index]
        for place, wanted in enumerate(other, 1):
            cost = min(before[place] + 1, row[place - 1] + 1, before[place - 1] + (letter != wanted))
            if index > 1 and place > 1 and letter == other[place - 2] and wanted == one[index - 2]:
                cost = min(cost, last[place - 2] + 1)
            row.append(cost)
    return row[-1]


def may_be_within(most: int, one: str, other: str) -> bool:
    """False only if it takes more edits than that: each edit changes at most one letter, and a swap none. This is much
    faster than counting them."""
    longer = max(len(one), len(other))
    if longer - min(len(one), len(other)) > most:
        return False
    return longer - sum(min(one.count(letter), other.count(letter)) for letter in set(one)) <= most


def nearest(name: str, known: Iterable[str], most: Optional[int] = None) -> Optional[str]:
    """The known name that takes the fewest edits, the first by alphabet of several; case does not matter.

    :param most: edits; left out, a third of the name's letters and at least two, beyond which it is a guess.
    """
    limit = max(SLIP, len(name) // 3) if most is None else most
    best = None
    for candidate in sorted(known):
        if may_be_within(limit, name.lower(), candidate.lower()):
            distance = edits(name.lower(), candidate.lower())
            if distance <= limit:
                best, limit = candidate, distance - 1
    return best


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """The end of a message about an unknown name; empty where no known one is near.

    :param prefix: what stands in front of the known names in the message.
    """
    meant = nearest(name, known)
    return f"; did you mean {prefix}{meant}?" if meant else ""


def unknown_options(
    spec: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, str]]:
    """Each option that an argument spec does not have, with the hint of :func:`did_you_mean`."""
    for key, value in given.items():
        if key not in spec:
            yield f"{prefix}{key}", did_you_mean(str(key), spec, prefix)
        elif "options" in spec[key] and isinstance(value, Mapping):
            yield from unknown_options(spec[key]["options"], value, f"{prefix}{key}.")
