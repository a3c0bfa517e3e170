# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ansible commands as subprocesses, from the same environment that runs pytest.

ansible = Ansible(tmp_path)
ansible.module("selfheal.cluster.nodes_info", strategy="static", config={"nodes": ["a@127.0.0.1"]})["nodes"]
ansible.inventory(file)["_meta"]["hostvars"]
run = ansible.playbook("selfheal.cluster.converge", "-i", str(file))
run.of("chat", "selfheal.cluster.membership")["converged"]
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness.paths import ROOT

PACKED = {"environment": {"FOR_A_PROCESS": "of its own"}}
"""A keyword of tasks and plays by which our modules run as modules, and not in Ansible's own process."""

_BIN = Path(sys.executable).parent


def copy_checkout(place: Path) -> None:
    """Without what tools keep in it."""
    shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(".*", "__pycache__"))


@dataclass(frozen=True)
class Run:
    """How one command ended. ``results`` are those of a playbook's tasks: host, task, action, result."""

    code: int
    stdout: str
    stderr: str
    results: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    @property
    def text(self) -> str:
        """The output with its line breaks and repeated blanks taken out, for messages that Ansible wraps."""
        return " ".join(self.output.split())

    def of(self, host: str, action: str) -> Mapping[str, Any]:
        """The result of the last task of this action on this host."""
        found: list[Mapping[str, Any]] = [
            line["result"] for line in self.results if (line["host"], line["action"]) == (host, action)
        ]
        return found[-1]

    def ok(self) -> Run:
        assert self.code == 0, self.output
        return self


class Ansible:
    """Commands with a home of their own, so that nothing of the user's leaks in and nothing is left behind."""

    prefix: Sequence[str] = ()
    """Of each command: what runs it elsewhere."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.environment = {
            "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "ANSIBLE_HOME": str(home / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(home / "local"),
            "ANSIBLE_REMOTE_TEMP": str(home / "remote"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "results_to_file",
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
            "ANSIBLE_NOCOLOR": "1",
            **environment,
        }

    def run(self, command: str, *arguments: str, **environment: str) -> Run:
        """Run one of Ansible's commands to its end."""
        results = self.home / "results.jsonl"
        results.unlink(missing_ok=True)
        done = subprocess.run(
            [*self.prefix, str(_BIN / command), *arguments],
            env={**self.environment, "RESULTS_FILE": str(results), **environment},
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=180,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        lines = results.read_text().splitlines() if results.exists() else []
        return Run(done.returncode, done.stdout, done.stderr, tuple(json.loads(line) for line in lines))

    def playbook(self, playbook: str | list[dict[str, Any]], *arguments: str, **environment: str) -> Run:
        """A playbook of the collection by its name, or the plays of one."""
        if not isinstance(playbook, str):
            path = self.home / "playbook.yml"
            path.write_text(json.dumps(playbook))
            playbook = str(path)
        return self.run("ansible-playbook", playbook, *arguments, **environment)

    def task(self, module: str, *arguments: str, **options: Any) -> Run:
        """One module on localhost, without the need that it succeeds."""
        return self.run("ansible", "localhost", "-m", module, "-a", json.dumps(options), *arguments)

    def module(self, module: str, *arguments: str, **options: Any) -> dict[str, Any]:
        """The result of one module that succeeds on localhost."""
        return result_of(self.task(module, *arguments, **options).ok())

    def inventory(self, *files: Path, **environment: str) -> dict[str, Any]:
        """What ansible-inventory lists."""
        sources = [argument for file in files for argument in ("-i", str(file))]
        listed = self.run("ansible-inventory", "--list", *sources, **environment).ok()
        data: dict[str, Any] = json.loads(listed.stdout)
        return data


def result_of(run: Run) -> dict[str, Any]:
    """The result of an ad hoc module, failed or not."""
    return dict(run.results[-1]["result"])
