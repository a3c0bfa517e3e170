# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The erlang driver: it talks to all members concurrently over the Erlang distribution protocol, as a hidden node.

Which way of pruning and healing is safe depends on the members' own settings; each was tried on real clusters.
"""

from __future__ import annotations

from typing import Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Report
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.driver import BeamDriver
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.connect import ErlangConnector
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.members import ErlangMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.mfa import own_mfa
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.prune import ErlangPruner
from ansible_collections.selfheal.cluster.plugins.module_utils._model import PRUNE, Node, Stage
from ansible_collections.selfheal.cluster.plugins.module_utils._options import CALLS
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.exclusive import Exclusive
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.pairwise import Pairwise
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.transitive import Transitive
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology


class ErlangDriver(BeamDriver):
    def __init__(self, topology: Topology) -> None:
        own = {option: own_mfa(option, getattr(topology, option)) for option in CALLS}
        self._by_link = frozenset(option for option, function in own.items() if function is None)
        members = ErlangMembers(topology, own["list_nodes"])
        super().__init__(members)
        self._mesh = members.mesh
        self._fences = members.fencing is not None
        self._pruner = ErlangPruner(members, own["disconnect"])
        self._connector = ErlangConnector(members, self._pruner, own["connect"])

    @property
    def rules(self) -> Rules:
        """By what the last observation showed. Nothing is known about a user's own function, so the cautious value is
        assumed for it."""
        disconnects = "disconnect" in self._by_link
        return self._kind(
            reversible=disconnects,
            leaves_itself=(self._mesh.exclusive or self._fences) and disconnects,
            by_link=self._by_link,
        )

    @property
    def _kind(self) -> type[Rules]:
        if not self._mesh.global_mesh or "connect" not in self._by_link:
            return Pairwise
        return Exclusive if self._mesh.exclusive else Transitive

    async def perform(self, stage: Stage, desired: Sequence[Node], report: Report) -> None:
        if stage[0].kind == PRUNE:
            await self._pruner.prune(stage, desired, self.rules.leaves_itself, report)
        else:
            await self._connector.connect(stage, desired, report)
