# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the docs that says what was tried, made of what the last run of each suite found."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.harness.paths import ROOT
from tests.releases.suites import SOFTWARE, SUITES
from tests.releases.trial import BROKEN, NOT_TRIED, PASSED, TEST_BROKEN, UNDECIDED, Verdict

TRIED = ROOT / "tests" / "releases" / "tried.json"
PAGE = ROOT / "docs" / "docsite" / "rst" / "versions.rst"
_SAID = {
    PASSED: "passed",
    BROKEN: "**broken** by the release",
    UNDECIDED: "**failed**, by the release or the test",
    TEST_BROKEN: "**not known**, the test is broken",
    NOT_TRIED: "not tried",
}
_COLUMNS = ("Software", "Version", "What", "Result")
_WIDTHS = (16, 22, 42, 40)
_HEAD = """.. Copyright (c) 2026, the selfheal.cluster maintainers
   GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
   SPDX-License-Identifier: GPL-3.0-or-later
   Written by make releases. What it says by itself is in tests/releases/page.py.

.. _ansible_collections.selfheal.cluster.docsite.versions:

Versions that were tried
========================

.. contents::
   :local:
   :depth: 1

All tests of the collection run with Debian 12: Erlang/OTP 25, RabbitMQ 3.10, ejabberd 23.01, Knot 3.2, Serf 0.8. The
tables below say what became of the tests of each topic with other releases, by the last run of ``make releases`` for
each suite.

- **passed**: every test that ran passed, with the version in the table.
- **broken**: tests failed twice with that version, and pass with this machine's own, so that the tests are sound.
- **failed**: tests failed twice, and the machine has no such software of its own to compare with.
- **not known**: the tests fail with the machine's own version as well.
- **not tried**: why is beside it. It says nothing about the version.

A version is what the installed package says. The archive's date is the one that Debian signed its list of packages
with.
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    software: str
    version: str
    verdict: Verdict


@dataclass(frozen=True)
class Report:
    """What one run found in one suite.

    :param date: of the run.
    :param archive: of the archive's list of packages, or nothing where there is none.
    :param expired: its time was over, and the run was told to take it all the same.
    """

    suite: str
    date: str
    archive: str
    expired: bool
    rows: tuple[Row, ...]


def load(file: Path = TRIED) -> dict[str, Report]:
    """The last report of each suite."""
    if not file.exists():
        return {}
    return {name: _report(content) for name, content in json.loads(file.read_text()).items()}


def save(reports: dict[str, Report], file: Path = TRIED) -> None:
    file.write_text(json.dumps({name: asdict(report) for name, report in reports.items()}, indent=1) + "\n")


def _report(content: dict[str, object]) -> Report:
    rows = content.pop("rows")
    found = tuple(Row(row["software"], row["version"], Verdict(**row["verdict"])) for row in rows)
    return Report(**content, rows=found)


def page(reports: dict[str, Report]) -> str:
    """All of it. A suite that nobody has run is told as well."""
    parts = [_HEAD]
    for name, suite in SUITES.items():
        parts.append(f"{suite.title}\n{'-' * len(suite.title)}\n")
        if name in reports:
            parts += [_when(reports[name]), _table(reports[name].rows)]
        else:
            parts.append("Not tried: nobody has run it yet.\n")
    return "\n".join(parts)


def _when(report: Report) -> str:
    said = f"Run on {report.date}."
    if report.archive:
        said += f" The archive is of {report.archive}"
        said += ": its time was over, and apt was told to take it all the same." if report.expired else "."
    return said + "\n"


def _table(rows: Iterable[Row]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, _WIDTHS))}", ""]
    for cells in [_COLUMNS, *map(_cells, rows)]:
        lines += list(_lines(cells))
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> Sequence[str]:
    return row.software, row.version, SOFTWARE[row.software].story, told(row.verdict)


def _lines(cells: Sequence[str]) -> Iterator[str]:
    for position, cell in enumerate(cells):
        yield f"   {'* -' if position == 0 else '  -'} {cell}".rstrip()


def told(verdict: Verdict) -> str:
    """A verdict in a line."""
    said = _SAID[verdict.word]
    if verdict.word == PASSED:
        said += f" ({verdict.passed} tests)"
    return f"{said}: {_plain(verdict.why)}" if verdict.why else said


def _plain(text: str) -> str:
    """Without what means something in this markup."""
    return "".join("\\" + letter if letter in "\\`*_|<" else letter for letter in text)
