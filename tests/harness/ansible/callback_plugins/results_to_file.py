# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes each task's result as a line of JSON, so that tests read results and not the screen."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results_to_file
type: notification
short_description: Each task's result as a line of JSON
description:
  - Appends to the file that E(RESULTS_FILE) names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "results_to_file"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, result: Any, *args: Any, **kwargs: Any) -> None:
        line = {
            "host": result.host.name,
            "task": result.task.get_name(),
            "action": result.task.action,
            "result": {key: value for key, value in result.result.items() if not key.startswith("_ansible")},
        }
        with open(os.environ["RESULTS_FILE"], "a") as file:
            file.write(json.dumps(line, default=str) + "\n")

    v2_runner_on_ok = _write
    v2_runner_on_failed = _write
    v2_runner_on_unreachable = _write
