# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The question for a member's view, and its answer (pure: terms in, view out)."""

from __future__ import annotations

from typing import Any, Collection, NamedTuple, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.forms import (
    EMPTY,
    Form,
    atom,
    block,
    call,
    evaluation,
    if_true,
    integer,
    length,
    match,
    operation,
    tuple_of,
    variable,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.names import names_in
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.table import MAY_HAVE_ONE
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import REJOINED_LATELY, Table, View

_LONG_AGO = 10**9

_NOW = call("erlang", "monotonic_time", atom("second"))
_MARK = atom("selfheal_cluster_rejoined")
REMEMBER_REJOINING = evaluation(call("persistent_term", "put", _MARK, _NOW), {})
"""The call on a member that is about to leave and rejoin. A restart of the member discards the mark."""

_DESIRED, _VISIBLE, _MISSING = (variable(name) for name in ("Desired", "Visible", "Missing"))
_COMPARE = (
    match(_VISIBLE, call("erlang", "nodes", atom("visible"))),
    match(_MISSING, operation("--", _DESIRED, _VISIBLE)),
)
_NONE_IS_EXTRA = operation("=:=", length(_VISIBLE), operation("-", length(_DESIRED), length(_MISSING)))
_STATE = (
    _MISSING,
    if_true(_NONE_IS_EXTRA, EMPTY, operation("--", _VISIBLE, _DESIRED)),
    call("erlang", "nodes", atom("hidden")),
    call("init", "get_status"),
    if_true(operation("=:=", _VISIBLE, EMPTY), call("init", "get_argument", atom("hidden")), atom("error")),
    call("application", "get_env", atom("kernel"), atom("prevent_overlapping_partitions")),
    call("application", "get_env", atom("kernel"), atom("connect_all")),
    operation("-", _NOW, call("persistent_term", "get", _MARK, operation("-", _NOW, integer(_LONG_AGO)))),
)
_SYNCED = call("gen_server", "call", atom("global_name_server"), atom("get_synced"), variable("Milliseconds"))


class Question:
    """One expression that a member evaluates.

    The member compares its view with the desired names itself and returns only the difference: in a healthy cluster of
    n members that is n short answers instead of n times n names. ``without_global`` is for a member whose ``global``
    does not answer; it counts as synchronised with no peer.

    :param global_timeout: seconds for ``global`` to answer.
    :param mesh_only: do not ask for a member table.
    """

    def __init__(self, desired: Collection[str], global_timeout: float, mesh_only: bool = False) -> None:
        self.desired = frozenset(desired)
        self._milliseconds = int(global_timeout * 1000)
        self._has_table = atom("false") if mesh_only else MAY_HAVE_ONE
        self.with_global = self._call(operation("--", _VISIBLE, _SYNCED))
        self.without_global = self._call(_VISIBLE)

    def _call(self, unsynced: Form) -> RemoteCall:
        expression = block(*_COMPARE, tuple_of(*_STATE, self._has_table, unsynced))
        names = [Atom(name) for name in sorted(self.desired)]
        return evaluation(expression, {"Desired": names, "Milliseconds": self._milliseconds})

    def parse(self, answer: Any) -> State:
        """:raises UnreachableError: this question cannot have this answer."""
        if not isinstance(answer, tuple) or len(answer) != len(_STATE) + 2:
            raise UnreachableError("its answer to the question for its view has another shape")
        missing, extra, hidden, status, hidden_flag, prevents, connects_all, rejoined_ago, tabled, unsynced = answer
        peers = self.desired - names_in(missing, "nodes(visible)")
        if extra:
            peers |= names_in(extra, "nodes(visible)")
        is_hidden = isinstance(hidden_flag, tuple) and hidden_flag[:1] == ("ok",)
        global_mesh = connects_all != ("ok", "false") and not is_hidden
        return State(
            visible=peers,
            # The same object where possible: with thousands of members these sets take most of the memory.
            synced=peers - names_in(unsynced, "get_synced") if unsynced else peers,
            hidden=names_in(hidden, "nodes(hidden)"),
            stopping=isinstance(status, tuple) and status[:1] == ("stopping",),
            is_hidden=is_hidden,
            global_mesh=global_mesh,
            exclusive=global_mesh and prevents == ("ok", "true"),
            rejoined=isinstance(rejoined_ago, int) and rejoined_ago < REJOINED_LATELY,
            may_have_table=tabled == "true",
        )


class State(NamedTuple):
    """One member's answer. ``global_mesh``: it links itself to all nodes that its peers are linked to. ``exclusive``:
    it also prevents overlapping partitions. ``synced``: the visible peers with which its ``global`` has synchronised.
    ``rejoined``: a run made it leave and rejoin lately. ``may_have_table``: RabbitMQ or Mnesia is loaded on it."""

    visible: frozenset[str]
    synced: frozenset[str]
    hidden: frozenset[str]
    stopping: bool
    is_hidden: bool
    global_mesh: bool
    exclusive: bool
    rejoined: bool
    may_have_table: bool


def view_of(observer: str, state: State, desired: frozenset[str], own_name: str, table: Optional[Table]) -> View:
    """The peers are the visible nodes, and those hidden nodes that are desired: other hidden nodes are shells and
    controllers like us. To a hidden member all its peers are hidden."""
    hidden = state.hidden - {own_name} if state.is_hidden else state.hidden & desired
    return View(
        observer,
        state.visible | hidden if hidden else state.visible,
        state.synced | hidden if state.exclusive else None,
        stopping=state.stopping,
        hidden=state.is_hidden,
        rejoined=state.rejoined,
        table=table,
    )
