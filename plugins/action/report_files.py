# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the status page and the metrics, in Ansible's own process: the arguments of modules are logged, and the
results of a large cluster are too large for a log."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import TopologyReading, reading
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.words import status_of
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.writing import FILES_SPEC, write_files
from ansible_collections.selfheal.cluster.plugins.plugin_utils._variables import OWN, problem_of

_SPEC = {
    "results": {"type": "dict", "required": True},
    "failures": {"type": "dict", "default": {}},
    **FILES_SPEC,
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
        return {
            "statuses": {one.topology: status_of(one).label for one in readings},
            **write_files(readings, options, self._task.check_mode),
        }


def _readings(results: Mapping[str, Any], failures: Mapping[str, Any]) -> list[TopologyReading]:
    return [reading(str(name), result, str(failures.get(name) or "")) for name, result in results.items()]
