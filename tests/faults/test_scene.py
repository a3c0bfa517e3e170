# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table can show a loss."""

from __future__ import annotations

import pytest

from tests.faults.scene import Row, scene
from tests.harness.waiting import wait_until


def test_a_healthy_link_that_is_cut_is_counted() -> None:
    rows: list[Row] = []
    with scene(rows, "control", "static") as five:
        one, other, *_rest, gone = five.nodes

        def cut() -> None:
            with five.fault("a link between two healthy nodes is cut", broken=[gone], rounds=0):
                one.eval(f"erlang:disconnect_node('{other.name}')")
                wait_until(lambda: other.name in one.downs(), 30, "the link to be cut")

        with pytest.raises(AssertionError, match=other.name):
            cut()
    assert rows[0].before == 12
    assert rows[0].dropped > 0
