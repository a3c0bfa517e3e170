# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""D1: the source is DNS, and each answer holds a random part of the records, as Route 53 and Cloud Map answer."""

from __future__ import annotations

import itertools

import pytest

from tests.faults.scene import Row, Scene, options
from tests.faults.test_dns import QUERY
from tests.harness.dns.faults import cached, faulty_nameserver, samples
from tests.harness.erlang.beam import BASENAME, beams, join

SIZE = 8
RUNS = 8


@pytest.mark.parametrize(("members", "through"), [(9, ""), (12, ""), (12, ", from a cache")])
def test_answers_that_are_samples(rows: list[Row], members: int, through: str) -> None:
    with beams(members) as nodes:
        join(nodes)
        scene = Scene(nodes, options(nodes, "dns"), rows, "DNS")
        fault = samples([node.address for node in nodes], SIZE, seed=members)
        if through:
            # Its clock goes forward with each query, so that every second run gets the answer of the run before.
            fault = cached(fault, 2, itertools.count().__next__)
        with faulty_nameserver(fault) as sampling:
            scene.topology["config"] = {"query": QUERY, "node_basename": BASENAME, "types": ["A"], **sampling.config}
            with scene.fault(f"a random {SIZE} of the {members} records in each answer{through}", rounds=RUNS):
                pass
        answers = [tuple(result["desired"]) for result in scene.results]
        assert len(set(answers)) > 1, "the answers differ"
        if through:
            assert any(answer == before for before, answer in itertools.pairwise(answers)), "some are from the cache"
        refused = {entry["reason"] for result in scene.results for entry in result["refused"]}
        assert refused
        assert refused <= {"not_yet", "max_prune"}
