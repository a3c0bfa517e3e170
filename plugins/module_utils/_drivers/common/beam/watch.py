# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching the members that stay, to learn whether pruned nodes are out."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.members import BeamMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.until import until_it_lasts
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node

_OUT = 5.0
"""Seconds until no member may list the node any more."""
STAYS_OUT = 1.0
"""Seconds for which the views are then watched: a node whose own code reconnects it was back within 0.9."""


class Watched(NamedTuple):
    """``listed``: the pruned nodes that a member which stays lists at the end, or again after all were gone. If none of
    them ``answered``, it has all pruned nodes: a removal that nobody saw counts as not done."""

    listed: frozenset[str]
    answered: bool

    def problem(self, why: str) -> str:
        return why if self.answered else "no member that stays answers, so that nobody knows whether it is out"


async def watch(
    members: BeamMembers, gone: frozenset[str], staying: Sequence[Node], stays_out: float = STAYS_OUT
) -> Watched:
    """Watch the members that stay until they no longer list any of the nodes, and then for some seconds more.

    :param gone: the pruned nodes.
    :param stays_out: the seconds to watch on once no member lists them.
    """
    names = frozenset(node.name for node in staying)
    watched = Watched(gone, False)

    async def all_are_out() -> bool:
        nonlocal watched
        views = await members.views(staying, names)
        peers = frozenset().union(*(view.peers for view in views.values()))
        answered = bool(views) or not staying
        watched = Watched(gone & peers if answered else gone, answered)
        return not watched.listed

    await until_it_lasts(all_are_out, _OUT, stays_out)
    return watched
