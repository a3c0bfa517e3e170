# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Having members leave, and removing those that are down: the members' lists decide whether it worked."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Problems, Report, report_problems
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.atomic import atomic, finished
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.members import BeamMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.watch import watch
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.until import until
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.ejabberd.calls import (
    forget_call,
    forget_problem,
    leave_call,
    leave_problem,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import BadRpc, ConnectionLost
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Node, Observation

_STILL_LISTED = "a member still lists it"
_OFF = 10.0
"""Seconds in which Mnesia notices that a node has halted, and forgets it."""


class Leaver:
    def __init__(self, members: BeamMembers) -> None:
        self._members = members

    async def prune(self, actions: Sequence[Action], desired: Sequence[Node], report: Report) -> None:
        """A running node leaves by a call on itself; a node that is down is removed from the list by a member.

        The return values prove nothing: the call returns ok even for an unknown name, and a node that has left may stop
        before it answers. So the members' lists decide, read before and after. An interruption falls between two nodes.
        """
        staying = [node for node in desired if self._members.answers(node.name)]
        now = Observation(await self._members.views(staying, frozenset(node.name for node in staying)))
        if now.disagreement:
            report_problems(dict.fromkeys(actions, f"nothing was done: by now {now.disagreement}"), report)
            return
        reasons: dict[Action, Optional[str]] = {}

        async def call(action: Action) -> None:
            reasons[action] = await self._call_leave_or_forget(action)

        async def call_each() -> None:
            for action in actions:
                await atomic(partial(call, action))

        async def verify() -> None:
            report_problems(await self._problems(reasons, staying), report)

        await finished(call_each, verify)

    async def _problems(self, reasons: Mapping[Action, Optional[str]], staying: Sequence[Node]) -> Problems:
        """
        :param reasons: for each call that was made why it failed, or None.
        """
        if not reasons:
            return {}
        left = frozenset(action.node for action, reason in reasons.items() if reason is None)
        await self._take_off(left, staying)
        watched = await watch(self._members, frozenset(action.node for action in reasons), staying)
        still_there = watched.problem(_STILL_LISTED)
        return {
            action: "; ".join(filter(None, (reason, still_there))) if action.node in watched.listed else None
            for action, reason in reasons.items()
        }

    async def _take_off(self, left: frozenset[str], staying: Sequence[Node]) -> None:
        """Have a member forget those that left and are listed all the same: with ejabberd 26 the one that leaves asks
        for that itself and halts, and Mnesia refuses as long as it has not noticed."""
        names = frozenset(node.name for node in staying)

        async def all_are_off() -> bool:
            views = await self._members.views(staying, names)
            listed = [(name, node) for name, view in views.items() for node in sorted(left & view.peers)]
            for observer, node in listed:
                with suppress(UnreachableError, BadRpc):
                    await self._members.call(observer, forget_call(node))
            return not listed

        await until(all_are_off, _OFF)

    async def _call_leave_or_forget(self, action: Action) -> Optional[str]:
        try:
            if action.observer == action.node:
                answer = await self._members.call(action.node, leave_call(action.node))
                return leave_problem(answer)
            answer = await self._members.call(str(action.observer), forget_call(action.node))
            return forget_problem(answer)
        except ConnectionLost as error:
            return None if action.observer == action.node else error.reason
        except (UnreachableError, BadRpc) as error:
            return error.reason
