# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places of the nodes of a graph: none covers another, none is outside."""

from __future__ import annotations

import math
from itertools import combinations

from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.layout import DISC, MOST_WIDTH, layout
from hypothesis import given
from hypothesis import strategies as st

SIZES = st.lists(st.integers(1, 40), max_size=40).map(
    lambda sizes: sorted((size for at, size in enumerate(sizes) if sum(sizes[: at + 1]) <= 40), reverse=True)
)


def distance(one, other):
    return math.dist((one.x, one.y), (other.x, other.y))


@given(SIZES, st.integers(0, 40))
def test_no_two_nodes_overlap_and_all_are_inside_the_picture(sizes, apart) -> None:
    plan = layout(sizes, apart)
    assert plan == layout(sizes, apart)
    assert [len(island.nodes) for island in plan.islands] == sizes
    assert len(plan.apart) == apart
    assert plan.width <= MOST_WIDTH
    spots = [*(spot for island in plan.islands for spot in island.nodes), *plan.apart]
    for one, other in combinations(spots, 2):
        assert distance(one, other) >= 2 * DISC
    for spot in spots:
        assert DISC <= spot.x <= plan.width - DISC
        assert DISC <= spot.y <= plan.height - DISC


@given(SIZES, st.integers(0, 40))
def test_islands_hold_their_nodes_and_keep_clear_of_each_other(sizes, apart) -> None:
    plan = layout(sizes, apart)
    for island in plan.islands:
        assert all(distance(island.centre, spot) + DISC < island.radius for spot in island.nodes)
        assert island.radius <= island.centre.x <= plan.width - island.radius
        assert island.centre.y + island.radius < island.label.y < plan.height
    for one, other in combinations(plan.islands, 2):
        assert distance(one.centre, other.centre) > one.radius + other.radius
    for island in plan.islands:
        assert all(spot.y - DISC > island.label.y for spot in plan.apart)
