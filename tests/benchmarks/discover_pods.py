# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The strategy ``kubernetes`` alone, in a process that has imported nothing else."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.benchmarks import peak_memory


def discovered(auth: Mapping[str, Any], namespace: str, lookup: str) -> int:
    """:returns: how many nodes."""
    config = {"namespace": namespace, "lookup": lookup, "node_basename": "chat", **auth}
    discovery = discover(source_of({"topology": "chat", "strategy": "kubernetes", "config": config}))
    assert discovery.status == "complete", discovery
    return len(discovery.nodes)


if __name__ == "__main__":
    discovered(*json.loads(sys.argv[1]))
    print(peak_memory())
