# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of strategy ``local_epmd``."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._options import Option, StrategyOptions, port, seconds

OPTIONS = StrategyOptions({"node_host": Option(), "epmd_port": port(4369), "timeout": seconds(5.0)})
