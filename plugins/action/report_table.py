# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows all topologies of a play as one table, and fails the hosts of those whose run failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import TopologyReading
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.shown import Showing, terminal_width
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.table import table
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.writing import FILES_SPEC, write_files


class ActionModule(Showing):
    spec = FILES_SPEC

    def show(self, readings: Sequence[TopologyReading], options: Mapping[str, Any]) -> Mapping[str, Any]:
        self.print(table(readings, self._task.check_mode, terminal_width()))
        return write_files(readings, options, self._task.check_mode)

    def ending(self, reading: TopologyReading, options: Mapping[str, Any]) -> Mapping[str, Any]:
        if reading.failure:
            return {"failed": True, "msg": f"topology {reading.topology!r}: its run failed, as the table says"}
        return {}
