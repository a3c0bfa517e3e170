# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cause told once, with all its nodes."""

from __future__ import annotations

import re
from typing import Iterable, Mapping

MOST_NAMES = 5
_ITS_OWN = "…"
"""What stands for each node's own name and address in a cause that several have."""


def causes(problems: Mapping[str, str]) -> list[tuple[tuple[str, ...], str]]:
    """The nodes of each cause, in natural order, and the cause.

    :param problems: from the name of a node to its problem. Two problems that differ in nothing but the node's own name
        and address have the same cause.
    """
    by_cause: dict[str, list[str]] = {}
    for name in natural(problems):
        by_cause.setdefault(_without_itself(problems[name], name), []).append(name)
    return [(tuple(names), problems[names[0]] if len(names) == 1 else cause) for cause, names in by_cause.items()]


def few(names: Iterable[str]) -> str:
    """The first names, and how many there are beside them."""
    ordered = natural(names)
    shown = ", ".join(ordered[:MOST_NAMES])
    return shown if len(ordered) <= MOST_NAMES else f"{shown} and {len(ordered) - MOST_NAMES} more"


def natural(names: Iterable[str]) -> tuple[str, ...]:
    """Sorted with numbers in the names by value: 9 before 10."""
    return tuple(sorted(names, key=lambda name: ([_chunk(part) for part in re.split(r"([0-9]+)", name)], name)))


def _chunk(part: str) -> tuple[int, int, str]:
    return (1, int(part), "") if part.isdecimal() and len(part) < 1000 else (0, 0, part)


def _without_itself(problem: str, name: str) -> str:
    host = name.partition("@")[2]
    text = problem.replace(name, _ITS_OWN)
    return text.replace(host, _ITS_OWN) if host else text
