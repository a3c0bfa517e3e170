# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Having nodes join: their lists decide whether it worked, and not what the calls return."""

from __future__ import annotations

from functools import partial
from typing import Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Report, report_problems
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.atomic import atomic
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.members import BeamMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.until import until
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.ejabberd.calls import join_call, join_problem
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import (
    BadRpc,
    CallTimeout,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Node, View

_JOIN = 120.0
"""Seconds for a node to copy the whole database; an empty one took 1.2."""
_JOINED = 10.0
"""Seconds until both then list each other, from when both give a view again, which a node does once its tables are
loaded."""


class Joiner:
    def __init__(self, members: BeamMembers) -> None:
        self._members = members

    async def connect(self, actions: Sequence[Action], desired: Sequence[Node], report: Report) -> None:
        """Join one node after the other: each join is a series of transactions over all members, and the next one has
        to copy from a complete cluster. An interruption falls between two of them."""
        nodes = {node.name: node for node in desired}
        for number, action in enumerate(actions):
            has_ended = await atomic(partial(self._try, action, nodes, report))
            if not has_ended:
                not_tried = f"it was not tried, since {action.node} is still joining"
                report_problems(dict.fromkeys(actions[number + 1 :], not_tried), report)
                return

    async def _try(self, action: Action, nodes: Mapping[str, Node], report: Report) -> bool:
        """
        :returns: whether the node is no longer joining.
        """
        problem: Optional[str]
        has_ended = True
        try:
            problem = await self._join(nodes[action.node], nodes[str(action.observer)])
        except CallTimeout as error:
            has_ended, problem = False, error.reason
        except (UnreachableError, BadRpc) as error:
            problem = error.reason
        report_problems({action: problem}, report)
        return has_ended

    async def _join(self, node: Node, member: Node) -> Optional[str]:
        await self._members.view(member)  # Joining a member that does not run returns ok and does nothing.
        answer = await self._members.call(node.name, join_call(member.name), _JOIN)
        problem = join_problem(answer)
        if problem:
            return problem
        await until(partial(self._both_answer, node, member), _JOIN)
        if await until(partial(self._list_each_other, node, member), _JOINED):
            return None
        return f"it says that it has joined, and {_JOINED:g} s later {member.name} and it do not both list the other"

    async def _both_answer(self, one: Node, other: Node) -> bool:
        return bool(await self._views(one, other))

    async def _list_each_other(self, one: Node, other: Node) -> bool:
        views = await self._views(one, other)
        return bool(views) and other.name in views[0].linked and one.name in views[1].linked

    async def _views(self, *nodes: Node) -> Sequence[View]:
        """
        :returns: their views; none at all if one of them gives no view.
        """
        try:
            return [await self._members.view(node) for node in nodes]
        except UnreachableError:
            return []
