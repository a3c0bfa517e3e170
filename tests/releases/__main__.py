# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Try releases, say what became of it, and put it into the docs.

    python -m tests.releases [SUITE...]

Without a suite it is Debian's stable one. It ends with 1 where a release or a test is broken, and, with CI=true, where
something was not tried.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from functools import partial

from tests.harness.paths import ROOT
from tests.releases.environment import Environment
from tests.releases.not_tried import NotTried
from tests.releases.page import PAGE, Report, Row, load, page, save, told
from tests.releases.root_folder import RootFolder
from tests.releases.suites import PYPI, SOFTWARE, SUITES, Software, Suite, belongs
from tests.releases.trial import NOT_TRIED, PASSED, Outcomes, Verdict, Where, judge, run

FOLDERS = ROOT / ".build" / "releases"


def try_suite(suite: Suite, expired: bool) -> Report:
    """All that is in it, one after the other."""
    date = datetime.now(timezone.utc).date().isoformat()
    place = FOLDERS / suite.name
    if suite.name == PYPI:
        rows = [row for name in suite.series for row in try_software(suite, SOFTWARE[name], Environment(place))]
        return Report(suite.name, date, "", False, tuple(rows))
    folder = RootFolder(suite.name, place, expired=expired)
    began = time.monotonic()
    try:
        folder.prepare()
    except NotTried as problem:
        rows = [Row(name, series, Verdict(NOT_TRIED, str(problem))) for name, series in suite.series.items()]
        return Report(suite.name, date, "", False, tuple(rows))
    say(f"{suite.title}: ready after {time.monotonic() - began:.0f} s")
    rows = [row for name in suite.series for row in try_software(suite, SOFTWARE[name], folder)]
    return Report(suite.name, date, folder.date, expired, tuple(rows))


def try_software(suite: Suite, software: Software, place: RootFolder | Environment) -> Iterator[Row]:
    """A row for the version that is found, and one for the series if that is another one."""
    series = suite.series[software.name]
    began = time.monotonic()
    try:
        version = place.install(software, series)
    except NotTried as problem:
        yield Row(software.name, series, Verdict(NOT_TRIED, str(problem)))
        return
    if not belongs(version, series):
        yield Row(software.name, series, Verdict(NOT_TRIED, f"the suite has {version} by now"))
    installed = time.monotonic()
    there = partial(run_tests, where=Where(place.python, place.path), software=software)
    verdict = judge(software.tests, there, here(software))
    yield Row(software.name, version, verdict)
    took = f"{installed - began:.0f} s to install, {time.monotonic() - installed:.0f} s of tests"
    say(f"{suite.title}: {software.name} {version}: {told(verdict)} ({took})")


def run_tests(tests: Iterable[str], where: Where, software: Software) -> Outcomes:
    return run(tests, where, software.environment)


def here(software: Software) -> partial[Outcomes] | None:
    """What runs tests without the release, where this machine has the software."""
    if not all(shutil.which(program) for program in software.programs):
        return None
    return partial(run_tests, where=Where(sys.executable, os.environ["PATH"]), software=software)


def say(text: str) -> None:
    print(f"\033[1m==>\033[0m {text}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--accept-expired", action="store_true", help="take lists of packages whose time is over")
    given = parser.parse_args()
    if unknown := set(given.suites) - set(SUITES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    reports = load()
    words = set()
    for name in given.suites or ["trixie"]:
        report = reports[name] = try_suite(SUITES[name], given.accept_expired)
        save(reports)
        PAGE.write_text(page(reports))
        say(f"{SUITES[name].title}, run on {report.date}:")
        for row in report.rows:
            print(f"    {row.software} {row.version}: {told(row.verdict)}", flush=True)
        words |= {row.verdict.word for row in report.rows}
    allowed = {PASSED} if os.environ.get("CI") == "true" else {PASSED, NOT_TRIED}
    return 0 if words <= allowed else 1


if __name__ == "__main__":
    sys.exit(main())
