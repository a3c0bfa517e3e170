# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that would do nothing says why; one that has something to do says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible import context
from ansible.utils.context_objects import CLIArgs
from ansible_collections.selfheal.cluster.plugins.filter.nothing_to_do import nothing_to_do


@pytest.fixture(autouse=True)
def _arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"syntax": False}))


def test_topologies_that_are_there_are_something_to_do(tmp_path: Path) -> None:
    assert nothing_to_do(["chat"], [str(tmp_path), "a,b"]) == ""
    assert nothing_to_do(["chat", "web"], [], "web", ["web", "other"]) == ""


def test_no_topology_at_all(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.cluster.yml")
    assert nothing_to_do([], []).startswith("The inventory has no topologies, so there is nothing to do. Name a file")
    assert f"nothing to do; {missing} is not there. Name a file" in nothing_to_do([], [missing, "chat,"])


def test_an_inventory_that_is_missing_beside_others(tmp_path: Path) -> None:
    one, two = (str(tmp_path / name) for name in ("one", "two"))
    assert nothing_to_do(["chat"], [one, two]) == f"The inventory {one}, {two} are not there."


def test_no_topology_inside_the_limit() -> None:
    assert nothing_to_do(["chat"], [], "web", ["web"]) == "The inventory has no topologies inside --limit web."


def test_a_syntax_check_has_no_inventory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", CLIArgs({"syntax": True}))
    assert nothing_to_do([], ["missing"]) == ""
