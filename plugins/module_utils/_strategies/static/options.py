# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of strategy ``static``."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._options import Option, StrategyOptions

OPTIONS = StrategyOptions({"nodes": Option("list", elements="raw", required=True, may_be_empty=True)})
