# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real DNS server (Knot DNS) on a loopback port, with one zone that changes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

ZONE = "demo.test"
START_TIMEOUT = 20.0

# Debian installs knotd outside of the PATH of a normal user.
_ENVIRONMENT = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}

_CONFIGURATION = """
server:
    listen: {address}@{port}
    rundir: "{directory}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{directory}"
log:
  - target: "{directory}/knot.log"
    any: info
zone:
  - domain: {zone}
    file: "{directory}/zone"
    zonefile-sync: -1
"""


class NameServer:
    query = f"app.{ZONE}"

    def __init__(self, directory: Path, address: str) -> None:
        self.directory = directory
        self.address = address
        self.port = _free_port(address)
        self._serial = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """:raises RuntimeError: the server did not come up."""
        self._write_zone([])
        configuration = self.directory / "knot.conf"
        configuration.write_text(
            _CONFIGURATION.format(address=self.address, port=self.port, directory=self.directory, zone=ZONE)
        )
        # A server has no input whose end it could notice: the kernel ends it with its supervisor.
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "knotd", "--config", str(configuration)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT,
        )
        deadline = time.monotonic() + START_TIMEOUT
        while self._control("zone-status", ZONE).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"knotd did not start: {self._log()}")
            time.sleep(0.05)

    def publish(self, addresses: Sequence[str]) -> None:
        """The name resolves to exactly these addresses when this returns.

        :raises RuntimeError: the server refused the zone.
        """
        self._write_zone(addresses)
        reloaded = self._control("--blocking", "zone-reload", ZONE)
        if reloaded.returncode:
            raise RuntimeError(f"knotc zone-reload: {reloaded.stdout.decode()}{reloaded.stderr.decode()}")

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _write_zone(self, addresses: Sequence[str]) -> None:
        self._serial += 1
        lines = [f"{ZONE}. 0 SOA ns.{ZONE}. hostmaster.{ZONE}. {self._serial} 60 60 60 0", f"{ZONE}. 0 NS ns.{ZONE}."]
        lines += [f"ns.{ZONE}. 0 A {self.address}"]
        lines += [f"{self.query}. 0 A {address}" for address in addresses]
        (self.directory / "zone").write_text("\n".join(lines) + "\n")

    def _control(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = ["knotc", "--socket", str(self.directory / "knot.sock"), *arguments]
        return subprocess.run(command, check=False, capture_output=True, env=_ENVIRONMENT)

    def _log(self) -> str:
        with contextlib.suppress(OSError):
            return (self.directory / "knot.log").read_text()
        return "it left no log"


def _free_port(address: str) -> int:
    """A port that is free for UDP and for TCP, both of which a DNS server takes."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((address, 0))
            with contextlib.suppress(OSError):
                udp.bind(tcp.getsockname())
                return tcp.getsockname()[1]
