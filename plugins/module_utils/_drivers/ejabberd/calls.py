# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls by which a node joins, leaves and is forgotten, and what their answers say (pure).

A node that joins deletes its own database and copies the cluster's.
"""

from __future__ import annotations

from typing import Any, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.forms import (
    EMPTY,
    atom,
    call,
    evaluation,
    fun,
    if_true,
    integer,
    list_of,
    operation,
    tuple_of,
    variable,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.ejabberd.view import (
    IS_LOADED,
    KNOWN,
    TABLES_WITH_RECORDS,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom

_NOT_ALONE = "not_alone"
_LOCKED = "aborted"

_ITSELF = list_of(call("erlang", "node"))
_IS_BLANK = operation("=:=", tuple_of(KNOWN, TABLES_WITH_RECORDS), tuple_of(_ITSELF, EMPTY))
_JOIN = if_true(
    operation("andalso", IS_LOADED, _IS_BLANK),
    call("ejabberd_cluster", "join", variable("Member")),
    atom(_NOT_ALONE),
)
_LOCK = tuple_of(atom("selfheal_cluster_join"), call("erlang", "self"))
_JOIN_ALONE = call("global", "trans", _LOCK, fun(_JOIN), _ITSELF, integer(0))


def join_call(member: str) -> RemoteCall:
    """The call on the joining node. It checks its state and joins in one step, under a lock that it does not wait for:
    two concurrent runs must not both delete the node's database."""
    return evaluation(_JOIN_ALONE, {"Member": Atom(member)})


def join_problem(answer: Any) -> Optional[str]:
    """Why the node did not join, or None."""
    if answer == _NOT_ALONE:
        return "nothing was done: it knows other members, holds data or is loading it by now"
    if answer == _LOCKED:
        return "nothing was done: another run is joining it"
    if answer == "ok":
        return None
    return f"ejabberd_cluster:join gave {_kind_of(answer)}; ejabberd may be stopped there now"


def leave_call(node: str) -> RemoteCall:
    """The call on the leaving node. It also stops the node."""
    return RemoteCall("ejabberd_cluster", "leave", [Atom(node)])


def leave_problem(answer: Any) -> Optional[str]:
    return None if answer == "ok" else f"ejabberd_cluster:leave gave {_kind_of(answer)}"


def forget_call(node: str) -> RemoteCall:
    """The call on any member that removes a node that is down. Mnesia refuses it for a node that is up; ejabberd's own
    function would stop such a node and delete its data."""
    return RemoteCall("mnesia", "del_table_copy", [Atom("schema"), Atom(node)])


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
