# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness of releases: what it calls passed was tried, and what it could not try it says."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.harness import apt
from tests.harness.paths import ROOT
from tests.releases import __main__ as releases
from tests.releases import environment, root_folder
from tests.releases.not_tried import NotTried
from tests.releases.page import PAGE, Report, Row, load, page, save, told
from tests.releases.root_folder import RootFolder, reason, upstream
from tests.releases.suites import SOFTWARE, SUITES, Suite, belongs
from tests.releases.trial import (
    BROKEN,
    NOT_TRIED,
    PASSED,
    TEST_BROKEN,
    UNDECIDED,
    Outcomes,
    Verdict,
    Where,
    judge,
    read,
    run,
)

MIRROR = "http://mirror.example.test/debian"


@pytest.mark.parametrize(
    ("debian", "own"),
    [
        ("1:27.3.4.1+dfsg-1+deb13u4", "27.3.4.1"),
        ("1:9.20.30-1~deb13u1", "9.20.30"),
        ("8.1.1+dfsg1-3+deb13u3", "8.1.1"),
        ("0.10.1-1+b14", "0.10.1"),
        ("24.12-3+deb13u2", "24.12"),
    ],
)
def test_a_version_without_what_debian_adds(debian: str, own: str) -> None:
    assert upstream(debian) == own


@pytest.mark.parametrize(
    ("version", "series", "one_of_it"),
    [
        ("4.0.5", "4.0", True),
        ("4.0", "4.0", True),
        ("4.01.5", "4.0", False),
        ("4.3.6", "4.0", False),
        ("2.22.0rc1 with Python 3.14.0", "2.22", True),
        ("29.1.1", "2", False),
    ],
)
def test_a_version_is_one_of_its_series(version: str, series: str, one_of_it: bool) -> None:
    assert belongs(version, series) is one_of_it


# --- The verdict ---


def answers(*outcomes: Outcomes) -> Callable[[Iterable[str]], Outcomes]:
    """Each asked once, in this order."""
    left = iter(outcomes)

    def asked(_tests: Iterable[str]) -> Outcomes:
        return next(left)

    return asked


def ran(passed: str = "", failed: str = "") -> Outcomes:
    return Outcomes(frozenset(passed.split()), frozenset(failed.split()))


@pytest.mark.parametrize(
    ("there", "here", "expected"),
    [
        ([ran("a b")], [], Verdict(PASSED, passed=2)),
        ([ran()], [], Verdict(NOT_TRIED, "no test ran")),
        ([ran("a", "b"), ran("b")], [], Verdict(PASSED, "at the second attempt: b", 2)),
        ([ran("a", "b"), ran("", "b")], [ran("b")], Verdict(BROKEN, "passes without it: b", 1)),
        ([ran("a", "b"), ran("", "b")], [ran("", "b")], Verdict(TEST_BROKEN, "fails without it too: b", 1)),
        ([ran("a", "b"), ran("", "b")], [ran()], Verdict(TEST_BROKEN, "fails without it too: b", 1)),
        ([ran("a", "b c"), ran("", "b c")], [ran("c", "b")], Verdict(BROKEN, "passes without it: c", 1)),
    ],
)
def test_a_release_that_breaks_is_told_from_a_test_that_does(
    there: list[Outcomes], here: list[Outcomes], expected: Verdict
) -> None:
    assert judge(["tests"], answers(*there), answers(*here)) == expected


def test_without_anything_to_compare_with_nobody_is_blamed() -> None:
    there = answers(ran("a", "d/t.py::b"), ran("", "d/t.py::b"))
    assert judge(["tests"], there, None) == Verdict(UNDECIDED, "nothing here to compare with: t.py::b", 1)


def test_what_pytest_reports_is_read(tmp_path: Path) -> None:
    """By pytest itself: it passes, fails, is skipped, fails before and after, in a class and with parameters."""
    file = tmp_path / "test_sample.py"
    file.write_text(
        """
import pytest

@pytest.fixture
def broken():
    yield 1 if False else pytest.fail("before")

@pytest.fixture
def breaks():
    yield
    assert False

def test_passes(): pass
def test_fails(): assert False
@pytest.mark.skip
def test_is_skipped(): pass
def test_before(broken): pass
def test_after(breaks): pass
class TestInside:
    @pytest.mark.parametrize("word", ["a.b"])
    def test_passes(self, word): pass
"""
    )
    found = run([str(file)], Where(sys.executable, str(Path(sys.executable).parent)), {})
    assert {name.partition("::")[2] for name in found.passed} == {"test_passes", "TestInside::test_passes[a.b]"}
    assert {name.partition("::")[2] for name in found.failed} == {"test_fails", "test_before", "test_after"}


