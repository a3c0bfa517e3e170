# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._model import Observation, Unreachable, View
from ansible_collections.selfheal.cluster.plugins.module_utils._run.picture import picture

from .._planner.plans import mesh, name, names


def test_islands_stand_apart_and_each_line_says_what_is_wrong() -> None:
    views = {**mesh((1, 2)).views, name(9): View(name(9), names(1))}
    observation = Observation(views, dict.fromkeys(names(3, 4), Unreachable("down")))
    assert picture("chat", names(1, 2, 3, 4), observation) == [
        "chat: 4 desired, 3 members, 1 island",
        "",
        "  app@10.0.0.1    ● ◐ · ·",
        "  app@10.0.0.2  ●   · · ·",
        "  app@10.0.0.9  ◐ ·   · ·  not desired",
        "",
        "  app@10.0.0.3  · · ·   ?  unreachable",
        "  app@10.0.0.4  · · · ?    unreachable",
    ]


def test_large_islands_are_summed_up() -> None:
    lines = picture("chat", names(*range(1, 61)), mesh(tuple(range(1, 31)), tuple(range(31, 61))))
    assert lines == [
        "chat: 60 desired, 60 members, 2 islands",
        "  island 1: 30 members, 30 of them list all the others (app@10.0.0.1, …)",
        "  island 2: 30 members, 30 of them list all the others (app@10.0.0.31, …)",
    ]


def test_nothing_to_see() -> None:
    assert picture("chat", frozenset(), Observation({})) == ["chat: 0 desired, 0 members, 0 islands"]
