# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining and leaving in systems whose membership is their own, as their preset says."""

from __future__ import annotations

from functools import partial
from typing import Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._base import Outcome
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._erlang_members import Members
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._erlang_presets import Preset
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._erlang_prune import watch
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._until import until
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import (
    BadRpc,
    CallTimeout,
    ConnectionLost,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Node

_JOIN = 120.0
"""Seconds in which a node copies the whole database; an empty one took 1.2."""
_JOINED = 10.0
"""Seconds in which both then say so."""
_STILL_LISTED = "a member still lists it"


class Joiner:
    def __init__(self, members: Members, preset: Preset) -> None:
        self._members = members
        self._preset = preset

    async def connect(self, actions: Sequence[Action], desired: Sequence[Node]) -> Outcome:
        """One after the other: each is a row of transactions over all members, and the next one's source is whole."""
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
        await self._members.view(member)  # A node that joins one which does not run says ok, and has not joined.
        answer = await self._members.call(node.name, self._preset.join_call(member.name), _JOIN)
        problem = self._preset.join_problem(answer)
        if problem or await until(partial(self._list_each_other, node, member), _JOINED):
            return problem
        return f"it says that it has joined, and {_JOINED:g} s later {member.name} and it do not both list the other"

    async def _list_each_other(self, one: Node, other: Node) -> bool:
        try:
            views = [await self._members.view(node) for node in (one, other)]
        except UnreachableError:
            return False
        return other.name in views[0].linked and one.name in views[1].linked


class Leaver:
    def __init__(self, members: Members, preset: Preset) -> None:
        self._members = members
        self._preset = preset

    async def prune(self, actions: Sequence[Action], desired: Sequence[Node]) -> Outcome:
        """A node that runs leaves by a call on itself, one that is down is taken off the list by a member."""
        reasons = {action: await self._tell(action) for action in actions}
        staying = [node for node in desired if self._members.answers(node.name)]
        watched = await watch(self._members, frozenset(action.node for action in actions), staying)
        still_there = watched.problem(_STILL_LISTED)
        return {
            action: (reasons[action] or still_there) if action.node in watched.listed else None for action in actions
        }

    async def _tell(self, action: Action) -> Optional[str]:
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