def test_a_test_is_named_as_pytest_takes_it() -> None:
    case = '<testcase classname="tests.system.test_a.TestB" name="test_c[d]" file="tests/system/test_a.py"/>'
    assert read(f"<x>{case}</x>").passed == {"tests/system/test_a.py::TestB::test_c[d]"}


def test_every_test_that_is_named_is_there() -> None:
    for software in SOFTWARE.values():
        for test in software.tests:
            file, _colons, name = test.partition("::")
            assert f"def {name}(" in (ROOT / file).read_text() if name else (ROOT / file).exists(), test
    assert all(set(suite.series) <= set(SOFTWARE) for suite in SUITES.values())


# --- Not tried ---


def program(directory: Path, name: str, script: str) -> None:
    file = directory / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH on which programs of a test come first: a Debian whose apt knows a mirror, and a root user."""
    directory = tmp_path / "fake"
    directory.mkdir()
    system = tmp_path / "os-release"
    system.write_text("ID=debian\nVERSION_CODENAME=bookworm\n")
    monkeypatch.setattr(apt, "_SYSTEM", system)
    keyring = tmp_path / "keyring"
    keyring.touch()
    monkeypatch.setattr(root_folder, "KEYRING", keyring)
    monkeypatch.setattr(root_folder, "_ALONE", ())
    monkeypatch.setattr("os.geteuid", _nobody_but_root)
    monkeypatch.setenv("PATH", f"{directory}:/usr/sbin:/usr/bin:/sbin:/bin")
    program(
        directory,
        "apt-get",
        f'echo "bookworm-security x main http://other.example.test"\necho "bookworm x main {MIRROR}"',
    )
    return directory


def _nobody_but_root() -> int:
    return 0


def test_the_mirror_is_the_one_that_apt_has(fake: Path) -> None:
    assert apt.debian_mirror() == MIRROR


def test_another_system_leaves_the_mirror_to_debootstrap(fake: Path) -> None:
    apt._SYSTEM.write_text("ID=ubuntu\nVERSION_CODENAME=bookworm\n")
    assert apt.debian_mirror() is None


@pytest.mark.parametrize(
    ("said", "told_as"),
    [
        (f"I: Retrieving\nE: Failed getting release file {MIRROR}/dists/trixie/Release", "Failed getting release file"),
        ("E: Release signed by unknown key (key id 0123)\n   more", "Release signed by unknown key (key id 0123)"),
        ("", "it failed and said nothing"),
    ],
)
def test_a_suite_that_cannot_be_made_is_not_tried(fake: Path, tmp_path: Path, said: str, told_as: str) -> None:
    program(fake, "debootstrap", f"cat <<'END'\n{said}\nEND\nexit 1")
    with pytest.raises(NotTried) as problem:
        RootFolder("trixie", tmp_path / "place").prepare()
    assert str(problem.value).startswith(f"debootstrap: {told_as}")
    assert "example.test" not in str(problem.value), "an address of this machine's"
    assert not (tmp_path / "place" / "made.json").exists()


def test_signatures_are_always_checked(fake: Path, tmp_path: Path) -> None:
    program(fake, "debootstrap", 'echo "E: $*"; exit 1')
    with pytest.raises(NotTried, match="--force-check-gpg --keyring="):
        RootFolder("trixie", tmp_path / "place", expired=True).prepare()
    root_folder.KEYRING.unlink()
    with pytest.raises(NotTried, match="packages are not taken unchecked"):
        RootFolder("trixie", tmp_path / "place", expired=True).prepare()


def test_an_interrupted_build_is_thrown_away(fake: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    (place / "root").mkdir(parents=True)
    (place / "root" / "left").touch()
    program(fake, "debootstrap", f'[ ! -e {place}/root/left ] && echo "E: begun from nothing"; exit 1')
    with pytest.raises(NotTried, match="begun from nothing"):
        RootFolder("trixie", place).prepare()


def test_a_list_of_packages_that_is_out_of_date_is_told() -> None:
    said = (
        f"Hit:1 {MIRROR} forky InRelease\n"
        f"E: Release file for {MIRROR}/dists/forky/InRelease is expired (invalid since 25d 8h). Updates …\n"
    )
    assert reason(said) == "Release file for the mirror is expired (invalid since 25d 8h). Updates …"


class Place:
    """In place of a root folder: it has one version of everything, or says why not."""

    python, path = sys.executable, ""

    def __init__(self, answer: str | NotTried) -> None:
        self._answer = answer

    def install(self, _software: object, _series: str) -> str:
        if isinstance(self._answer, NotTried):
            raise self._answer
        return self._answer


SUITE = Suite("trixie", "A suite", {"Redis": "8.0"})


def rows(answer: str | NotTried) -> list[Row]:
    return list(releases.try_software(SUITE, SOFTWARE["Redis"], Place(answer)))


def passes(*_arguments: object) -> Verdict:
    return Verdict(PASSED, passed=1)


def test_a_package_that_is_gone_is_not_tried() -> None:
    gone = NotTried("apt-get: Unable to locate package redis-server")
    assert rows(gone) == [Row("Redis", "8.0", Verdict(NOT_TRIED, str(gone)))]


def test_a_package_of_another_series_is_tried_and_the_named_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "judge", passes)
    assert rows("8.0.2") == [Row("Redis", "8.0.2", Verdict(PASSED, passed=1))]
    named, found = rows("8.2.1")
    assert named == Row("Redis", "8.0", Verdict(NOT_TRIED, "the suite has 8.2.1 by now"))
    assert found == Row("Redis", "8.2.1", Verdict(PASSED, passed=1))


def test_pypi_that_has_none_is_not_tried(fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter of the test makes an environment whose pip finds nothing."""
    program(fake, "pip", 'echo "ERROR: No matching distribution found for ansible-core<2.23" >&2; exit 1')
    program(fake, "python3.20", f'[ "$2" != venv ] || {{ mkdir -p "$3/bin"; cp {fake}/pip "$3/bin/python"; }}')
    with pytest.raises(NotTried, match="pip: ERROR: No matching distribution found for ansible-core"):
        environment.Environment(tmp_path).install(SOFTWARE["ansible-core"], "2.22")
    assert not (tmp_path / "made.json").exists()


