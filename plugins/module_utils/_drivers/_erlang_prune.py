# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pruning in the ways that cost no other link.

With ``prevent_overlapping_partitions`` (the default since OTP 25) a disconnect on one member makes everybody drop the
node and usually isolates the caller too, and on all members at once it shatters the cluster. What held in every trial:
wait until ``global`` is steady, then call ``global:disconnect()`` on the node that goes, once. Without that setting,
disconnecting on every member is clean.
"""

from __future__ import annotations

import asyncio
from typing import Any, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._base import Outcome
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._erlang_members import Members
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._erlang_mfa import Mfa
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import Call
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import BadRpc
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom, ExportFun
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._graph import missing_inside_islands
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Node

_STEADY = 10.0
"""Seconds in which a mesh becomes steady, or the prune is given up."""
_OUT = 5.0
"""Seconds in which a node is out."""
_STAYS_OUT = 1.0
"""Seconds for which it is watched then: one that something inside it connects again was back within 0.9."""
_TRIES = 3
_POLL = 0.1

_LEAVE = Call("global", "disconnect", [])
_NODES = Call("erlang", "nodes", [])
_SUSPEND = Call("sys", "suspend", [Atom("global_name_server")])
_RESUME = Call("sys", "resume", [Atom("global_name_server")])
_DISCONNECT_NODE = ExportFun(Atom("erlang"), Atom("disconnect_node"), 1)


class Pruner:
    def __init__(self, members: Members, disconnect: Optional[Mfa]) -> None:
        self._members = members
        self._disconnect = disconnect

    async def prune(self, actions: Sequence[Action], desired: Sequence[Node], leave: bool) -> Outcome:
        """Prune, watch on the members that stay that it holds, and do it again for a node that came back.

        :param leave: each node leaves by a call on itself once the mesh is steady; else its observers drop it.
        """
        staying = [node for node in desired if self._members.answers(node.name)]
        left = list(actions)
        problems: dict[str, str] = {}
        for _try in range(_TRIES):
            going = sorted({action.node for action in left})
            if leave and not await self._is_steady([*staying, *(Node(name) for name in going)]):
                problems.update(dict.fromkeys(going, f"the mesh was not steady within {_STEADY:g} s, nothing was cut"))
                break
            calls = [self.leave(name) for name in going] if leave else [self._drop(left)]
            reasons = dict(zip(going, await asyncio.gather(*calls)))
            back = await self._back(frozenset(going), staying)
            problems.update(
                (name, reasons.get(name) or "it is linked again: something inside it connects it") for name in back
            )
            left = [action for action in left if action.node in back]
            if not left:
                break
        unpruned = {action.node for action in left}
        return {action: problems[action.node] if action.node in unpruned else None for action in actions}

    async def leave(self, name: str) -> Optional[str]:
        """The node drops all its links at once.

        :returns: why it did not, or None.
        """
        try:
            await self._members.call(name, _LEAVE)
        except UnreachableError as error:
            return error.reason
        except BadRpc as error:
            if not _is_undefined(error.term):
                return error.reason
            return await self._leave_while_global_sleeps(name)
        return None

    async def _leave_while_global_sleeps(self, name: str) -> Optional[str]:
        """The same before OTP 25.1, which has no ``global:disconnect/0``."""
        try:
            try:
                await self._members.call(name, _SUSPEND)
                peers = await self._members.call(name, _NODES)
                await self._members.call(name, Call("lists", "foreach", [_DISCONNECT_NODE, peers]))
                await self._until_alone(name)
            finally:
                await self._members.call(name, _RESUME)
        except (UnreachableError, BadRpc) as error:
            return error.reason
        return None

    async def _until_alone(self, name: str) -> None:
        now = asyncio.get_running_loop().time
        deadline = now() + _OUT
        while await self._members.call(name, _NODES) and now() < deadline:
            await asyncio.sleep(_POLL)

    async def _drop(self, actions: Sequence[Action]) -> None:
        by_observer: dict[str, list[str]] = {}
        for action in actions:
            by_observer.setdefault(str(action.observer), []).append(action.node)
        await asyncio.gather(*(self._drop_on(observer, names) for observer, names in by_observer.items()))

    async def _drop_on(self, observer: str, names: Sequence[str]) -> None:
        """What comes of it shows in the views, whatever the calls say."""
        if self._disconnect:
            calls = [self._disconnect.call(name) for name in names]
        else:
            calls = [Call("lists", "foreach", [_DISCONNECT_NODE, [Atom(name) for name in names]])]
        await asyncio.gather(*(self._members.call(observer, call) for call in calls), return_exceptions=True)

    async def _is_steady(self, nodes: Sequence[Node]) -> bool:
        """On every member ``global`` has finished with everyone whom that member lists."""
        now = asyncio.get_running_loop().time
        deadline = now() + _STEADY
        names = frozenset(node.name for node in nodes)
        while True:
            views = await self._members.views(nodes, names)
            if not missing_inside_islands(views, names):
                return True
            if now() > deadline:
                return False
            await asyncio.sleep(_POLL)

    async def _back(self, gone: frozenset[str], staying: Sequence[Node]) -> frozenset[str]:
        """Which of ``gone`` a member that stays lists in the end, or again after they had all been out."""
        now = asyncio.get_running_loop().time
        names = frozenset(node.name for node in staying)
        deadline = now() + _OUT
        out_since = None
        while True:
            views = await self._members.views(staying, names)
            if views or not staying:
                listed = gone & frozenset().union(*(view.peers for view in views.values()))
            else:
                listed = gone  # nobody is left to ask, and what nobody saw is not done
            if not listed:
                out_since = out_since or now()
                if now() - out_since >= _STAYS_OUT:
                    return listed
            elif out_since or now() > deadline:
                return listed
            await asyncio.sleep(_POLL)


def _is_undefined(reason: Any) -> bool:
    """``{'EXIT', {undef, Stack}}``"""
    return (
        isinstance(reason, tuple)
        and reason[:1] == ("EXIT",)
        and len(reason) == 2
        and isinstance(reason[1], tuple)
        and reason[1][:1] == ("undef",)
    )
