# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads node names from a member's answers (pure)."""

from __future__ import annotations

from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError


def names_in(answer: Any, asked: str) -> frozenset[str]:
    """:raises UnreachableError: the answer is not a list of atoms."""
    if answer == []:
        return frozenset()
    if not isinstance(answer, list) or not set(map(type, answer)) <= {Atom}:
        raise UnreachableError(f"{asked} gave no list of node names")
    if not all(map(str.isprintable, answer)):
        raise UnreachableError(f"{asked} gave a name that cannot be printed")
    return frozenset(map(str, answer))