# --- What is made of it ---


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a run leaves its page and its findings."""
    monkeypatch.setattr(releases, "PAGE", tmp_path / "versions.rst")
    monkeypatch.setattr(releases, "load", _nothing)
    monkeypatch.setattr(releases, "save", _nothing)
    monkeypatch.setattr(sys, "argv", ["releases", "trixie"])
    return tmp_path / "versions.rst"


def _nothing(*_arguments: object) -> dict[str, Report]:
    return {}


@pytest.mark.parametrize(
    ("verdict", "ci", "code"),
    [
        (Verdict(PASSED, passed=3), "true", 0),
        (Verdict(NOT_TRIED, "no mirror"), "false", 0),
        (Verdict(NOT_TRIED, "no mirror"), "true", 1),
        (Verdict(BROKEN, "a test"), "false", 1),
        (Verdict(UNDECIDED, "a test"), "false", 1),
        (Verdict(TEST_BROKEN, "a test"), "false", 1),
    ],
)
def test_how_a_run_ends(verdict: Verdict, ci: str, code: int, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def tried(_suite: Suite, _expired: bool) -> Report:
        return Report("trixie", "2026-12-01", "2026-11-21", False, (Row("Redis", "8.0.2", verdict),))

    monkeypatch.setattr(releases, "try_suite", tried)
    monkeypatch.setenv("CI", ci)
    assert releases.main() == code
    assert told(verdict) in written.read_text()


def test_a_page_says_passed_of_what_was_tried_and_nothing_else() -> None:
    report = Report(
        "trixie",
        "2026-12-01",
        "2026-11-21",
        False,
        (
            Row("Redis", "8.0.2", Verdict(PASSED, passed=3)),
            Row("etcd", "3.5", Verdict(NOT_TRIED, "the * mirror is off")),
        ),
    )
    shown = page({"trixie": report})
    assert "Run on 2026-12-01. The archive is of 2026-11-21." in shown
    redis, etcd = shown.split("   * - Redis\n")[1].split("   * - etcd\n")
    assert redis.splitlines()[0].strip() == "- 8.0.2"
    assert "passed (3 tests)" in redis
    assert "not tried: the \\* mirror is off" in etcd
    assert "passed (" not in etcd
    assert shown.count("Not tried: nobody has run it yet.") == len(SUITES) - 1


def test_a_list_that_was_taken_though_its_time_was_over_is_told() -> None:
    assert "its time was over" in page({"forky": Report("forky", "2026-12-01", "2026-10-30", True, ())})


def test_what_was_found_is_kept_for_the_next_run(tmp_path: Path) -> None:
    row = Row("Redis", "8.0.2", Verdict(PASSED, passed=3))
    found = {"trixie": Report("trixie", "2026-12-01", "2026-11-21", False, (row,))}
    save(found, tmp_path / "tried.json")
    assert load(tmp_path / "tried.json") == found
    assert load(tmp_path / "none.json") == {}


def test_the_page_of_the_docs_is_what_the_last_run_found() -> None:
    assert PAGE.read_text() == page(load())
