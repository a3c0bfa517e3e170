# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems that keep a membership of their own: they share one Mnesia database, and its nodes are the members (pure).

Joining is a call on the joining node. It deletes that node's own database and copies the cluster's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Optional, Tuple

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.forms import (
    EMPTY,
    Form,
    atom,
    call,
    evaluation,
    fun,
    if_true,
    integer,
    list_of,
    operation,
    those_of,
    tuple_of,
    variable,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.names import names_in
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import TopologyError, UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import View
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.joins_alone import JoinsAlone
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology

Function = Tuple[str, str]
"""Module and function."""

_TABLE = variable("Table")
_NOT_RUNNING = "not_running"
_NOT_ALONE = "not_alone"
_LOCKED = "aborted"


def _about_table(item: str) -> Form:
    return call("mnesia", "table_info", _TABLE, atom(item))


# Every other storage type keeps its records over a restart, also an external one such as leveldb.
_OUTLIVES_A_START = operation("=/=", _about_table("storage_type"), atom("ram_copies"))
_LOCAL_TABLES = call("mnesia", "system_info", atom("local_tables"))
_TABLES_WITH_RECORDS = those_of(
    "Table",
    _LOCAL_TABLES,
    operation("=/=", _TABLE, atom("schema")),
    _OUTLIVES_A_START,
    operation(">", _about_table("size"), integer(0)),
)


# While a table is being loaded, it looks empty.
_IS_LOADED = operation("=:=", call("mnesia", "wait_for_tables", _LOCAL_TABLES, integer(0)), atom("ok"))


@dataclass(frozen=True)
class Preset:
    """
    application: the name of the system's application.
    known: lists every member, including the node itself and members that are down.
    running: lists the members that the node is connected with, including itself.
    join: called on the joining node, with a member of the cluster to join as its argument.
    leave: called on the leaving node, with that node as its argument; it also stops the node.
    """

    application: str
    known: Function
    running: Function
    join: Function
    leave: Function

    rules = JoinsAlone(reversible=False, leaves_itself=True, spreads=True, comes_back=True)

    @cached_property
    def question(self) -> RemoteCall:
        """Asks for the members, and for the tables with records on the node's disc. A system that is starting or is
        loading its tables answers that it does not run."""
        applications = call("application", "which_applications")
        runs = call("lists", "keymember", atom(self.application), integer(1), applications)
        answer = tuple_of(call(*self.known), call(*self.running), _TABLES_WITH_RECORDS, call("init", "get_status"))
        return evaluation(if_true(operation("andalso", runs, _IS_LOADED), answer, atom(_NOT_RUNNING)), {})

    def view(self, observer: str, answer: Any) -> View:
        """:raises UnreachableError: the system does not run there, or the answer has an unexpected shape."""
        if answer == _NOT_RUNNING:
            raise UnreachableError(f"{self.application} does not run on {observer}, or is starting")
        if not isinstance(answer, tuple) or len(answer) != 4:
            raise UnreachableError("its answer to the question for its view has another shape")
        known, running, tables, status = answer
        linked = names_in(running, ":".join(self.running)) - {observer}
        peers = names_in(known, ":".join(self.known)).union(linked) - {observer}
        return View(
            observer,
            peers,
            down=peers - linked,
            stopping=isinstance(status, tuple) and status[:1] == ("stopping",),
            holds=names_in(tables, "mnesia:system_info(local_tables)"),
        )

    def join_call(self, member: str) -> RemoteCall:
        """The call on the joining node. It checks its state and joins in one step, under a lock that it does not wait
        for: two concurrent runs must not both delete the node's database."""
        itself = list_of(call("erlang", "node"))
        is_blank = operation("=:=", tuple_of(call(*self.known), _TABLES_WITH_RECORDS), tuple_of(itself, EMPTY))
        may_join = operation("andalso", _IS_LOADED, is_blank)
        join = if_true(may_join, call(*self.join, variable("Member")), atom(_NOT_ALONE))
        lock = tuple_of(atom("selfheal_cluster_join"), call("erlang", "self"))
        locked = call("global", "trans", lock, fun(join), itself, integer(0))
        return evaluation(locked, {"Member": Atom(member)})

    def join_problem(self, answer: Any) -> Optional[str]:
        """Why the node did not join, or None."""
        if answer == _NOT_ALONE:
            return "nothing was done: it knows other members, holds data or is loading it by now"
        if answer == _LOCKED:
            return "nothing was done: another run is joining it"
        if answer == "ok":
            return None
        return f"{':'.join(self.join)} gave {_kind_of(answer)}; {self.application} may be stopped there now"

    def leave_call(self, node: str) -> RemoteCall:
        """The call on the leaving node."""
        return RemoteCall(*self.leave, [Atom(node)])

    def leave_problem(self, answer: Any) -> Optional[str]:
        return None if answer == "ok" else f"{':'.join(self.leave)} gave {_kind_of(answer)}"

    @staticmethod
    def forget_call(node: str) -> RemoteCall:
        """The call on any member that removes a node that is down. Mnesia refuses it for a node that is up; the
        system's own function would stop such a node and delete its data."""
        return RemoteCall("mnesia", "del_table_copy", [Atom("schema"), Atom(node)])

    @staticmethod
    def forget_problem(answer: Any) -> Optional[str]:
        return None if answer == ("atomic", "ok") else f"mnesia:del_table_copy gave {_kind_of(answer)}"


def _kind_of(answer: Any) -> str:
    """The leading atoms of an answer; everything else can be data."""
    words = []
    while isinstance(answer, tuple) and answer:
        words.append(answer[0])
        answer = answer[1] if len(answer) > 1 else None
    words.append(answer)
    found = [str(word) for word in words[:3] if isinstance(word, Atom) and word.isprintable()]
    return " ".join(found) or "something else than ok"


PRESETS = {
    "ejabberd": Preset(
        application="ejabberd",
        known=("ejabberd_cluster", "get_known_nodes"),
        running=("ejabberd_cluster", "get_nodes"),
        join=("ejabberd_cluster", "join"),
        leave=("ejabberd_cluster", "leave"),
    )
}


def preset_of(topology: Topology) -> Optional[Preset]:
    """The preset that the topology's option ``preset`` names, if it does.

    :raises TopologyError: ``mesh_only`` is given beside it.
    """
    name = topology.driver_config["preset"]
    if name and topology.driver_config["mesh_only"]:
        problem = f"driver_config.preset {name!r} reads a membership that is more than the mesh: leave one of them out"
        raise TopologyError(topology.name, "driver_config.mesh_only", problem)
    return PRESETS[name] if name else None
