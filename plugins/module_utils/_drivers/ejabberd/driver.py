# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ejabberd driver: the members of an ejabberd cluster are those in the schema of the Mnesia that they share.

It talks to all of them over the Erlang distribution protocol, as a hidden node. Nodes join one after the other.
"""

from __future__ import annotations

from typing import Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Report
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.driver import BeamDriver
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.members import BeamMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.opener import Opener
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.ejabberd.join import Joiner
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.ejabberd.leave import Leaver
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.ejabberd.view import EjabberdQuestion
from ansible_collections.selfheal.cluster.plugins.module_utils._model import PRUNE, Node, Stage
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.joins_alone import JoinsAlone
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology


class EjabberdDriver(BeamDriver):
    rules = JoinsAlone(reversible=False, leaves_itself=True, spreads=True, comes_back=True)

    def __init__(self, topology: Topology) -> None:
        self._members = BeamMembers(topology.driver_config, Opener(topology), EjabberdQuestion)
        super().__init__(self._members)

    async def perform(self, stage: Stage, desired: Sequence[Node], report: Report) -> None:
        if stage[0].kind == PRUNE:
            await Leaver(self._members).prune(stage, desired, report)
        else:
            await Joiner(self._members).connect(stage, desired, report)
