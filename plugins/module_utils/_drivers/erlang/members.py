# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The open connections to the members, and the views that they give."""

from __future__ import annotations

import asyncio
import contextlib
from typing import AbstractSet, Any, Callable, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.undesired import (
    NOT_ASKED,
    most_undesired,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.cookie import cookie_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.fence import Fence
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.mfa import Mfa
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.names import names_in
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.presets import Preset
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.table import table_call, table_in
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.tls import tls_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.transport import Transport
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.view import (
    Question,
    State,
    view_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import CallResult, RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import (
    BadRpc,
    ConnectionLost,
    CookieRejected,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Node,
    Observation,
    Table,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology

_SLOW_START = 0.25
"""Seconds after which an opening no longer counts towards ``parallel``: a host that drops packets must not hold a
slot."""
_PATIENCE = 2.0
"""Seconds for a member's ``global`` to answer; the member is then read without it, and not taken for silent. And the
same for its RabbitMQ."""


class ErlangMembers:
    """``global_mesh`` and ``exclusive`` are what the last observation showed; one member with it is enough.

    ``fenced``: the nodes that accepted the cookie of their fence. ``rejoined``: those that left in this run to rejoin.
    """

    def __init__(self, topology: Topology, list_nodes: Optional[Mfa], preset: Optional[Preset]) -> None:
        config = topology.driver_config
        self.global_mesh = False
        self.exclusive = False
        self._config = config
        self._timeout: float = config["timeout"]
        self._cookie = cookie_of(topology.name, config)
        self.fence = Fence(self._cookie) if topology.policy.fence else None
        self.fenced: set[str] = set()
        self.rejoined: set[str] = set()
        self._tls = tls_of(topology.name, config)
        self._transport = _transport_of(topology)
        self._list_nodes = list_nodes
        self._preset = preset
        self._connections: dict[str, NodeConnection] = {}
        self._unreachable: dict[str, Unreachable] = {}
        self._question = self._question_about(frozenset())
        self._table_call = table_call(self._patience)

    async def observe(
        self, desired: Sequence[Node], in_scope: Callable[[str], bool], retry_unreachable: bool
    ) -> Observation:
        """All views at once: those of the desired nodes, then those of the in-scope peers that they list.

        :param retry_unreachable: also ask nodes that were unreachable before.
        """
        if retry_unreachable:
            self._unreachable = {}
            self._transport.renew()
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
        if not self._config["port"]:
            fresh = [node for node in asked if not self.answers(node.name)]
            await self._transport.look_up(fresh, self._config["epmd_port"])
        places = asyncio.Semaphore(self._config["parallel"])
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
        await self._transport.close()

    def _close_all_but(self, names: AbstractSet[str]) -> None:
        for name in [name for name in self._connections if name not in names]:
            self._connections.pop(name).close()
            self.fenced.discard(name)

    def _question_about(self, desired: frozenset[str]) -> Question:
        return Question(desired, self._patience, self._config["mesh_only"])

    @property
    def _patience(self) -> float:
        return min(_PATIENCE, self._timeout / 2)

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
        calls = self._calls(question)
        if self.answers(node.name):
            connection = self._connections[node.name]
            answers = await connection.call_all(calls, self._timeout)
        else:
            connection = self._connections[node.name] = await self._open(node, calls, places)
            answers = await connection.first_answers(self._timeout)
        if self._preset:
            return self._preset.view(connection.name, _returned(answers[0]))
        if self._list_nodes:
            return await self._own_view(self._list_nodes, connection, question, answers)
        if isinstance(answers[0], BadRpc):
            answers = await connection.call_all([question.without_global], self._timeout)
        state = self._state(question, answers[0])
        if connection.name in self.rejoined:
            state = state._replace(rejoined=False)
        table = await self._table(connection, state)
        return view_of(connection.name, state, question.desired, connection.own_name, table)

    def _calls(self, question: Question) -> Sequence[RemoteCall]:
        if self._preset:
            return [self._preset.question]
        if self._list_nodes:
            return [question.without_global, self._list_nodes.call()]
        return [question.with_global]

    async def _open(self, node: Node, calls: Sequence[RemoteCall], places: asyncio.Semaphore) -> NodeConnection:
        await places.acquire()
        release = _AtMostOnce(places.release)
        timer = asyncio.get_running_loop().call_later(_SLOW_START, release)
        try:
            if self.fence:
                return await self._open_fenced(self.fence, node, calls)
            return await self._open_with(self._cookie, node, calls)
        finally:
            timer.cancel()
            release()

    async def _open_fenced(self, fence: Fence, node: Node, calls: Sequence[RemoteCall]) -> NodeConnection:
        """Try the cluster's cookie, then that of the node's fence, then the cluster's once more, since another run may
        have unfenced the node meanwhile."""
        try:
            return await self._open_with(self._cookie, node, calls)
        except CookieRejected as error:
            rejected = error
        try:
            connection = await self._open_with(fence.cookie_of(node.name), node, calls)
        except CookieRejected:
            with contextlib.suppress(CookieRejected):
                return await self._open_with(self._cookie, node, calls)
            raise rejected from None
        self.fenced.add(node.name)
        return connection

    async def _open_with(self, cookie: str, node: Node, calls: Sequence[RemoteCall]) -> NodeConnection:
        return await self._transport.open(
            node,
            cookie=cookie,
            port=self._config["port"],
            epmd_port=self._config["epmd_port"],
            own_name=self._config["node_name"],
            first=calls,
            tls=self._tls,
            timeout=self._timeout,
        )

    async def _own_view(
        self, own: Mfa, connection: NodeConnection, question: Question, answers: Sequence[CallResult]
    ) -> View:
        state, listing = self._state(question, answers[0]), answers[1]
        if isinstance(listing, BadRpc):
            raise UnreachableError(own.problem(connection.name, own.call(), listing))
        peers = names_in(listing, "list_nodes") - {connection.own_name, connection.name}
        return View(connection.name, peers, stopping=state.stopping, table=await self._table(connection, state))

    async def _table(self, connection: NodeConnection, state: State) -> Optional[Table]:
        if not state.may_have_table:
            return None
        (answer,) = await connection.call_all([self._table_call], self._timeout)
        return table_in(_returned(answer))

    def _state(self, question: Question, answer: Any) -> State:
        state = question.parse(_returned(answer))
        self.global_mesh = self.global_mesh or state.global_mesh
        self.exclusive = self.exclusive or state.exclusive
        return state


class _AtMostOnce:
    """Calls the function the first time it is called, and does nothing after that."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action: Optional[Callable[[], None]] = action

    def __call__(self) -> None:
        action, self._action = self._action, None
        if action:
            action()


def _returned(answer: Any) -> Any:
    if isinstance(answer, BadRpc):
        raise UnreachableError(answer.reason)
    return answer


def _transport_of(topology: Topology) -> Transport:
    """
    :raises MissingLibraryError: this Python lacks a library that the transport needs.
    """
    if topology.driver_config["transport"] == "port_forward":
        # Imported only where it is used: that takes a tenth of a second.
        from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.port_forward import (
            PortForwardTransport,
        )

        return PortForwardTransport(topology.source)
    return Transport()
