# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of files for the exec driver, for which ls, touch and rm are enough."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import converge, inspect

from tests.harness.erlang.clusters import with_warnings


class Files:
    """Members are directories, the links that each has are files in it, as in the guide of the driver."""

    def __init__(self, directory: Path, count: int) -> None:
        self.directory = directory
        self.names = [f"10.0.0.{number}" for number in range(1, count + 1)]
        for name in self.names:
            (directory / name).mkdir()

    def topology(self, nodes: list[str] | None = None, **options: Any) -> dict[str, Any]:
        policy = {"scope": ["10.*"], "confirmation_interval": 0, **options.pop("policy", {})}
        return {
            "topology": "files",
            "strategy": "static",
            "config": {"nodes": self.names if nodes is None else nodes},
            "driver": "exec",
            "list_nodes": ["ls", f"{self.directory}/{{observer}}"],
            "connect": ["touch", *self._both_ends],
            "disconnect": ["rm", *self._both_ends],
            "policy": policy,
            **options,
        }

    @property
    def _both_ends(self) -> list[str]:
        return [f"{self.directory}/{{observer}}/{{node}}", f"{self.directory}/{{node}}/{{observer}}"]

    def heal(self, nodes: list[str] | None = None, *, check: bool = False, **options: Any) -> dict[str, Any]:
        return with_warnings(converge(topology_of(self.topology(nodes, **options)), check, 5))

    def peers(self, name: str) -> set[str]:
        return set(os.listdir(self.directory / name))

    @property
    def is_whole(self) -> bool:
        return all(self.peers(name) == set(self.names) - {name} for name in self.names)


def shell(script: str, *words: str) -> list[str]:
    """A command of the user's own that happens to be a shell: braces in it are doubled."""
    return ["sh", "-c", script.replace("{", "{{").replace("}", "}}"), "sh", *words]


def reason(files: Files, script: str, **options: Any) -> str:
    """Why a view failed for which this script was run; the others' views are read as ever."""
    one = files.names[0]
    test = f'if [ "$1" = {one} ]; then {script}\nelse ls {shlex.quote(str(files.directory))}/"$1"; fi'
    result = inspect(topology_of(files.topology(list_nodes=shell(test, "{observer}"), **options))).values
    assert set(result["views"]) == set(files.names[1:])
    assert set(result["unreachable_nodes"]) == {one}
    return str(result["unreachable_nodes"][one])
