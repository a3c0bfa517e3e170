# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all faults, printed when the last one is over."""

from __future__ import annotations

import pytest

from tests.faults.scene import Row

_ROWS = pytest.StashKey[list[Row]]()
_MESSAGE = 110


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ROWS] = []


@pytest.fixture(scope="session")
def rows(pytestconfig: pytest.Config) -> list[Row]:
    return pytestconfig.stash[_ROWS]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash[_ROWS]
    if not found:
        return
    write = terminalreporter.write_line
    terminalreporter.section("healthy links under faults, recorded on the members")
    write("source, fault, links before, wrongly dropped, discovery, pruned; what the last run said")
    for row in found:
        text = row.message if len(row.message) <= _MESSAGE else row.message[: _MESSAGE - 1] + "…"
        write(f"{row}; {text}")
    write(f"{len(found)} faults, {sum(row.dropped for row in found)} healthy links wrongly dropped")
