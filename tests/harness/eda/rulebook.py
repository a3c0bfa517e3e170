# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real ansible-rulebook in the background, with the ansible-core that runs pytest.

with rulebook(ansible, "selfheal.cluster.heal", inventory, heal_pause=1) as running:
    running.wait_for("PLAY RECAP")
    running.results("chat", "selfheal.cluster.membership")       # of all its playbooks so far
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ansible.release import __version__

from tests.harness.ansible.command import Ansible
from tests.harness.paths import ROOT
from tests.harness.waiting import wait_until

CORE = ".".join(__version__.split(".")[:2])
BIN = ROOT / ".venv" / f"eda-{CORE}" / "bin"
"""Of an environment of its own: ansible-rulebook holds libraries at versions that nothing else is held at."""
_STARTS_WITHIN = 120
_ENDS_WITHIN = 30


class Line(NamedTuple):
    at: float
    """``time.time()``"""
    text: str


class Rulebook:
    """One running ansible-rulebook. ``lines``: what it and the playbooks that it runs have printed."""

    def __init__(
        self, ansible: Ansible, name: str, inventory: Path | None, variables: dict[str, Any], **environment: str
    ) -> None:
        if not (BIN / "ansible-rulebook").exists():
            raise RuntimeError(f"{BIN}/ansible-rulebook is not there: scripts/setup test fetches it")
        self._results = ansible.home / "eda-results.jsonl"
        self._mark = uuid.uuid4().hex
        vars_file = ansible.home / "eda-vars.yml"
        vars_file.write_text(json.dumps(variables))
        self.lines: list[Line] = []
        self.process = subprocess.Popen(
            [
                *(str(BIN / "ansible-rulebook"), "--rulebook", name, "--print-events", "--shutdown-delay", "1"),
                *("--vars", str(vars_file), *(("--env-vars", "ANSIBLE_INVENTORY") if inventory else ())),
            ],
            env={
                **ansible.environment,
                "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
                **({"ANSIBLE_INVENTORY": str(inventory)} if inventory else {}),
                "SELFHEAL_CLUSTER_DISCOVER": "false",
                "RESULTS_FILE": str(self._results),
                "EDA_OF_THE_TESTS": self._mark,
                "PYTHONUNBUFFERED": "1",
                **environment,
            },
            cwd=ansible.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for text in self.process.stdout:
            self.lines.append(Line(time.time(), text.rstrip("\n")))

    @property
    def output(self) -> str:
        return "\n".join(line.text for line in self.lines)

    def count(self, text: str) -> int:
        return sum(text in line.text for line in list(self.lines))

    def wait_for(self, text: str, times: int = 1, timeout: float = _STARTS_WITHIN) -> None:
        """Until that many lines have the text; :raises AssertionError: they don't."""

        def seen() -> bool:
            assert self.process.poll() is None or self.count(text) >= times, self.output
            return self.count(text) >= times

        try:
            wait_until(seen, timeout, f"{text!r} {times} times")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output}") from None

    def results(self, host: str, action: str) -> list[dict[str, Any]]:
        """Of this action on this host, of all playbooks that have run, in order."""
        return [line["result"] for line in self._tasks(host) if line["action"] == action]

    def actions(self, host: str) -> list[str]:
        """Those that have ended on this host, in order."""
        return [line["action"] for line in self._tasks(host)]

    def _tasks(self, host: str) -> list[dict[str, Any]]:
        text = self._results.read_text() if self._results.exists() else ""
        whole, _newline, _half = text.rpartition("\n")
        return [line for line in map(json.loads, whole.splitlines()) if line["host"] == host]

    def terminate(self) -> int:
        """As a service manager would.

        :returns: the exit code.
        :raises subprocess.TimeoutExpired: it did not end.
        """
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_ENDS_WITHIN)

    def kill(self) -> None:
        """It, and the playbooks that it has started in sessions of their own."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()
        self._reader.join(_ENDS_WITHIN)

    def processes(self) -> list[int]:
        """All that have inherited its environment, itself too."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdecimal() and self._mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found


@contextmanager
def rulebook(
    ansible: Ansible, name: str, inventory: Path | None, environment: dict[str, str] | None = None, **variables: Any
) -> Iterator[Rulebook]:
    running = Rulebook(ansible, name, inventory, variables, **(environment or {}))
    try:
        yield running
    finally:
        running.kill()
