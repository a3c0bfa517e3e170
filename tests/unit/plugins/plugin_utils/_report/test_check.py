# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a monitor is told."""

from __future__ import annotations

import json

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.verdict import VERDICTS
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.check import (
    check_lines,
    code_of,
    document,
    line_of,
)
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import reading

from tests.harness.report.results import TIME, names, result

NAMES = names(3)
UNTOLD = ("discovery_failed", "no_node_answers")


def of(verdict, **more):
    return reading("chat", result([NAMES], verdict=verdict, **more))


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_has_its_code(verdict) -> None:
    expected = 0 if verdict == "whole" else 4 if verdict in UNTOLD else 2
    assert code_of(of(verdict)) == expected
    assert code_of(of(verdict), allow=["changing"]) == (0 if verdict == "changing" else expected)
    assert code_of(of(verdict), allow=VERDICTS) == 0


def test_a_run_that_failed_could_not_tell() -> None:
    assert code_of(of("whole", failed=True, msg="a task file of on_join failed")) == 4
    assert code_of(reading("chat", {"unreachable": True, "msg": "ssh"})) == 4
    assert code_of(reading("chat", {})) == 4
    assert code_of(reading("chat", None), allow=VERDICTS) == 4


def test_a_line_is_one_line() -> None:
    assert line_of(of("whole")) == "chat: whole: 3 members in one island, each linked with all others."
    hostile = of("discovery_failed", status="failed", failed=True, msg="a\nb\x1b[2J" + "x" * 2000)
    assert line_of(hostile).isprintable()
    assert len(line_of(hostile)) < 600


def test_lines_are_in_natural_order() -> None:
    readings = [reading(name, result([NAMES])) for name in ("web10", "web9")]
    assert [line.text.split(":")[0] for line in check_lines(readings)] == ["web9", "web10"]


def test_the_document_has_the_worst_code_and_what_each_line_is_made_of() -> None:
    readings = [
        reading("chat", result([NAMES[:2], NAMES[2:]])),
        reading("pay", result([], verdict="discovery_failed", status="failed", failed=True, msg="403")),
    ]
    told = json.loads(document(readings, [], TIME))
    assert (told["time"], told["code"]) == (TIME, 4)
    assert told["topologies"]["chat"] == {
        "code": 2,
        "verdict": "split",
        "text": "3 members in 2 islands (2, 1), 2 missing links.",
        "failure": None,
        "desired": 3,
        "joined": 2,
        "islands": 2,
        "unreachable": {},
        "refused": 0,
        "read": TIME,
    }
    assert told["topologies"]["pay"]["desired"] is None
    assert json.loads(document(readings, ["split", "discovery_failed"], TIME))["code"] == 0
    assert json.loads(document([], [], TIME)) == {"time": TIME, "code": 0, "topologies": {}}
