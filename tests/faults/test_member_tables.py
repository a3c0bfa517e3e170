# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of a table that the cluster itself keeps, which their links say nothing of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.scene import Row, Scene, options
from tests.harness.beam import COOKIE
from tests.harness.ejabberd import BASENAME, Ejabberd, ejabberds, partition


@pytest.fixture(scope="module")
def apart() -> Iterator[list[Ejabberd]]:
    """Three ejabberd after one lost connection: each is linked to all, and each is alone with its database."""
    with ejabberds(3) as nodes:
        for node in nodes[1:]:
            node.join(nodes[0])
        partition(nodes)
        yield nodes


def runs(rows: list[Row], apart: list[Ejabberd], name: str, reason: str, **driver_config: str) -> None:
    """The last of the three is not in the list. Nothing may come of it."""
    *staying, stray = apart
    beams = [node.beam for node in apart]
    scene = Scene(beams, options(beams, "static"), rows, "members")
    scene.topology["config"] = {"nodes": [node.name for node in staying]}
    scene.topology["driver_config"] |= driver_config
    scene.topology["policy"] |= {"scope": [f"{BASENAME}@*"]}
    with scene.fault(name, rounds=1):
        pass
    (result,) = scene.results
    assert (result["pruned"], result["connected"]) == ([], [])
    assert all(node.known() == {member.name for member in apart} for node in apart)
    assert reason in {refused["reason"] for refused in result["refused"] if refused["node"] == stray.name}


def test_a_partitioned_ejabberd_with_its_preset(rows: list[Row], apart: list[Ejabberd]) -> None:
    """E2: the others call the one that should go dead, and it takes no call from here."""
    stray = apart[-1].beam
    stray.eval("erlang:set_cookie(node(), another)")
    try:
        runs(rows, apart, "a partitioned ejabberd (preset)", "partitioned", preset="ejabberd")
    finally:
        stray.eval(f"erlang:set_cookie(node(), '{COOKIE}')")


def test_a_partitioned_ejabberd_without_its_preset(rows: list[Row], apart: list[Ejabberd]) -> None:
    """E2: all are linked, so that the driver alone sees one mesh and one that should go."""
    runs(rows, apart, "a partitioned ejabberd (no preset)", "other_membership")
