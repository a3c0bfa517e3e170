# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the events of a loop while it goes on, and ends it with Ansible, which a module cannot. All else is its own."""

from __future__ import annotations

import os
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.selfheal.cluster.plugins.plugin_utils._events_shown import Follower
from ansible_collections.selfheal.cluster.plugins.plugin_utils._parent import ending_with_parent

_MODULE = "selfheal.cluster.membership"


class ActionModule(ActionBase):
    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        if not self._can_show():
            return self._module({}, task_vars)
        with tempfile.TemporaryDirectory(dir=C.DEFAULT_LOCAL_TMP) as directory:
            path = self._task.args.get("events_file") or f"{directory}/events"
            with self._shown(path):
                return self._module({"events_file": path}, task_vars)

    def _module(self, added: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        arguments = {**self._task.args, **added}
        with ending_with_parent():
            return self._execute_module(_MODULE, arguments, task_vars=task_vars, wrap_async=bool(self._task.async_val))

    def _can_show(self) -> bool:
        """The file has to be one that both can read, and that is there while the module runs."""
        task = self._task
        here = self._connection.transport == "local" and self._connection.become is None and not task.async_val
        return here and not task.check_mode and not task.no_log and _goes_on(task.args.get("duration"))

    def _shown(self, path: str) -> AbstractContextManager[Any]:
        try:
            return Follower(Path(os.path.expandvars(path)).expanduser(), _show)
        except OSError:
            return nullcontext()  # the module says what is wrong with the path


def _show(line: str) -> None:
    # Ansible does not flush its standard output, and where that is no terminal a line would wait there for hours.
    Display().display(line, color=C.COLOR_CHANGED, stderr=True)


def _goes_on(duration: Any) -> bool:
    try:
        return float(duration) > 0
    except (TypeError, ValueError):
        return False
