# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the status page and the metrics, in Ansible's own process: the arguments of modules are logged, and the
results of a large cluster are too large for a log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.selfheal.cluster.plugins.module_utils._run.result import utc_now
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report import metrics, page
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.files import ReportFile
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import TopologyReading, reading
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.words import status_of
from ansible_collections.selfheal.cluster.plugins.plugin_utils._variables import OWN, problem_of

_SPEC = {
    "results": {"type": "dict", "required": True},
    "failures": {"type": "dict", "default": {}},
    "page": {"type": "path"},
    "metrics": {"type": "path"},
    "title": {"type": "str", "default": "Clusters"},
    "mode": {"type": "raw", "default": "0644"},
}


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        own = partial(self._templar.template, variables.get(OWN))
        if problem := problem_of("report", variables, own, of_topology=False):
            raise AnsibleActionFail(problem)
        options = self.validate_argument_spec(_SPEC, required_one_of=[["page", "metrics"]])[1]
        readings = _readings(options["results"], options["failures"])
        result: dict[str, Any] = {
            "changed": False,
            "statuses": {one.topology: status_of(one).label for one in readings},
            "files": [],
            "diff": [],
        }
        for file in self._files(options, readings):
            changed, diff = _written(file, self._task.check_mode)
            result["changed"] |= changed
            result["files"].append(str(file.path))
            result["diff"] += [diff] if diff else []
        return result

    def _files(self, options: Mapping[str, Any], readings: list[TopologyReading]) -> Iterator[ReportFile]:
        mode = _mode(options["mode"])
        if options["page"]:
            text = page.page(readings, options["title"], utc_now())
            yield ReportFile(self._path(options["page"]), text, mode, page.timeless)
        if options["metrics"]:
            yield ReportFile(self._path(options["metrics"]), metrics.metrics(readings), mode, metrics.timeless)

    def _path(self, path: str) -> Path:
        """The path; a relative one starts at the directory in which Ansible was started, not at the play's."""
        return Path(path).absolute()


def _readings(results: Mapping[str, Any], failures: Mapping[str, Any]) -> list[TopologyReading]:
    return [reading(str(name), result, str(failures.get(name) or "")) for name, result in results.items()]


def _written(file: ReportFile, check_mode: bool) -> tuple[bool, dict[str, Any]]:
    try:
        return file.write(check_mode)
    except OSError as error:
        problem = error.strerror
    raise AnsibleActionFail(f"{file.path} cannot be written: {problem}")


def _mode(mode: Any) -> int:
    """
    :raises AnsibleActionFail: it is not an octal number such as ``"0644"``.
    """
    try:
        number = mode if isinstance(mode, int) else int(mode, 8)
    except (TypeError, ValueError):
        number = -1
    if isinstance(mode, bool) or not 0 <= number <= 0o7777:
        raise AnsibleActionFail(f"mode: {mode!r} is no octal number such as '0644'")
    return number
