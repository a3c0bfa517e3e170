# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.names import (
    called_otherwise,
    other_name,
    speak_of_others,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.output import ListedNames

AB = frozenset("ab")


def listings(**names: str) -> dict[str, ListedNames]:
    return {observer: ListedNames(frozenset(listed)) for observer, listed in names.items()}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (listings(a="xy", b="xy"), True),
        (listings(a="xy", b="xyb"), False),
        (listings(a="xy", b=""), False),
        (listings(a="x"), False),
    ],
)
def test_nobody_lists_anyone_that_discovery_lists(found: dict[str, ListedNames], expected: bool) -> None:
    assert speak_of_others(found, AB) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (listings(a="abx", b="ax"), {"b": {"x"}}),
        (listings(a="abxy", b="axy"), {"b": {"x", "y"}}),
        (listings(a="ab", b="a"), {"b": set()}),
        # Systems whose listings leave oneself out, and one that lists nobody
        (listings(a="bx", b="ax"), {}),
        (listings(a="ab", b=""), {}),
    ],
)
def test_who_does_not_list_itself_although_others_do(
    found: dict[str, ListedNames], expected: dict[str, set[str]]
) -> None:
    assert called_otherwise(found, AB) == expected


def test_whom_it_reports_unreachable_it_is_not() -> None:
    found = {**listings(a="abxy"), "b": ListedNames(frozenset("axy"), down=frozenset("y"))}
    assert called_otherwise(found, AB) == {"b": {"x"}}


@pytest.mark.parametrize(("candidates", "own"), [("x", "x"), ("xy", None), ("", None)])
def test_the_other_name_is_told_where_it_can_only_be_one(candidates: str, own: str | None) -> None:
    assert other_name(frozenset(candidates)).answers_as == own
