# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pruning in ways that cost no other link.

With ``prevent_overlapping_partitions`` (the default since OTP 25) a disconnect on one member makes all members drop the
node and usually isolates the caller too; on all members at once it shatters the cluster. What worked in every trial:
wait until ``global`` is steady, then call ``global:disconnect()`` on the leaving node, once. Without that setting,
disconnecting on every member is clean.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Problems, Report, report_problems
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.atomic import atomic
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.watch import STAYS_OUT, watch
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.until import until
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.fenced import FencedOpener
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.members import ErlangMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.mfa import Mfa
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import BadRpc
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom, ExportFun
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._graph import missing_inside_islands
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Node

_STEADY = 10.0
"""Seconds for a mesh to become steady; after that the prune is given up."""
_ALONE = 5.0
"""Seconds until a node that drops its links one by one may have any left."""
_STAYS_FENCED = 10.0
"""Seconds for which a fenced node has to stay out: one that is not fenced was back within 0.9."""
_TRIES = 3
_BACK = "it is linked again: something inside it connects it"

_LEAVE = RemoteCall("global", "disconnect", [])
_NODES = RemoteCall("erlang", "nodes", [])
_SUSPEND = RemoteCall("sys", "suspend", [Atom("global_name_server")])
_RESUME = RemoteCall("sys", "resume", [Atom("global_name_server")])
_DISCONNECT_NODE = ExportFun(Atom("erlang"), Atom("disconnect_node"), 1)


class ErlangPruner:
    def __init__(self, members: ErlangMembers, disconnect: Optional[Mfa]) -> None:
        self._members = members
        self._disconnect = disconnect

    async def prune(self, actions: Sequence[Action], desired: Sequence[Node], leave: bool, report: Report) -> None:
        """Prune, check on the members that stay that the nodes are gone, and retry for a node that came back. An
        interruption falls between two tries: in each, all nodes go at the same time.

        :param leave: have each node leave by a call on itself (once the mesh is steady, where the members prevent
            overlapping partitions); otherwise its observers drop it.
        """
        staying = [node for node in desired if self._members.answers(node.name)]
        waits = self._members.mesh.exclusive and leave
        left = actions
        for _try in range(_TRIES):
            everyone = [*staying, *(Node(name) for name in sorted({action.node for action in left}))]
            if waits and not await until(partial(self._is_steady, everyone), _STEADY):
                not_steady = f"the mesh was not steady within {_STEADY:g} s, nothing was cut"
                report_problems(dict.fromkeys(left, not_steady), report)
                return
            left = await atomic(partial(self._try, left, staying, leave, report))
            if not left:
                return

    async def _try(
        self, actions: Sequence[Action], staying: Sequence[Node], leave: bool, report: Report
    ) -> Sequence[Action]:
        """
        :returns: the actions to try again.
        """
        going = sorted({action.node for action in actions})
        reasons = await (self._leave_all(going, staying) if leave else self._drop(actions))
        stays_out = _STAYS_FENCED if self._members.fencing else STAYS_OUT
        watched = await watch(self._members, frozenset(going), staying, stays_out)
        problems: Problems = {
            action: (reasons.get(action.node) or watched.problem(_BACK)) if action.node in watched.listed else None
            for action in actions
        }
        report_problems(problems, report)
        left = [action for action in actions if problems[action]]
        refused = not leave and all(reasons.get(action.node) for action in left)
        return left if watched.answered and not refused else ()

    async def _leave_all(self, names: Sequence[str], staying: Sequence[Node]) -> Mapping[str, Optional[str]]:
        members = [node.name for node in staying]
        if self._members.fencing:
            calls = [self._leave_fenced(self._members.fencing, name, members) for name in names]
        else:
            calls = [self.leave(name) for name in names]
        return dict(zip(names, await asyncio.gather(*calls)))

    async def _leave_fenced(self, fencing: FencedOpener, name: str, members: Sequence[str]) -> Optional[str]:
        fence = fencing.fence
        try:
            answer = await self._members.call(name, fence.leave_call(name, members))
        except (UnreachableError, BadRpc) as error:
            return error.reason
        problem = fence.leave_problem(answer)
        if not problem:
            fencing.fenced.add(name)
        return await self.leave(name) if fence.has_to_be_told_to_leave(answer) else problem

    async def leave(self, name: str) -> Optional[str]:
        """Have the node drop all its links at once.

        :returns: why it did not, or None.
        """
        try:
            await self._members.call(name, _LEAVE)
        except UnreachableError as error:
            return error.reason
        except BadRpc as error:
            if error.missing != _LEAVE.text:
                return error.reason
            return await self._leave_while_global_sleeps(name)
        return None

    async def _leave_while_global_sleeps(self, name: str) -> Optional[str]:
        """The same before OTP 25.1, which has no ``global:disconnect/0``."""
        try:
            try:
                await self._members.call(name, _SUSPEND)
                peers = await self._members.call(name, _NODES)
                await self._members.call(name, RemoteCall("lists", "foreach", [_DISCONNECT_NODE, peers]))
                await until(partial(self._is_alone, name), _ALONE)
            finally:
                await self._members.call(name, _RESUME)
        except (UnreachableError, BadRpc) as error:
            return error.reason
        return None

    async def _is_alone(self, name: str) -> bool:
        return not await self._members.call(name, _NODES)

    async def _drop(self, actions: Sequence[Action]) -> Mapping[str, Optional[str]]:
        """
        :returns: for each node why one of the calls failed, if one did. Whether the drop worked shows in the views.
        """
        by_observer: dict[str, list[str]] = {}
        for action in actions:
            by_observer.setdefault(str(action.observer), []).append(action.node)
        found = await asyncio.gather(*(self._drop_on(observer, names) for observer, names in by_observer.items()))
        return {name: reason for reasons in found for name, reason in reasons.items() if reason}

    async def _drop_on(self, observer: str, names: Sequence[str]) -> Mapping[str, Optional[str]]:
        if self._disconnect:
            reasons = await asyncio.gather(*(self._call(observer, self._disconnect.call(name)) for name in names))
            return dict(zip(names, reasons))
        call = RemoteCall("lists", "foreach", [_DISCONNECT_NODE, [Atom(name) for name in names]])
        return dict.fromkeys(names, await self._call(observer, call))

    async def _call(self, observer: str, call: RemoteCall) -> Optional[str]:
        try:
            await self._members.call(observer, call)
        except UnreachableError as error:
            return error.reason
        except BadRpc as error:
            return self._disconnect.problem(observer, call, error) if self._disconnect else error.reason
        return None

    async def _is_steady(self, nodes: Sequence[Node]) -> bool:
        """Whether on every member ``global`` has synchronised with all listed peers."""
        names = frozenset(node.name for node in nodes)
        return not missing_inside_islands(await self._members.views(nodes, names), names)
