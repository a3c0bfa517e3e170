# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PostgreSQL server with a directory and a port of its own, and ``psql`` to speak to it.

with postgres() as database:
    database.environment                                  # PGHOST, PGPORT, … for psql
    database.psql("CREATE TABLE …")
    database.stop()
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.loopback import free_port
from tests.harness.waiting import wait_until

_ADDRESS = "127.0.0.1"
_USER = "tests"


class Postgres:
    def __init__(self, directory: Path) -> None:
        self._programs = _programs()
        self._prefix = _as_somebody_else(directory)
        self._data = directory / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port(_ADDRESS)
        self.environment = {
            "PGHOST": _ADDRESS,
            "PGPORT": str(self.port),
            "PGUSER": _USER,
            "PGDATABASE": "postgres",
        }
        self._run("initdb", "--pgdata", str(self._data), "--username", _USER, "--auth", "trust", "--no-sync")

    def start(self) -> None:
        settings = {"listen_addresses": _ADDRESS, "port": self.port, "unix_socket_directories": "", "fsync": "off"}
        options = [text for key, value in settings.items() for text in ("-c", f"{key}={value}")]
        self._process = subprocess.Popen(
            [*self._prefix, "--pdeathsig", "INT", str(self._programs / "postgres"), "-D", str(self._data), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._data,
        )
        wait_until(lambda: self._psql("SELECT 1").returncode == 0, 60, "PostgreSQL")

    def stop(self) -> None:
        """At once, whoever is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
            self._process = None

    def psql(self, command: str) -> None:
        """:raises AssertionError: it failed."""
        done = self._psql(command)
        assert done.returncode == 0, done.stderr

    def _psql(self, command: str) -> subprocess.CompletedProcess[str]:
        arguments = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        environment = {**os.environ, **self.environment}
        return subprocess.run(arguments, input=command, env=environment, capture_output=True, text=True, check=False)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._prefix, str(self._programs / program), *arguments],
            cwd=self._data.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def _programs() -> Path:
    """Debian keeps the server's programs of each version beside each other, and none of them on the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not versions:
        raise RuntimeError("there is no PostgreSQL server: scripts/setup test installs it")
    return versions[-1].parent


def _as_somebody_else(directory: Path) -> list[str]:
    """The server refuses to be root."""
    if os.geteuid() != 0:
        return ["setpriv"]
    nobody = pwd.getpwnam("nobody")
    shutil.chown(directory, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


@contextmanager
def postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="postgres-") as directory:
        server = Postgres(Path(directory))
        try:
            server.start()
            yield server
        finally:
            server.stop()
