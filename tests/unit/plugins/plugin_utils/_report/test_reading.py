# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken out of a result: what is known, and never a number for what is not."""

from __future__ import annotations

from itertools import combinations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._planner import verdict
from ansible_collections.selfheal.cluster.plugins.module_utils._run.causes import natural
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report import words
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import reading
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.report.results import names, result

NAMES = names(6)


def status(given, failure=""):
    return words.status_of(reading("app", given, failure))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *((result([NAMES], verdict=one), words.STATUSES[one]) for one in verdict.VERDICTS),
        (result([NAMES], verdict="split", failed=True, msg="a hook failed"), words.RUN_FAILED),
        (result([], verdict="discovery_failed", failed=True, msg="403"), words.STATUSES["discovery_failed"]),
        (result([], verdict="no_node_answers", failed=True, msg="no"), words.STATUSES["no_node_answers"]),
        (result([NAMES], verdict="another"), words.RUN_FAILED),
        ({"unreachable": True, "msg": "ssh"}, words.HOST_UNREACHABLE),
        ({"failed": True, "msg": "undefined"}, words.RUN_FAILED),
        ({}, words.RUN_FAILED),
        (None, words.RUN_FAILED),
    ],
)
def test_how_it_is(given, expected) -> None:
    assert status(given) == expected


def test_a_run_that_failed_after_its_result_is_a_failure() -> None:
    assert status(result([NAMES]), "a task file failed") == words.RUN_FAILED
    assert "a task file failed" in words.sentence_of(reading("app", result([NAMES]), "a task file failed"))


def test_of_a_failed_discovery_nobody_is_called_a_stray_and_no_link_is_missing() -> None:
    late = reading("app", result([NAMES[:3], NAMES[3:]], status="failed", desired=[], failed=True, msg="403"))
    assert not late.undesired
    assert late.missing_links is None
    assert late.members == frozenset(NAMES)


@given(
    st.sets(st.sampled_from(list(combinations(NAMES, 2)))),
    st.sets(st.sampled_from(list(combinations(NAMES, 2)))),
    st.sets(st.sampled_from(NAMES), max_size=5),
)
def test_missing_links_are_those_that_an_end_which_answers_does_not_list(missing, one_end, silent) -> None:
    read = reading("app", result([NAMES], missing=missing, one_end=one_end, unreachable=dict.fromkeys(silent, "no")))
    marks = {pair: read.mark(*pair) for pair in combinations(NAMES, 2)}
    assert marks == {(a, b): read.mark(b, a) for a, b in marks}
    assert {frozenset(pair) for pair in read.missing()} == {
        frozenset(pair) for pair, mark in marks.items() if mark in ("one", "none")
    }
    assert read.missing_links == len(list(read.missing()))
    assert all(marks[pair] == "unknown" for pair in combinations(sorted(silent), 2))


def test_views_that_a_large_result_leaves_out_are_whole_and_those_of_the_silent_are_not() -> None:
    everyone = names(60)
    given = result([everyone], unreachable={everyone[0]: "no"}, one_end=[(everyone[1], everyone[2])])
    given["views"] = {everyone[1]: given["views"][everyone[1]]}
    read = reading("app", given)
    assert read.missing_links == 1
    assert everyone[0] not in read.views
    never_read = reading("app", {"status": "complete", "desired": NAMES, "failed": True, "msg": "interrupted"})
    assert not never_read.views


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([*result([[]]), "unreachable", "failed", "msg", "events", "connected", "pruned"])


@given(JSON | st.dictionaries(KEYS, JSON))
def test_no_result_is_too_strange_to_be_shown_as_something(given) -> None:
    read = reading("app", given)
    assert isinstance(words.status_of(read), words.Status)
    assert words.sentence_of(read)


def test_numbers_in_names_count_as_numbers() -> None:
    assert natural({"a10", "a9", "a", "a9b", "²", "a\u0663"}) == tuple(
        sorted(["a", "a9", "a9b", "a10", "a\u0663", "²"], key=natural(["a", "a\u0663", "a9", "a9b", "a10", "²"]).index)
    )
    assert natural(["x@10.0.0.10", "x@10.0.0.9"]) == ("x@10.0.0.9", "x@10.0.0.10")
