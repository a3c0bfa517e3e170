# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian suite in a folder, with the packages that are tried, and nothing of it running.

    folder = RootFolder("trixie", place)      # place/root, place/bin, place/made.json
    folder.prepare()                          # made, or brought up to date
    folder.install(SOFTWARE["RabbitMQ"], "4.0")   # "4.0.5"
    folder.path                               # a PATH on which its programs come first

What is in ``bin`` runs a program of the folder in it, so that tests start it by its name as they start any other. The
stamp ``made.json`` is there only while nothing is being changed: a folder without one is made anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path

from tests.harness.apt import debian_mirror
from tests.harness.paths import ROOT
from tests.releases.not_tried import NotTried
from tests.releases.suites import Software

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SCRIPTS = Path("/usr/share/debootstrap/scripts")
_WITHIN = 900
# All that they start ends with them.
_ALONE = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--")
_NOTHING_STARTS = "#!/bin/sh\nexit 101\n"
# A mirror that has not changed for half a year is dead: point releases of stable come every two months or so.
_APT = """APT::Install-Recommends "false";
Acquire::Retries "3";
Acquire::Max-ValidTime "15552000";
DPkg::Options:: "--force-unsafe-io";
"""
_PROGRAM = """#!/bin/sh
exec {enter} {root} {program} "$@"
"""


class RootFolder:
    """
    :param place: the directory that is its own.
    :param expired: take lists of packages whose date is over, and nothing else that apt refuses.
    """

    def __init__(self, suite: str, place: Path, *, expired: bool = False) -> None:
        self.suite = suite
        self._root = place / "root"
        self._bin = place / "bin"
        self._stamp = place / "made.json"
        self._expired = expired
        self._source = ""

    @property
    def python(self) -> str:
        """That runs the tests: this one."""
        return sys.executable

    @property
    def path(self) -> str:
        return os.pathsep.join([str(self._bin), os.environ["PATH"]])

    @property
    def date(self) -> str:
        """Of the mirror's list of packages, as the archive signed it."""
        for release in sorted((self._root / "var/lib/apt/lists").glob("*_InRelease")):
            if found := re.search(r"^Date: (.+)$", release.read_text(), re.MULTILINE):
                return parsedate_to_datetime(found[1]).date().isoformat()
        raise NotTried("the mirror's list of packages has no date")

    def prepare(self) -> None:
        """Make it, or bring it up to date.

        :raises NotTried: the mirror cannot be reached, is out of date, lacks the suite, or is not to be trusted.
        """
        _require()
        self._source = debian_mirror() or ""
        if self._made_from() != self._source:
            self._bootstrap()
        shutil.copyfile("/etc/resolv.conf", self._root / "etc/resolv.conf")
        self._apt("update", "--error-on=any", *(["-o", "Acquire::Check-Valid-Until=false"] if self._expired else []))
        self._stamp.unlink(missing_ok=True)
        self._apt("dist-upgrade")
        shutil.rmtree(self._bin, ignore_errors=True)
        self._bin.mkdir()
        self._offer(["/usr/bin/dpkg"])
        self._write_stamp()

    def install(self, software: Software, _series: str) -> str:
        """
        :returns: the version of its first package.
        :raises NotTried: the suite does not have it, or a program of it would be this machine's.
        """
        packages = software.packages
        self._apt("install", "--simulate", *packages)
        self._stamp.unlink(missing_ok=True)
        self._apt("install", *packages)
        self._write_stamp()
        self._offer(self._programs_of(packages))
        for program in software.programs:
            if not (self._bin / program).exists():
                raise NotTried(f"its packages have no program {program}")
        return upstream(self._run("dpkg-query", "--show", "--showformat", "${Version}", packages[0]))

    def _made_from(self) -> str | None:
        try:
            stamp = json.loads(self._stamp.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return stamp["mirror"] if stamp["suite"] == self.suite else None

    def _write_stamp(self) -> None:
        listed = self._run("dpkg-query", "--show", "--showformat", "${Package} ${Version}\n")
        packages = dict(line.split() for line in listed.splitlines())
        at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        content = {"suite": self.suite, "mirror": self._source, "at": at, "packages": packages}
        self._stamp.write_text(json.dumps(content, indent=1) + "\n")

    def _bootstrap(self) -> None:
        self._remove()
        self._root.parent.mkdir(parents=True, exist_ok=True)
        # debootstrap's own list of suites is as old as it is, and newer ones are made as unstable is.
        script = self.suite if (_SCRIPTS / self.suite).exists() else "sid"
        checked = ("--force-check-gpg", f"--keyring={KEYRING}")
        command = ("debootstrap", "--variant=minbase", *checked, self.suite, str(self._root), self._source, script)
        _told([*_ALONE, *command], "debootstrap")
        policy = self._root / "usr/sbin/policy-rc.d"
        policy.write_text(_NOTHING_STARTS)
        policy.chmod(0o755)
        (self._root / "etc/apt/apt.conf.d/90releases").write_text(_APT)
        self._write_stamp()

    def _remove(self) -> None:
        self._stamp.unlink(missing_ok=True)
        if self._root.exists():
            # Behind a mount would be files of others.
            assert str(self._root) not in Path("/proc/self/mountinfo").read_text(), f"mounted in {self._root}"
            shutil.rmtree(self._root)

    def _apt(self, *arguments: str) -> None:
        self._run("apt-get", "--quiet=2", "--yes", "-o", "Dpkg::Use-Pty=0", *arguments)

    def _run(self, *command: str) -> str:
        enter = (str(ROOT / "scripts" / "in-root"), str(self._root))
        return _told([*_ALONE, *enter, *command], command[0])

    def _programs_of(self, packages: Sequence[str]) -> list[str]:
        files = self._run("dpkg", "--listfiles", *packages).splitlines()
        return [file for file in files if re.fullmatch(r"(/usr)?/s?bin/[^/]+", file)]

    def _offer(self, programs: Sequence[str]) -> None:
        """On :attr:`path`. ``dpkg`` is, as tests ask it where a package keeps its files."""
        for program in programs:
            file = self._bin / Path(program).name
            file.write_text(_PROGRAM.format(enter=ROOT / "scripts" / "in-root", root=self._root, program=program))
            file.chmod(0o755)


def upstream(version: str) -> str:
    """What Debian calls 1:27.3.4.1+dfsg-1+deb13u4 is 27.3.4.1."""
    without_revision = re.sub(r"-[^-]*$", "", re.sub(r"^\d+:", "", version))
    return re.sub(r"[+~](dfsg|ds|repack).*$", "", without_revision)


def _require() -> None:
    if os.geteuid() != 0:
        raise NotTried("only root can make a root folder")
    for program in ("debootstrap", "unshare", "chroot"):
        if not shutil.which(program):
            raise NotTried(f"there is no {program} here")
    if not KEYRING.exists():
        raise NotTried("Debian's keyring is not here, and packages are not taken unchecked")


def _told(command: Sequence[str], program: str) -> str:
    """Its output. What it says when it fails is told without the mirror's address, which is this machine's."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_WITHIN,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotTried(f"{program} did not end within {_WITHIN} s") from None
    if done.returncode != 0:
        raise NotTried(f"{program}: {reason(done.stdout)}")
    return done.stdout


def reason(output: str) -> str:
    """The first error that a program told, or its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it failed and said nothing"]
    line = next((line for line in lines if line.startswith(("E:", "Err:"))), lines[-1])
    return re.sub(r"\b\w+://\S+", "the mirror", line.removeprefix("E: "))[:300]
