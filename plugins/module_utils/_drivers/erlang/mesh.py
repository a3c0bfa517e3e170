# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the views of members whose membership is their links, and what these show of the mesh."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.names import names_in
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.question import (
    ViewQuestion,
    returned,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.mfa import Mfa
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.table import table_call, table_in
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.view import Question, State, view_of
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import CallResult
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import BadRpc
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Table, View

_PATIENCE = 2.0
"""Seconds for a member's ``global`` to answer; the member is then read without it, and not taken for silent. And the
same for its RabbitMQ."""


class Mesh:
    """``global_mesh`` and ``exclusive`` are what the views so far showed; one member with it is enough.
    ``rejoined``: the nodes that left in this run to rejoin.

    :param list_nodes: the user's own function.
    """

    def __init__(self, config: Mapping[str, Any], list_nodes: Optional[Mfa]) -> None:
        self.global_mesh = False
        self.exclusive = False
        self.rejoined: set[str] = set()
        self.timeout: float = config["timeout"]
        self._patience = min(_PATIENCE, self.timeout / 2)
        self._table_call = table_call(self._patience)
        self._mesh_only: bool = config["mesh_only"]
        self._list_nodes = list_nodes

    def question_about(self, desired: frozenset[str]) -> ViewQuestion:
        question = Question(desired, self._patience, self._mesh_only)
        return _OwnListing(self, question, self._list_nodes) if self._list_nodes else _Links(self, question)

    def state_in(self, question: Question, answer: CallResult) -> State:
        """:raises UnreachableError: the call failed there, or the question cannot have this answer."""
        state = question.parse(returned(answer))
        self.global_mesh = self.global_mesh or state.global_mesh
        self.exclusive = self.exclusive or state.exclusive
        return state

    async def table_of(self, connection: NodeConnection, state: State) -> Optional[Table]:
        """:raises UnreachableError: the member may have a table and did not say which."""
        if not state.may_have_table:
            return None
        (answer,) = await connection.call_all([self._table_call], self.timeout)
        return table_in(returned(answer))


class _Links(ViewQuestion):
    """Asks for the links of a member."""

    def __init__(self, mesh: Mesh, question: Question) -> None:
        self.desired = question.desired
        self.calls = (question.with_global,)
        self._mesh = mesh
        self._question = question

    async def view(self, connection: NodeConnection, answers: Sequence[CallResult]) -> View:
        if isinstance(answers[0], BadRpc):
            answers = await connection.call_all([self._question.without_global], self._mesh.timeout)
        state = self._mesh.state_in(self._question, answers[0])
        if connection.name in self._mesh.rejoined:
            state = state._replace(rejoined=False)
        table = await self._mesh.table_of(connection, state)
        return view_of(connection.name, state, self.desired, connection.own_name, table)


class _OwnListing(ViewQuestion):
    """Calls the user's own function, and asks for the member's state beside it."""

    def __init__(self, mesh: Mesh, question: Question, list_nodes: Mfa) -> None:
        self.desired = question.desired
        self.calls = (question.without_global, list_nodes.call())
        self._mesh = mesh
        self._question = question
        self._list_nodes = list_nodes

    async def view(self, connection: NodeConnection, answers: Sequence[CallResult]) -> View:
        state, listing = self._mesh.state_in(self._question, answers[0]), answers[1]
        if isinstance(listing, BadRpc):
            raise UnreachableError(self._list_nodes.problem(connection.name, self._list_nodes.call(), listing))
        peers = names_in(listing, "list_nodes") - {connection.own_name, connection.name}
        table = await self._mesh.table_of(connection, state)
        return View(connection.name, peers, stopping=state.stopping, table=table)
