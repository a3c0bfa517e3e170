# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The erlang driver: it talks to all members concurrently over the Erlang distribution protocol, as a hidden node.

Which way of pruning and healing is safe depends on the members' own settings; each was tried on real clusters.
"""

from __future__ import annotations

from typing import Callable, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Driver, Outcome
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.settle import settled
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.connect import ErlangConnector
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.join import Joiner, Leaver
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.members import ErlangMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.mfa import own_mfa
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.presets import preset_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.prune import ErlangPruner
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Node, Observation
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.exclusive import Exclusive
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.pairwise import Pairwise
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.transitive import Transitive
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology

_POLL = 0.1


class ErlangDriver(Driver):
    def __init__(self, topology: Topology) -> None:
        self._preset = preset_of(topology)
        own = {
            option: own_mfa(topology.name, option, getattr(topology, option))
            for option in ("connect", "disconnect", "list_nodes")
        }
        self._by_link = frozenset(option for option, function in own.items() if function is None)
        self._members = ErlangMembers(topology, own["list_nodes"], self._preset)
        self._pruner = ErlangPruner(self._members, own["disconnect"])
        self._connector = ErlangConnector(self._members, self._pruner, own["connect"])

    @property
    def rules(self) -> Rules:
        """By what the last observation showed. Nothing is known about a user's own function, so the cautious value is
        assumed for it."""
        if self._preset:
            return self._preset.rules
        disconnects = "disconnect" in self._by_link
        return self._kind(
            reversible=disconnects,
            leaves_itself=(self._members.exclusive or self._members.fence is not None) and disconnects,
            by_link=self._by_link,
        )

    @property
    def _kind(self) -> type[Rules]:
        if not self._members.global_mesh or "connect" not in self._by_link:
            return Pairwise
        return Exclusive if self._members.exclusive else Transitive

    async def observe(self, desired: Sequence[Node], in_scope: Callable[[str], bool]) -> Observation:
        return await self._members.observe(desired, in_scope, retry_unreachable=True)

    async def settle(
        self, desired: Sequence[Node], in_scope: Callable[[str], bool], done: Callable[[Observation], bool]
    ) -> Observation:
        return await settled(lambda: self._members.observe(desired, in_scope, retry_unreachable=False), done, _POLL)

    async def prune(self, actions: Sequence[Action], desired: Sequence[Node]) -> Outcome:
        if self._preset:
            return await Leaver(self._members, self._preset).prune(actions, desired)
        return await self._pruner.prune(actions, desired, leave=self.rules.leaves_itself)

    async def connect(self, actions: Sequence[Action], desired: Sequence[Node]) -> Outcome:
        if self._preset:
            return await Joiner(self._members, self._preset).connect(actions, desired)
        return await self._connector.connect(actions, desired)

    async def close(self) -> None:
        await self._members.close()
