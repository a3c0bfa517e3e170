# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of membership in the background, and all the processes that it starts.

with run(ansible, {"strategy": "static", …}) as running:
    os.kill(running.worker, signal.SIGTERM)
    running.ends()                            # its output, once every process of it is gone
    running.result["msg"]

While it goes on, ``running.shows(text)`` waits for something in its output.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from tests.harness.ansible.command import PACKED, Ansible
from tests.harness.waiting import wait_until

MEMBERSHIP = "selfheal.cluster.membership"
SOON = 8
"""Seconds in which an interrupted run is gone."""


class Run:
    """One ``ansible-playbook`` in the background.

    :param packed: it runs as a module, in a process of its own, and not in Ansible's.
    """

    def __init__(self, ansible: Ansible, options: dict[str, Any], packed: bool) -> None:
        self._results = ansible.home / "results.jsonl"
        self._worker = b"AnsiballZ_membership" if packed else b"ansible-playbook"
        task = {MEMBERSHIP: options, **(PACKED if packed else {})}
        plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
        playbook = ansible.home / "playbook.yml"
        playbook.write_text(json.dumps(plays))
        self.process = subprocess.Popen(
            [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook)],
            env={**ansible.environment, "RESULTS_FILE": str(self._results)},
            cwd=ansible.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.output = ""
        self._seen: set[int] = set()

    @property
    def worker(self) -> int:
        """The process that does the work: the last one of the chain, but for what it started itself."""
        chain = [pid for pid in self.descendants() if self._worker in _command_of(pid)]
        parents = {_parent_of(pid) for pid in chain}
        (last,) = [pid for pid in chain if pid not in parents]
        return last

    def descendants(self) -> list[int]:
        found = descendants_of(self.process.pid)
        self._seen.update([self.process.pid, *found])
        return found

    def shows(self, text: str, timeout: float = 60) -> bool:
        """Whether it is in the output by then, while the run goes on."""
        deadline = time.monotonic() + timeout
        stdout = cast(IO[bytes], self.process.stdout)
        while text not in self.output:
            ready, _write, _except = select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(stdout.fileno(), 65536) if ready else b""
            if not data:
                return False
            self.output += data.decode()
        return True

    def ends(self) -> str:
        """Its output, once it and all that it started is gone."""
        rest, _nothing = self.process.communicate(timeout=SOON)
        wait_until(lambda: not any(is_alive(pid) for pid in self._seen), SOON, "the processes of the run to end")
        self.output += rest.decode()
        return self.output

    @property
    def result(self) -> dict[str, Any]:
        return dict(json.loads(self._results.read_text().splitlines()[-1])["result"])

    def kill(self) -> None:
        for pid in self._seen:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@contextmanager
def run(ansible: Ansible, options: dict[str, Any], packed: bool = False) -> Iterator[Run]:
    running = Run(ansible, options, packed)
    try:
        yield running
    finally:
        running.kill()


def descendants_of(process: int) -> list[int]:
    """Those that are there now."""
    found = [process]
    children: dict[int | None, list[int]] = {}
    for pid in _processes():
        children.setdefault(_parent_of(pid), []).append(pid)
    for pid in found:
        found.extend(children.get(pid, ()))
    return found[1:]


def events_in(file: Path) -> list[dict[str, Any]]:
    """What a loop has written to its events_file until now."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def _stat_of(pid: int) -> list[str]:
    """State, parent and so on, or nothing if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _parent_of(pid: int) -> int | None:
    stat = _stat_of(pid)
    return int(stat[1]) if stat else None


def is_alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    return _stat_of(pid)[:1] not in ([], ["Z"])


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
