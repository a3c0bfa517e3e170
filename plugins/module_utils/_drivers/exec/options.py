# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of driver ``exec``."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._options import (
    CALLS,
    DriverOptions,
    Option,
    count,
    seconds,
)

OPTIONS = DriverOptions(
    {
        "down_path": Option(),
        "format": Option(default="lines", choices=("lines", "json")),
        "parallel": count(16),
        "path": Option(),
        "reversible": Option("bool", False),
        "timeout": seconds(10.0),
        "transitive": Option("bool", False),
        "unsettled_path": Option(),
    },
    takes=CALLS,
)
