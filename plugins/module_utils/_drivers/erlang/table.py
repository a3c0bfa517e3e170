# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a member keeps a member table, RabbitMQ's or Mnesia's: the question and its answer (pure).

The question for its view also asks each member whether it may have one; a second call then reads it. Neither loads a
module on the member, and only the call to RabbitMQ's monitor waits, up to a time limit. A stopped Mnesia does not
answer; the members where it runs have its node in their schema.
"""

from __future__ import annotations

from typing import Any, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.forms import (
    EMPTY,
    atom,
    call,
    evaluation,
    for_each,
    if_true,
    integer,
    list_of,
    operation,
    tuple_of,
    unless_it_fails,
    variable,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.names import names_in
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._model import MNESIA, RABBITMQ, Table

_UNDEFINED = atom("undefined")
_SHARED = "mnesia"
_UNKNOWN = "unknown"
_NONE = "false"

# A loaded application is enough: it stays loaded when it is stopped.
_RABBITMQ = call("application", "get_key", atom("rabbit"), atom("vsn"))
# The table that mnesia:system_info(db_nodes) reads. It exists as long as Mnesia runs.
_SETTINGS = atom("mnesia_gvar")
MAY_HAVE_ONE = operation(
    "or",
    *(
        call("erlang", "function_exported", atom(module), atom("module_info"), integer(0))
        for module in ("rabbit", "mnesia")
    ),
)
"""True or false, for the question to all members: loaded modules are the cheapest thing to ask for. Once an application
was started, its module stays loaded."""

_MONITOR = atom("rabbit_node_monitor")
_ASK_MONITOR = call("gen_server", "call", _MONITOR, atom("partitions"), variable("Milliseconds"))
# From 4.3 on, RabbitMQ keeps its table in Khepri alone: it has no partitions to tell of, and no such question.
_HAS_PARTITIONS = call("erlang", "function_exported", _MONITOR, atom("partitions"), integer(0))
_ASKED_UNLESS_STOPPED = if_true(
    operation("=:=", call("erlang", "whereis", _MONITOR), _UNDEFINED),
    EMPTY,
    unless_it_fails(_ASK_MONITOR, atom(_UNKNOWN)),
)
_PARTITIONS = if_true(_HAS_PARTITIONS, _ASKED_UNLESS_STOPPED, EMPTY)
_COPIES = (call("ets", "lookup", _SETTINGS, tuple_of(atom("schema"), atom(of))) for of in ("disc_copies", "ram_copies"))
_NODES = for_each(tuple_of(variable("_"), variable("Nodes")), operation("++", *_COPIES), variable("Nodes"))
_OTHERS = operation("--", call("lists", "append", _NODES), list_of(call("erlang", "node")))
_MNESIA = if_true(operation("=:=", _OTHERS, EMPTY), atom(_NONE), atom(_SHARED))
_TABLE = if_true(operation("=/=", _RABBITMQ, _UNDEFINED), _PARTITIONS, unless_it_fails(_MNESIA, atom(_NONE)))


def table_call(timeout: float) -> RemoteCall:
    """The call on a member that may have a table.

    :param timeout: seconds for RabbitMQ to answer whether it is partitioned.
    """
    return evaluation(_TABLE, {"Milliseconds": int(timeout * 1000)})


def table_in(answer: Any) -> Optional[Table]:
    """:raises UnreachableError: that call cannot have given this answer."""
    if answer == _NONE:
        return None
    if answer == _SHARED:
        return Table(MNESIA)
    return Table(RABBITMQ, None if answer == _UNKNOWN else names_in(answer, "rabbit_node_monitor:partitions()"))
