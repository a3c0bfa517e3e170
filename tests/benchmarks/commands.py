# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs of Ansible's commands, as their user waits for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.harness.erlang.beam import COOKIE, Beam
from tests.harness.paths import ROOT

_BIN = Path(sys.executable).parent
_COLLECTIONS = (ROOT / ".build" / "collections", ROOT / ".venv" / "bundle" / "collections")
OWN_PYTHON = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


class Commands:
    """With a home of their own, and nothing enabled that costs time."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, command: str, *arguments: str | Path, **environment: str) -> str:
        """:returns: what it printed; :raises AssertionError: it failed."""
        own = {
            **os.environ,
            "HOME": str(self.home),
            "ANSIBLE_HOME": str(self.home / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(map(str, _COLLECTIONS)),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            **environment,
        }
        done = subprocess.run(
            [_BIN / command, *arguments], env=own, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def write(self, name: str, content: Any) -> Path:
        path = self.home / name
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return path

    def playbook(self, name: str, task: Mapping[str, Any]) -> Path:
        """Of one play with one task."""
        return self.write(f"{name}.yml", [{"hosts": "all", "gather_facts": False, "tasks": [dict(task)]}])

    def inventory(self, name: str, hosts: Mapping[str, Mapping[str, Any]] | None = None) -> Path:
        """Hosts that are all this one; localhost alone unless told."""
        data = {"all": {"hosts": dict(hosts or {"localhost": {}}), "vars": OWN_PYTHON}}
        return self.write(f"{name}.yml", data)


def static(nodes: Sequence[Beam], **driver_config: Any) -> dict[str, Any]:
    """The options of a topology of these nodes."""
    return {
        "strategy": "static",
        "config": {"nodes": [node.name for node in nodes]},
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port, **driver_config},
        "policy": {"scope": ["app@*"]},
    }
