# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests run with a release, and what they say about it.

The rule: what fails is run once more. What passes then is unsteady, and no more is said. What fails again is run with
what is installed on this machine, outside of the release: where it passes, the test is sound and **the release broke
it**; where it fails as well, **the test is broken**, or the collection is, and nothing is known about the release.
Where this machine has no such software to compare with, nobody can say which.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.harness.paths import ROOT

PASSED, BROKEN, TEST_BROKEN, UNDECIDED, NOT_TRIED = "passed", "broken", "test broken", "undecided", "not tried"
_SHOWN = 3
_NOTHING_RAN = 5


@dataclass(frozen=True)
class Where:
    """What the tests run with: an interpreter, and where they find programs."""

    python: str
    path: str


@dataclass(frozen=True)
class Outcomes:
    """Tests by name, as pytest takes it."""

    passed: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Verdict:
    """One of the words above, why, and how many tests passed."""

    word: str
    why: str = ""
    passed: int = 0


def run(tests: Iterable[str], where: Where, environment: Mapping[str, str]) -> Outcomes:
    """
    :raises RuntimeError: pytest itself cannot do it.
    """
    with tempfile.TemporaryDirectory(prefix="releases-") as directory:
        report = Path(directory) / "report.xml"
        command = [
            where.python,
            "-m",
            "pytest",
            "-c",
            "pyproject.toml",
            "--quiet",
            "-m",
            "not long",
            "-p",
            "no:cacheprovider",
        ]
        command += [f"--numprocesses={(os.cpu_count() or 1) + 1}", "--dist=loadfile"]
        command += [f"--junit-xml={report}", "-o", "junit_family=xunit1", *sorted(tests)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PATH": where.path, **environment},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode not in (0, 1, _NOTHING_RAN):
            raise RuntimeError(f"pytest ended with {done.returncode}: {' '.join(command)}")
        return read(report.read_text())


def read(report: str) -> Outcomes:
    """A report of pytest's, in JUnit's form; what was skipped has neither passed nor failed."""
    passed, failed = set(), set()
    for case in ElementTree.fromstring(report).iter("testcase"):
        file = case.attrib["file"]
        module = file.removesuffix(".py").replace("/", ".")
        inside = case.attrib["classname"].removeprefix(module).strip(".")
        name = "::".join(filter(None, [file, *inside.split("."), case.attrib["name"]]))
        results = {result.tag for result in case} & {"failure", "error", "skipped"}
        if results & {"failure", "error"}:
            failed.add(name)
        elif not results:
            passed.add(name)
    return Outcomes(frozenset(passed - failed), frozenset(failed))


def judge(
    tests: Sequence[str], there: Callable[[Iterable[str]], Outcomes], here: Callable[[Iterable[str]], Outcomes] | None
) -> Verdict:
    """
    :param there: runs tests with the release.
    :param here: runs them without it, if this machine can.
    """
    first = there(tests)
    if not first.failed:
        if not first.passed:
            return Verdict(NOT_TRIED, "no test ran")
        return Verdict(PASSED, passed=len(first.passed))
    again = there(first.failed)
    passed = len(first.passed | again.passed)
    if not again.failed:
        return Verdict(PASSED, f"at the second attempt: {_names(first.failed)}", passed)
    if here is None:
        return Verdict(UNDECIDED, f"nothing here to compare with: {_names(again.failed)}", passed)
    compared = here(again.failed)
    sound = again.failed & compared.passed
    if sound:
        return Verdict(BROKEN, f"passes without it: {_names(sound)}", passed)
    return Verdict(TEST_BROKEN, f"fails without it too: {_names(again.failed)}", passed)


def _names(tests: Iterable[str]) -> str:
    names = sorted(test.rpartition("/")[2] for test in tests)
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
