# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller of its own: it reads a topology, waits for the word, makes one run, and may be killed in any phase.

{"topology": {…}, "kill": ["prune", 0.02]}      the phase, and how many seconds into it
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import Any

from tests.harness.paths import ROOT
from tests.harness.pipes import pipe


class Controller:
    def __init__(self, topology: dict[str, Any], kill: tuple[str, float] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.controller"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / ".build" / "collections")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.began = self.ended = 0.0
        """When a run that was not killed did, on a clock that all processes share."""
        self._write({"topology": topology, "kill": kill})
        assert pipe(self._process.stdout).readline() == "ready\n"

    def go(self) -> None:
        pipe(self._process.stdin).write("go\n")
        pipe(self._process.stdin).flush()

    def result(self) -> dict[str, Any] | None:
        """None when it was killed."""
        output, _errors = self._process.communicate(timeout=120)
        if self._process.returncode == -signal.SIGKILL:
            return None
        assert self._process.returncode == 0
        found: dict[str, Any]
        self.began, self.ended, found = json.loads(output)
        return found

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def _write(self, order: dict[str, Any]) -> None:
        pipe(self._process.stdin).write(json.dumps(order) + "\n")
        pipe(self._process.stdin).flush()


def _main() -> None:
    from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
    from ansible_collections.selfheal.cluster.plugins.module_utils._run import result as _result

    from tests.harness.erlang.clusters import outcome

    order = json.loads(sys.stdin.readline())
    if order["kill"]:
        _die_in(_result.RunRecord, *order["kill"])
    topology = topology_of(order["topology"])
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    result = outcome(topology)
    json.dump((began, time.monotonic(), result), sys.stdout)


def _die_in(record: Any, phase: str, after: float) -> None:
    timed = record.timed

    @contextmanager
    def deadly(self: Any, name: str) -> Any:
        if name == phase:
            threading.Timer(after, os.kill, (os.getpid(), signal.SIGKILL)).start()
        with timed(self, name):
            yield

    record.timed = deadly


if __name__ == "__main__":
    _main()
