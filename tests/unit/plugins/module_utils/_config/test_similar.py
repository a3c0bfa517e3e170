# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.schema import TOPOLOGY_SPEC
from ansible_collections.selfheal.cluster.plugins.module_utils._config.similar import (
    edits,
    may_be_within,
    nearest,
    unknown_options,
)
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.text("abc_", max_size=6)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("page", "page", 0),
        ("pge", "page", 1),
        ("pagge", "page", 1),
        ("pace", "page", 1),
        ("paeg", "page", 1),
        ("polcy", "policy", 1),
        ("path", "page", 2),
        ("", "page", 4),
        ("ab", "ba", 1),
    ],
)
def test_edits(one: str, other: str, expected: int) -> None:
    assert {edits(*pair) for pair in _both_ways(one, other)} == {expected}


def _both_ways(*names: str) -> tuple[tuple[str, ...], ...]:
    return names, names[::-1]


@given(NAMES, NAMES)
def test_edits_are_a_distance(one: str, other: str) -> None:
    (distance,) = {edits(*pair) for pair in _both_ways(one, other)}
    assert (distance == 0) == (one == other)
    assert abs(len(one) - len(other)) <= distance <= max(len(one), len(other))


@given(NAMES, NAMES)
def test_the_quick_look_at_the_letters_never_rules_out_what_is_near(one: str, other: str) -> None:
    assert may_be_within(edits(one, other), one, other)
    assert not may_be_within(0, "page", "path")


def test_the_nearest_name_is_the_one_with_the_fewest_edits_and_no_name_is_near_to_nonsense() -> None:
    known = ("prune", "prune_live", "protect")
    assert nearest("prun", known) == "prune"
    assert nearest("Prune_Life", known) == "prune_live"
    assert nearest("quorum", known) is None
    assert nearest("prone_live", known, most=1) == "prune_live"
    assert nearest("prone_life", known, most=1) is None


def test_options_that_no_spec_has_are_found_at_any_depth() -> None:
    """H3: what is inside topology_policy is as easily misspelt as its name."""
    policy, driver_config = {"prun": True, "min_nodes": 1}, {"tls": {"x": 1}}
    params = {"strategy": "dns", "polcy": {}, "policy": policy, "driver_config": driver_config}
    assert dict(unknown_options(TOPOLOGY_SPEC, params)) == {
        "polcy": "; did you mean policy?",
        "policy.prun": "; did you mean policy.prune?",
        "driver_config.tls.x": "",
    }
