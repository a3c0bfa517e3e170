# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows each topology in one line, and ends its host as Ansible's exit codes 0, 2 and 4 demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.verdict import VERDICTS
from ansible_collections.selfheal.cluster.plugins.module_utils._run.result import utc_now
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.check import (
    NOT_WHOLE,
    UNTOLD,
    check_lines,
    code_of,
    document,
)
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.files import ReportFile
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import TopologyReading
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.shown import Showing
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.words import status_of
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.writing import path_of

_MODE = 0o644


class ActionModule(Showing):
    spec = {
        "allow": {"type": "list", "elements": "str", "default": [], "choices": list(VERDICTS)},
        "output": {"type": "path"},
    }

    def show(self, readings: Sequence[TopologyReading], options: Mapping[str, Any]) -> Mapping[str, Any]:
        self.print(check_lines(readings, options["allow"]))
        if options["output"]:
            path = path_of(options["output"])
            text = document(readings, options["allow"], utc_now())
            try:
                ReportFile(path, text, _MODE, str).write(check_mode=False)
            except OSError as error:
                raise AnsibleActionFail(f"check_output: {path} cannot be written: {error.strerror}") from error
        return {}

    def ending(self, reading: TopologyReading, options: Mapping[str, Any]) -> Mapping[str, Any]:
        code = code_of(reading, options["allow"])
        key = {NOT_WHOLE: "failed", UNTOLD: "unreachable"}.get(code)
        return {"code": code, **({key: True, "msg": f"{reading.topology}: {status_of(reading).label}"} if key else {})}
