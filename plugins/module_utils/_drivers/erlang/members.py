# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members of a mesh: what connects to them and what reads their views."""

from __future__ import annotations

from typing import Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.members import BeamMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.opener import Opener
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.fenced import FencedOpener
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.mesh import Mesh
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.mfa import Mfa
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology


class ErlangMembers(BeamMembers):
    """``fencing`` is None where the policy does not fence."""

    def __init__(self, topology: Topology, list_nodes: Optional[Mfa]) -> None:
        self.fencing = FencedOpener(topology) if topology.policy.fence else None
        self.mesh = Mesh(topology.driver_config, list_nodes)
        super().__init__(topology.driver_config, self.fencing or Opener(topology), self.mesh.question_about)
