# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining and leaving in systems that keep a membership of their own, as a preset describes it."""

from __future__ import annotations

from functools import partial
from typing import Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Problems
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.until import until
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.members import ErlangMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.presets import Preset
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.prune import watch
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import (
    BadRpc,
    CallTimeout,
    ConnectionLost,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Node, Observation, View

_JOIN = 120.0
"""Seconds for a node to copy the whole database; an empty one took 1.2."""
_JOINED = 10.0
"""Seconds until both then list each other, from when both give a view again, which a node does once its tables are
loaded."""
_STILL_LISTED = "a member still lists it"


class Joiner:
    def __init__(self, members: ErlangMembers, preset: Preset) -> None:
        self._members = members
        self._preset = preset

    async def connect(self, actions: Sequence[Action], desired: Sequence[Node]) -> Problems:
        """Join one node after the other: each join is a series of transactions over all members, and the next one has
        to copy from a complete cluster."""
        nodes = {node.name: node for node in desired}
        problems: dict[Action, Optional[str]] = {}
        unfinished = None
        for action in actions:
            if unfinished:
                problems[action] = f"it was not tried, since {unfinished} is still joining"
                continue
            try:
                problems[action] = await self._join(nodes[action.node], nodes[str(action.observer)])
            except CallTimeout as error:
                unfinished, problems[action] = action.node, error.reason
            except (UnreachableError, BadRpc) as error:
                problems[action] = error.reason
        return problems

    async def _join(self, node: Node, member: Node) -> Optional[str]:
        await self._members.view(member)  # Joining a member that does not run returns ok and does nothing.
        answer = await self._members.call(node.name, self._preset.join_call(member.name), _JOIN)
        problem = self._preset.join_problem(answer)
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


class Leaver:
    def __init__(self, members: ErlangMembers, preset: Preset) -> None:
        self._members = members
        self._preset = preset

    async def prune(self, actions: Sequence[Action], desired: Sequence[Node]) -> Problems:
        """A running node leaves by a call on itself; a node that is down is removed from the list by a member.

        The return values prove nothing: the call returns ok even for an unknown name, and a node that has left may stop
        before it answers. So the members' lists decide, read before and after.
        """
        staying = [node for node in desired if self._members.answers(node.name)]
        now = Observation(await self._members.views(staying, frozenset(node.name for node in staying)))
        if now.disagreement:
            return dict.fromkeys(actions, f"nothing was done: by now {now.disagreement}")
        reasons = {action: await self._call_leave_or_forget(action) for action in actions}
        watched = await watch(self._members, frozenset(action.node for action in actions), staying)
        still_there = watched.problem(_STILL_LISTED)
        return {
            action: "; ".join(filter(None, (reasons[action], still_there))) if action.node in watched.listed else None
            for action in actions
        }

    async def _call_leave_or_forget(self, action: Action) -> Optional[str]:
        try:
            if action.observer == action.node:
                answer = await self._members.call(action.node, self._preset.leave_call(action.node))
                return self._preset.leave_problem(answer)
            answer = await self._members.call(str(action.observer), self._preset.forget_call(action.node))
            return self._preset.forget_problem(answer)
        except ConnectionLost as error:
            return None if action.observer == action.node else error.reason
        except (UnreachableError, BadRpc) as error:
            return error.reason
