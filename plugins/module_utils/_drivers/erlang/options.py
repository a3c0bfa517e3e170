# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of driver ``erlang``."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.options import BEAM, check_source
from ansible_collections.selfheal.cluster.plugins.module_utils._options import CALLS, FENCE, DriverOptions, Option

OPTIONS = DriverOptions(
    {**BEAM, "mesh_only": Option("bool", False), "preset": Option(choices=("ejabberd",))},
    erlang_names=True,
    takes=(*CALLS, FENCE),
    instead={"preset": (*CALLS, FENCE, "mesh_only"), "disconnect": (FENCE,)},
    other_driver="preset",
    # libcluster 3.5's own values, so that a configuration can be carried over as it is.
    own_way={
        "connect": ["net_kernel", "connect_node", []],
        "disconnect": ["erlang", "disconnect_node", []],
        "list_nodes": ["erlang", "nodes", ["connected"]],
    },
    check_source=check_source,
)
