# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The open connections to the members, and the views that they give."""

from __future__ import annotations

import asyncio
from typing import AbstractSet, Any, Callable, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.opener import Opener
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.question import ViewQuestion
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.undesired import (
    NOT_ASKED,
    most_undesired,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import BadRpc, ConnectionLost
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node, Observation, Unreachable, View

_SLOW_START = 0.25
"""Seconds after which an opening no longer counts towards ``parallel``: a host that drops packets must not hold a
slot."""


class BeamMembers:
    """Members that are nodes of Erlang, whatever runs on them.

    :param config: the driver's, of which ``timeout`` and ``parallel`` matter here.
    :param question_about: makes the question for a view when these nodes are desired.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        opener: Opener,
        question_about: Callable[[frozenset[str]], ViewQuestion],
    ) -> None:
        self._timeout: float = config["timeout"]
        self._parallel: int = config["parallel"]
        self._opener = opener
        self._question_about = question_about
        self._question = question_about(frozenset())
        self._connections: dict[str, NodeConnection] = {}
        self._unreachable: dict[str, Unreachable] = {}

    async def observe(
        self, desired: Sequence[Node], in_scope: Callable[[str], bool], retry_unreachable: bool
    ) -> Observation:
        """All views at once: those of the desired nodes, then those of the in-scope peers that they list.

        :param retry_unreachable: also ask nodes that were unreachable before.
        """
        if retry_unreachable:
            self._unreachable = {}
            self._opener.renew()
        names = frozenset(node.name for node in desired)
        views = await self.views(desired, names)
        listed = frozenset().union(*(view.peers for view in views.values())) - names
        undesired = sorted(name for name in listed if in_scope(name))
        most = most_undesired(len(desired))
        self._unreachable.update((name, NOT_ASKED) for name in undesired[most:])
        views.update(await self.views([Node(name) for name in undesired[:most]], names))
        relevant = names.union(undesired)
        if retry_unreachable:
            self._close_all_but(relevant)
        return Observation(views, {name: why for name, why in self._unreachable.items() if name in relevant})

    async def views(self, nodes: Sequence[Node], desired: frozenset[str]) -> dict[str, View]:
        """The views of those ``nodes`` that answer."""
        asked = [node for node in nodes if node.name not in self._unreachable]
        if self._question.desired != desired:
            self._question = self._question_about(desired)
        await self._opener.look_up([node for node in asked if not self.answers(node.name)])
        places = asyncio.Semaphore(self._parallel)
        found = await asyncio.gather(*(self._view(node, places) for node in asked))
        return {view.observer: view for view in found if view}

    async def view(self, node: Node) -> View:
        """The view of one node. Unlike with :meth:`views`, a failure does not mark the node as unreachable.

        :raises UnreachableError: it gave no view.
        """
        return await self._ask(node, asyncio.Semaphore(1))

    async def call(self, name: str, call: RemoteCall, extra: float = 0.0) -> Any:
        """One call on a member that has answered before.

        :param extra: seconds on top of the driver's time-out, for a call that may block for long.
        :raises UnreachableError: it no longer answers.
        :raises BadRpc: the call failed there.
        """
        connection = self._connections.get(name)
        if not connection:
            raise ConnectionLost(f"{name} has not answered yet")
        (answer,) = await connection.call_all([call], self._timeout + extra)
        if isinstance(answer, BadRpc):
            raise answer
        return answer

    def answers(self, name: str) -> bool:
        connection = self._connections.get(name)
        return connection is not None and not connection.closed

    async def close(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        await self._opener.close()

    def _close_all_but(self, names: AbstractSet[str]) -> None:
        for name in [name for name in self._connections if name not in names]:
            self._connections.pop(name).close()

    async def _view(self, node: Node, places: asyncio.Semaphore) -> Optional[View]:
        try:
            return await self._ask(node, places)
        except UnreachableError as error:
            self._unreachable[node.name] = Unreachable(error.reason, error.silent, error.answers_as)
            lost = self._connections.pop(node.name, None)
            if lost:
                lost.close()
            return None

    async def _ask(self, node: Node, places: asyncio.Semaphore) -> View:
        question = self._question
        if self.answers(node.name):
            connection = self._connections[node.name]
            answers = await connection.call_all(question.calls, self._timeout)
        else:
            connection = self._connections[node.name] = await self._open(node, question.calls, places)
            answers = await connection.first_answers(self._timeout)
        return await question.view(connection, answers)

    async def _open(self, node: Node, calls: Sequence[RemoteCall], places: asyncio.Semaphore) -> NodeConnection:
        await places.acquire()
        release = _AtMostOnce(places.release)
        timer = asyncio.get_running_loop().call_later(_SLOW_START, release)
        try:
            return await self._opener.open(node, calls)
        finally:
            timer.cancel()
            release()


class _AtMostOnce:
    """Calls the function the first time it is called, and does nothing after that."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action: Optional[Callable[[], None]] = action

    def __call__(self) -> None:
        action, self._action = self._action, None
        if action:
            action()
