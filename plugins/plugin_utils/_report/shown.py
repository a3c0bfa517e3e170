# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the topologies of a play on the terminal, once, and ends each of its hosts by itself.

A task with ``run_once`` would fail all hosts or none. So the task runs on each host, and the first one shows all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.color import ANSIBLE_COLOR
from ansible.utils.display import Display
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import TopologyReading, reading
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.table import TableLine
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.words import BAD, GOOD, NOTICE, WARN

_COLOURS = {BAD: "COLOR_ERROR", WARN: "COLOR_WARN", NOTICE: "COLOR_CHANGED", GOOD: "COLOR_OK"}
_COLUMNS_OF_A_PIPE = 79
_RESULT, _FAILURE = "converge_result", "converge_failure"
"""The variables in which the role ``converge`` and its playbooks leave what came of a topology."""

_SPEC = {
    "topologies": {"type": "list", "elements": "str", "required": True},
    "shown_by": {"type": "str", "required": True},
}


class Showing(ActionBase):
    """The base class of the actions that show topologies; ``spec`` are their options."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False

    spec: Mapping[str, Any] = {}

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        options = self.validate_argument_spec({**_SPEC, **self.spec})[1]
        host = variables["inventory_hostname"]
        result: dict[str, Any] = {"changed": False}
        if host == options["shown_by"]:
            hostvars = variables["hostvars"]
            result.update(self.show([_reading(name, hostvars[name]) for name in options["topologies"]], options))
        return {**result, **self.ending(_reading(host, variables), options)}

    def show(self, readings: Sequence[TopologyReading], options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Show all topologies, on one host of the play.

        :returns: what its result has beside that of :meth:`ending`.
        """
        raise NotImplementedError

    def ending(self, reading: TopologyReading, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The result of the task on the host of one topology."""
        raise NotImplementedError

    def print(self, lines: Iterable[TableLine]) -> None:
        """Print the lines, on the standard error where the standard output is for a program."""
        is_json = "json" in str(C.DEFAULT_STDOUT_CALLBACK).rpartition(".")[2]
        for line in lines:
            Display().display(line.text, color=getattr(C, _COLOURS[line.level]), stderr=is_json)


def terminal_width() -> int:
    """The columns of the terminal, 0 where there is none."""
    columns = int(Display().columns or 0)
    return columns if ANSIBLE_COLOR or columns != _COLUMNS_OF_A_PIPE else 0


def _reading(name: str, variables: Mapping[str, Any]) -> TopologyReading:
    return reading(name, variables.get(_RESULT), str(variables.get(_FAILURE) or ""))
