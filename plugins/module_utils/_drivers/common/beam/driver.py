# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the drivers of systems on Erlang have in common: how views are read, over connections that stay open."""

from __future__ import annotations

from typing import Callable, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Driver
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.members import BeamMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.settle import settled
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node, Observation

_POLL = 0.1


class BeamDriver(Driver):
    """A subclass connects and prunes."""

    def __init__(self, members: BeamMembers) -> None:
        self._observed = members

    async def observe(self, desired: Sequence[Node], in_scope: Callable[[str], bool]) -> Observation:
        return await self._observed.observe(desired, in_scope, retry_unreachable=True)

    async def settle(
        self, desired: Sequence[Node], in_scope: Callable[[str], bool], done: Callable[[Observation], bool]
    ) -> Observation:
        return await settled(lambda: self._observed.observe(desired, in_scope, retry_unreachable=False), done, _POLL)

    async def close(self) -> None:
        await self._observed.close()
