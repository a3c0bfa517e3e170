# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last file by name: the documentation holds the table that was just made."""

from __future__ import annotations

from pathlib import Path

from tests.faults.scene import Row

PAGE = Path(__file__).parents[2] / "docs" / "docsite" / "rst" / "faults.rst"


def test_the_documented_table_is_what_was_seen(rows: list[Row]) -> None:
    lines = [line.strip() for line in PAGE.read_text().splitlines()]
    assert rows, "the files before this one make the table"
    missing = [str(row) for row in rows if not any(line.startswith(f"{row}, ") for line in lines)]
    assert not missing
