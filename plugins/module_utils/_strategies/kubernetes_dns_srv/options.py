# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of strategy ``kubernetes_dns_srv``."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._options import Option, StrategyOptions, basename
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.options import RESOLVER

OPTIONS = StrategyOptions(
    {
        "service": Option(required=True),
        "namespace": Option(required=True),
        "cluster_domain": Option(default="cluster.local"),
        "node_basename": basename(),
        **RESOLVER,
    },
    has_ttl=True,
)
