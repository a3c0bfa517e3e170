# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connecting: many nodes by one call on their hub, and nodes that have to leave and rejoin to get all links."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Collection, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Problems, Report, report_problems
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.atomic import atomic, finished
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.until import until
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.fenced import FencedOpener
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.members import ErlangMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.mfa import Mfa
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.prune import ErlangPruner
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.view import REMEMBER_REJOINING
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import BadRpc
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom, ExportFun
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._graph import missing_inside_islands
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Node

_NET_SETUP = 8.0
"""Seconds: connect_node to a host that drops packets blocks for net_setuptime, which is 7 by default."""
_ALONE = 5.0
"""Seconds until no desired node may list a node that left."""

_CONNECT_NODE = ExportFun(Atom("net_kernel"), Atom("connect_node"), 1)


class ErlangConnector:
    def __init__(self, members: ErlangMembers, pruner: ErlangPruner, connect: Optional[Mfa]) -> None:
        self._members = members
        self._pruner = pruner
        self._connect = connect

    async def connect(self, actions: Sequence[Action], desired: Sequence[Node], report: Report) -> None:
        """Have nodes leave one after the other that must, and then connect all of them at the same time. An
        interruption falls between two that leave; those that have left are then connected, and nobody else."""
        names = {name for action in actions for name in (action.node, str(action.observer))}
        unfenced = await atomic(partial(self._unfence, names))
        problems: dict[Action, Optional[str]] = {}

        async def leave(action: Action) -> None:
            problems[action] = await self._leave_first(action.node, desired)

        async def prepare() -> None:
            refused = {a: unfenced.get(a.node) or unfenced.get(str(a.observer)) for a in actions}
            for action in actions:
                if action.rejoin and not refused[action]:
                    await atomic(partial(leave, action))
            problems.update((action, problem) for action, problem in refused.items() if problem or not action.rejoin)

        async def connect_prepared() -> None:
            prepared = [action for action in actions if action in problems and problems[action] is None]
            tried = await self._try(prepared, unfenced)
            report_problems({**problems, **tried}, report)

        await finished(prepare, connect_prepared)

    async def _try(self, actions: Sequence[Action], unfenced: Collection[str]) -> Problems:
        tried = await self._from_all(actions)
        # A handshake that began with the cookie of the fence may still fail after the node was unfenced: try once more.
        retried = [action for action, problem in tried.items() if problem and _touches(action, unfenced)]
        return {**tried, **await self._from_all(retried)}

    async def _from_all(self, actions: Sequence[Action]) -> Problems:
        by_observer: dict[str, list[Action]] = {}
        for action in actions:
            by_observer.setdefault(str(action.observer), []).append(action)
        outcomes = await asyncio.gather(*(self._from(observer, todo) for observer, todo in by_observer.items()))
        return {action: problem for outcome in outcomes for action, problem in outcome.items()}

    async def _unfence(self, names: Collection[str]) -> Mapping[str, Optional[str]]:
        """
        :returns: for each fenced node why it could not be unfenced, or None.
        """
        fencing = self._members.fencing
        if not fencing:
            return {}
        fenced = sorted(fencing.fenced.intersection(names))
        return dict(zip(fenced, await asyncio.gather(*(self._unfence_one(fencing, name) for name in fenced))))

    async def _unfence_one(self, fencing: FencedOpener, name: str) -> Optional[str]:
        try:
            answer = await self._members.call(name, fencing.fence.unfence_call(name))
        except (UnreachableError, BadRpc) as error:
            return error.reason
        if answer != "true":
            return "it has the cookie of a fence and remembers no other: restart it"
        fencing.fenced.discard(name)
        return None

    async def _leave_first(self, name: str, desired: Sequence[Node]) -> Optional[str]:
        """Have the node leave, if it still lacks links: the rejoin of the node before may have been enough."""
        names = frozenset(node.name for node in desired)
        views = await self._members.views(desired, names)
        if name not in missing_inside_islands(views, names):
            return None
        try:
            await self._members.call(name, REMEMBER_REJOINING)
        except (UnreachableError, BadRpc) as error:
            return error.reason
        self._members.mesh.rejoined.add(name)
        problem = await self._pruner.leave(name)
        if problem:
            return problem
        await until(partial(self._is_out, name, desired, names), _ALONE)
        return None

    async def _is_out(self, name: str, desired: Sequence[Node], names: frozenset[str]) -> bool:
        views = await self._members.views(desired, names)
        return not any(name in view.peers for view in views.values())

    async def _from(self, observer: str, actions: Sequence[Action]) -> Problems:
        """Connect the nodes that answer us with one call, one after the other. The others get a call each, since each
        can take seconds to fail."""
        if self._connect:
            return await self._each(observer, actions)
        near = [action for action in actions if self._members.answers(action.node)]
        far = [action for action in actions if not self._members.answers(action.node)]
        found = await asyncio.gather(self._together(observer, near), self._each(observer, far))
        return {**found[0], **found[1]}

    async def _together(self, observer: str, actions: Sequence[Action]) -> Problems:
        if not actions:
            return {}
        call = RemoteCall("lists", "map", [_CONNECT_NODE, [Atom(action.node) for action in actions]])
        try:
            answers = await self._members.call(observer, call, _NET_SETUP)
        except (UnreachableError, BadRpc) as error:
            return dict.fromkeys(actions, error.reason)
        if not isinstance(answers, list) or len(answers) != len(actions):
            return dict.fromkeys(actions, f"{observer} answered {call.text} with something else than a list of results")
        return {action: _problem(answer, observer) for action, answer in zip(actions, answers)}

    async def _each(self, observer: str, actions: Sequence[Action]) -> Problems:
        results = await asyncio.gather(*(self._one(observer, action.node) for action in actions))
        return dict(zip(actions, results))

    async def _one(self, observer: str, name: str) -> Optional[str]:
        call = self._connect.call(name) if self._connect else RemoteCall("net_kernel", "connect_node", [Atom(name)])
        try:
            return _problem(await self._members.call(observer, call, _NET_SETUP), observer)
        except UnreachableError as error:
            return error.reason
        except BadRpc as error:
            return self._connect.problem(observer, call, error) if self._connect else error.reason


def _touches(action: Action, names: Collection[str]) -> bool:
    return action.node in names or action.observer in names


def _problem(answer: Any, observer: str) -> Optional[str]:
    """Why a connect failed, or None, from its return value. As in libcluster that is true, false or ignored; a function
    of the user's may also return ok, or a tuple that begins with ok."""
    if answer in ("true", "ok") or (isinstance(answer, tuple) and answer[:1] == ("ok",)):
        return None
    if answer == "ignored":
        return f"{observer} is not part of a distributed system"
    if answer == "false":
        return f"{observer} could not reach it, or one of the two refused the other (another cookie, say)"
    return "the connect function returned neither true nor ok"
