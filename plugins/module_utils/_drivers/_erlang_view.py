# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member is asked for its view, and its answers (pure: terms in, view out)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Collection

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import Call
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom, ExportFun
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import View


def _each(*calls: tuple[str, str, list[Any]]) -> Call:
    """Several quick calls as one: a member is asked once, and answers with one list."""
    modules, functions, arguments = zip(*calls)
    apply = ExportFun(Atom("erlang"), Atom("apply"), 3)
    names = [[Atom(name) for name in column] for column in (modules, functions)]
    return Call("lists", "zipwith3", [apply, *names, list(arguments)])


_KERNEL = Atom("kernel")
_STATE = (
    ("erlang", "nodes", [Atom("visible")]),
    ("erlang", "nodes", [Atom("hidden")]),
    ("init", "get_status", []),
    ("init", "get_argument", [Atom("hidden")]),
    ("application", "get_env", [_KERNEL, Atom("prevent_overlapping_partitions")]),
    ("application", "get_env", [_KERNEL, Atom("connect_all")]),
)
_SYNCED = ("gen_server", "call", [Atom("global_name_server"), Atom("get_synced")])
ASK_STATE = _each(*_STATE)
ASK_STATE_AND_SYNCED = _each(*_STATE, _SYNCED)
"""Fails as a whole where ``global`` does not answer."""


@dataclass(frozen=True)
class State:
    """One member's answer. ``global_mesh``: it links itself to everyone whom its peers are linked to; ``exclusive``:
    and it prevents overlapping partitions. ``synced`` is empty where ``global`` was not asked or did not answer."""

    visible: frozenset[str]
    hidden: frozenset[str]
    stopping: bool
    is_hidden: bool
    global_mesh: bool
    exclusive: bool
    synced: frozenset[str]


def parse_state(answer: Any) -> State:
    """:raises UnreachableError: the answer is not what ASK_STATE or ASK_STATE_AND_SYNCED asks for."""
    if not isinstance(answer, list) or len(answer) not in (len(_STATE), len(_STATE) + 1):
        raise UnreachableError("its answer to the question for its state has another shape")
    visible, hidden, status, hidden_flag, prevents, connects_all, *synced = answer
    is_hidden = isinstance(hidden_flag, tuple) and hidden_flag[:1] == ("ok",)
    global_mesh = connects_all != ("ok", "false") and not is_hidden
    return State(
        visible=names_in(visible, "nodes(visible)"),
        hidden=names_in(hidden, "nodes(hidden)"),
        stopping=isinstance(status, tuple) and status[:1] == ("stopping",),
        is_hidden=is_hidden,
        global_mesh=global_mesh,
        exclusive=global_mesh and prevents == ("ok", "true"),
        synced=names_in(synced[0], "get_synced") if synced else frozenset(),
    )


def names_in(answer: Any, asked: str) -> frozenset[str]:
    """:raises UnreachableError: the answer is not a list of atoms."""
    if not isinstance(answer, list) or not set(map(type, answer)) <= {Atom}:
        raise UnreachableError(f"{asked} gave no list of node names")
    return frozenset(map(str, answer))


def view_of(observer: str, state: State, desired: Collection[str], own_name: str) -> View:
    """The peers are the visible ones, and of the hidden ones those that the topology knows: other hidden nodes are
    shells and controllers like us. To a hidden member everyone is hidden."""
    hidden = state.hidden if state.is_hidden else state.hidden & frozenset(desired)
    return View(
        observer,
        (state.visible | hidden) - {own_name},
        state.synced if state.exclusive else None,
        stopping=state.stopping,
    )
