# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of strategy ``rancher``."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._options import (
    Option,
    StrategyOptions,
    basename,
    seconds,
)

OPTIONS = StrategyOptions(
    {
        "host": Option(default="http://rancher-metadata"),
        "include_not_ready": Option("bool", True),
        "node_basename": basename(),
        "timeout": seconds(5.0),
    }
)
