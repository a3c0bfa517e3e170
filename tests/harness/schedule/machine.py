# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This machine, with an /etc, a /var and a /run that can be written and are thrown away.

with machine(ansible) as host:                # whose commands run there from now on
    host.install_ansible()                    # for every user
    host.written()                            # path -> what is there, of all that is not as on the machine itself
    host.run("systemd-analyze", "verify", "/etc/systemd/system/selfheal.service")
    host.run(*AS_NOBODY, "id")

Whatever else there is, the network and /tmp above all, is the machine's own. It lasts as long as the process that
holds it open, and that one as long as this one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.harness.ansible.command import Ansible
from tests.harness.paths import ROOT
from tests.harness.pipes import pipe

_MAKE = """
set -e
layers=$(mktemp -d)
mount -t tmpfs layers "$layers"
for place in etc var; do
    mkdir -p "$layers/$place/upper" "$layers/$place/work"
    mount -t overlay overlay -o "lowerdir=/$place,upperdir=$layers/$place/upper,workdir=$layers/$place/work" "/$place"
done
mount -t tmpfs -o mode=755 run /run
mkdir "$layers/run"
mount --bind /run "$layers/run"
# What other users may not pass, they may here
for place; do
    mkdir -p "$layers/$place/upper" "$layers/$place/work"
    mount -t overlay overlay -o "lowerdir=$place,upperdir=$layers/$place/upper,workdir=$layers/$place/work" "$place"
done
echo "$layers"
cat
umount -l "$layers"
rmdir "$layers"
"""
_LIST = """
cd "$1"
find etc/upper var/upper run -mindepth 1 ! -type f -printf '%y%m %l\\t%p\\n'
find etc/upper var/upper run -type f -exec sh -c 'for f; do printf "%s %s\\t%s\\n" \
    "$(stat -c "f%a %U" "$f")" "$(sha256sum <"$f")" "$f"; done' sh {} +
"""
SECONDS = 120
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--no-new-privs")
"""In front of a command."""
ANSIBLE_PLAYBOOK = "/var/lib/ansible-of-the-tests/bin/ansible-playbook"
_BIN = Path(sys.executable).parent


class Machine:
    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            [
                "unshare",
                "--mount",
                "sh",
                "-c",
                _MAKE,
                "sh",
                *_closed(Path(sys.executable), Path(sys.base_prefix), ROOT),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._layers = pipe(self._holder.stdout).readline().strip()
        if not self._layers:
            problem = self._holder.communicate()[1].strip()
            raise RuntimeError(
                f"cannot lay a file system over /etc and /var: {problem}. These tests need to run as root (in a"
                " container: with CAP_SYS_ADMIN)"
            )
        self.prefix = ("nsenter", "--target", str(self._holder.pid), "--mount", "--wd=.", "--")

    def install_ansible(self) -> None:
        """The one that runs these tests, and the collection, for every user and as if it were the system's own."""
        script = f'#!/bin/sh\nexec {_BIN / "ansible-playbook"} "$@"\n'
        self.write(ANSIBLE_PLAYBOOK, script, 0o755)

    def write(self, path: str | Path, content: str, mode: int = 0o644) -> None:
        script = 'mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1" && chmod "$3" "$1"'
        self._ok("sh", "-c", script, "sh", str(path), content, f"{mode:o}")

    def start(self, *command: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
        """In the background, in a session of its own, with this environment alone."""
        return subprocess.Popen(
            [*self.prefix, "env", "-i", *(f"{name}={value}" for name, value in environment.items()), *command],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """To its end."""
        return subprocess.run(
            [*self.prefix, *command],
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def read(self, path: str | Path) -> str:
        return self._ok("cat", str(path))

    def exists(self, path: str | Path) -> bool:
        return self.run("test", "-e", str(path)).returncode == 0

    def written(self) -> dict[str, str]:
        """Each path below /etc, /var and /run that is not as it was, and its type, mode, owner and content in short."""
        lines = self._ok("sh", "-c", _LIST, "sh", self._layers).splitlines()
        described = [line.split("\t", 1) for line in lines]
        named = {"/" + path.replace("/upper", "", 1): what for what, path in described}
        # A directory of the machine's own counts as written as soon as there is a file in it
        return {path: what for path, what in named.items() if not (what.startswith("d") and Path(path).is_dir())}

    def _ok(self, *command: str) -> str:
        done = self.run(*command)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def close(self) -> None:
        self._holder.communicate()


@contextmanager
def machine(ansible: Ansible) -> Iterator[Machine]:
    host = Machine()
    ansible.prefix = host.prefix
    try:
        yield host
    finally:
        host.close()


def _closed(*wanted: Path) -> list[str]:
    """The outermost directories on the way to them that other users may not pass."""
    found: set[str] = set()
    for path in {place for one in wanted for place in (one, one.resolve())}:
        closed = [parent for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001]
        found.update(str(parent) for parent in closed[:1])
        assert not closed[1:], f"{closed} are closed to other users, of which one can be opened for the tests"
    return sorted(found)
