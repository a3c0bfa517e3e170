# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module in Ansible's own process where that makes no difference, and shows the events of a loop meanwhile."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.utils.display import Display
from ansible_collections.selfheal.cluster.plugins.modules.membership import COMMAND
from ansible_collections.selfheal.cluster.plugins.plugin_utils._events_shown import EventTailer
from ansible_collections.selfheal.cluster.plugins.plugin_utils._in_process import InProcess


class ActionModule(InProcess):
    module = "selfheal.cluster.membership"
    command = COMMAND

    def run_module(self, added: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if not self._can_show():
            return super().run_module(added, task_vars)
        with tempfile.TemporaryDirectory(dir=C.DEFAULT_LOCAL_TMP) as directory:
            path = self._task.args.get("events_file") or f"{directory}/events"
            with self._shown(path):
                return super().run_module({**added, "events_file": path}, task_vars)

    def _can_show(self) -> bool:
        """Whether this process can read the file of events while the module writes it."""
        task = self._task
        return self.is_local and not task.check_mode and not task.no_log and _goes_on(task.args.get("duration"))

    def _shown(self, path: str) -> AbstractContextManager[Any]:
        try:
            return EventTailer(Path(os.path.expandvars(path)).expanduser(), _show)
        except OSError:
            return nullcontext()  # the module says what is wrong with the path


def _show(line: str) -> None:
    # Ansible does not flush its standard output: unless that is a terminal, a line would stay in the buffer for hours.
    Display().display(line, color=C.COLOR_CHANGED, stderr=True)


def _goes_on(duration: Any) -> bool:
    try:
        return float(duration) > 0
    except (TypeError, ValueError):
        return False
