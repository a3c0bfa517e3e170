# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The question for a member's view of the cluster, and its answer (pure: terms in, view out)."""

from __future__ import annotations

from typing import Any, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.forms import (
    Form,
    atom,
    call,
    evaluation,
    if_true,
    integer,
    operation,
    those_of,
    tuple_of,
    variable,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.names import names_in
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.question import (
    ViewQuestion,
    returned,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import CallResult
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import View

_NOT_RUNNING = "not_running"
_TABLE = variable("Table")


def _about_table(item: str) -> Form:
    return call("mnesia", "table_info", _TABLE, atom(item))


# Every other storage type keeps its records over a restart, also an external one such as leveldb.
_OUTLIVES_A_START = operation("=/=", _about_table("storage_type"), atom("ram_copies"))
_LOCAL_TABLES = call("mnesia", "system_info", atom("local_tables"))
TABLES_WITH_RECORDS = those_of(
    "Table",
    _LOCAL_TABLES,
    operation("=/=", _TABLE, atom("schema")),
    _OUTLIVES_A_START,
    operation(">", _about_table("size"), integer(0)),
)
"""The tables with records on the node's disc."""
# While a table is being loaded, it looks empty.
IS_LOADED = operation("=:=", call("mnesia", "wait_for_tables", _LOCAL_TABLES, integer(0)), atom("ok"))
KNOWN = call("ejabberd_cluster", "get_known_nodes")
"""Every member, the node itself and those that are down included."""
_RUNNING = call("ejabberd_cluster", "get_nodes")
"""The members that the node is connected with, and itself."""

_RUNS = call("lists", "keymember", atom("ejabberd"), integer(1), call("application", "which_applications"))
_ANSWER = tuple_of(KNOWN, _RUNNING, TABLES_WITH_RECORDS, call("init", "get_status"))
QUESTION = evaluation(if_true(operation("andalso", _RUNS, IS_LOADED), _ANSWER, atom(_NOT_RUNNING)), {})
"""Asks for the members, and for the tables with records. An ejabberd that is starting or is loading its tables answers
that it does not run."""


class EjabberdQuestion(ViewQuestion):
    """The same question whoever is desired."""

    calls = (QUESTION,)

    def __init__(self, desired: frozenset[str]) -> None:
        self.desired = desired

    async def view(self, connection: NodeConnection, answers: Sequence[CallResult]) -> View:
        return view_in(connection.name, returned(answers[0]))


def view_in(observer: str, answer: Any) -> View:
    """:raises UnreachableError: ejabberd does not run there, or the answer has an unexpected shape."""
    if answer == _NOT_RUNNING:
        raise UnreachableError(f"ejabberd does not run on {observer}, or is starting")
    if not isinstance(answer, tuple) or len(answer) != 4:
        raise UnreachableError("its answer to the question for its view has another shape")
    known, running, tables, status = answer
    linked = names_in(running, "ejabberd_cluster:get_nodes") - {observer}
    peers = names_in(known, "ejabberd_cluster:get_known_nodes").union(linked) - {observer}
    return View(
        observer,
        peers,
        down=peers - linked,
        stopping=isinstance(status, tuple) and status[:1] == ("stopping",),
        holds=names_in(tables, "mnesia:system_info(local_tables)"),
    )
