# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-core from PyPI, release candidates included, in an environment of its own with the newest Python here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.harness.paths import ROOT
from tests.releases.not_tried import NotTried
from tests.releases.root_folder import reason
from tests.releases.suites import Software

_REQUIREMENTS = ROOT / "tests" / "requirements.txt"
_MINORS = range(20, 12, -1)
_WITHIN = 900
_ASK = "import ensurepip, sys; print(sys.version.split()[0])"


class Environment:
    """
    :param place: the directory that is its own.
    """

    def __init__(self, place: Path) -> None:
        self._venv = place / "venv"
        self._stamp = place / "made.json"

    @property
    def python(self) -> str:
        return str(self._venv / "bin" / "python")

    @property
    def path(self) -> str:
        return os.pathsep.join([str(self._venv / "bin"), os.environ["PATH"]])

    def install(self, software: Software, series: str) -> str:
        """
        :returns: the version.
        :raises NotTried: there is no release of that series, or PyPI cannot be reached.
        """
        interpreter, python = newest_python()
        made = {"python": python, "requirements": _REQUIREMENTS.read_text()}
        if not self._stamp.exists() or json.loads(self._stamp.read_text()) != made:
            self._stamp.unlink(missing_ok=True)
            shutil.rmtree(self._venv, ignore_errors=True)
            _told([interpreter, "-m", "venv", str(self._venv)])
        # A lower bound that is a pre-release lets pip take one.
        wanted = f"{software.packages[0]}>={series}.0.dev0,<{_following(series)}"
        pip = [self.python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--upgrade"]
        _told([*pip, wanted, "-r", str(_REQUIREMENTS)])
        self._stamp.write_text(json.dumps(made))
        version = _told([self.python, "-c", "import ansible.release; print(ansible.release.__version__)"]).strip()
        return f"{version} with Python {python}"


def newest_python() -> tuple[str, str]:
    """An interpreter and its version."""
    for path in _interpreters():
        done = subprocess.run([path, "-c", _ASK], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return path, done.stdout.strip()
    return sys.executable, sys.version.split()[0]


def _interpreters() -> Iterator[str]:
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in _MINORS:
        yield from filter(None, [shutil.which(f"python3.{minor}")])
        yield from map(str, sorted(versions.glob(f"3.{minor}.*/bin/python3"), reverse=True))


def _following(series: str) -> str:
    major, minor = series.split(".")
    return f"{major}.{int(minor) + 1}.dev0"


def _told(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_WITHIN, check=False)
    except subprocess.TimeoutExpired:
        raise NotTried(f"pip did not end within {_WITHIN} s") from None
    if done.returncode != 0:
        raise NotTried(f"pip: {reason(done.stderr or done.stdout)}")
    return done.stdout
