# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exec driver: the membership of any system that has commands to list, connect and disconnect."""

from __future__ import annotations

from typing import Callable, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Driver, Report
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.settle import settled
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.connect import ExecConnector
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.members import POLL, ExecMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.prune import ExecPruner
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.templates import (
    OBSERVER_AND_NODE,
    template_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._model import PRUNE, Node, Observation, Stage
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.pairwise import Pairwise
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.transitive import Transitive
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology


class ExecDriver(Driver):
    """Runs its commands on the host where the module runs."""

    def __init__(self, topology: Topology) -> None:
        self._members = ExecMembers(topology)
        connect, disconnect = (
            template_of(option, getattr(topology, option), OBSERVER_AND_NODE) for option in ("connect", "disconnect")
        )
        config = topology.driver_config
        kind = Transitive if config["transitive"] else Pairwise
        self._rules = kind(reversible=config["reversible"])
        self._connector = ExecConnector(self._members, connect)
        may_be_alive = config["reversible"] if topology.policy.prune_live is None else topology.policy.prune_live
        self._pruner = ExecPruner(self._members, disconnect, spreads=config["transitive"], only_dead=not may_be_alive)

    @property
    def rules(self) -> Rules:
        """Commands do not show how members link each other, so the topology says it."""
        return self._rules

    async def observe(self, desired: Sequence[Node], in_scope: Callable[[str], bool]) -> Observation:
        return await self._members.observe(desired, in_scope, retry_unreachable=True)

    async def settle(
        self, desired: Sequence[Node], in_scope: Callable[[str], bool], done: Callable[[Observation], bool]
    ) -> Observation:
        """Observe until a node that answered before answers again: one failed command must not decide."""
        return await settled(
            lambda: self._members.observe(desired, in_scope, retry_unreachable=False),
            lambda seen: done(seen) and not self._members.has_lost(seen),
            POLL,
        )

    async def perform(self, stage: Stage, desired: Sequence[Node], report: Report) -> None:
        if stage[0].kind == PRUNE:
            await self._pruner.prune(stage, desired, report)
        else:
            await self._connector.connect(stage, report)

    async def close(self) -> None:
        """Nothing to close: each call ends or kills the commands that it started."""
