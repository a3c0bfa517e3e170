# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a discovery in an inventory or a lookup loads: its time is that of loading, where the source is quick."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ansible_collections.selfheal.cluster.plugins.plugin_utils import _options

_COLLECTIONS = Path(_options.__file__).parents[5]
_SCRIPT = """
import sys
import ansible_collections.selfheal.cluster.plugins.inventory.nodes
from ansible_collections.selfheal.cluster.plugins.plugin_utils._inventory_file import check_keys, host_vars
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import discovery_from, source_from

topology = {"strategy": "static", "config": {"nodes": ["app@10.0.0.1"]}}
check_keys("chat", topology)
host_vars("app.cluster.yml", "chat", topology, bool)
assert discovery_from(source_from("chat", topology)).names == {"app@10.0.0.1"}
print("\\n".join(sys.modules))
"""
_CORE = "ansible_collections.selfheal.cluster.plugins.module_utils."


def test_a_static_topology_loads_no_other_strategy_and_no_driver() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_COLLECTIONS), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    loaded = done.stdout.split()
    strategies = {name.split(".")[6] for name in loaded if name.startswith(f"{_CORE}_strategies.")}
    assert strategies == {"registry", "static"}
    assert [name for name in loaded if name.startswith(f"{_CORE}_drivers") or name == f"{_CORE}_config.schema"] == []
    assert "asyncio" not in loaded
