# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeping a pruned node out, and letting it in again.

A node that something inside it connects again is back within a second. A fenced one has another cookie than the
members before it leaves, so that neither side takes the other's connections. The new cookie is derived from the
cluster's and the node's name: whoever has the cookie can let the node in again, at any time.

The node keeps what it had before in its own memory and takes it from there, so that the cluster's cookie itself is
never sent; a restart of the node ends the fence.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.forms import (
    EMPTY,
    atom,
    block,
    call,
    evaluation,
    for_each,
    if_true,
    integer,
    list_of,
    match,
    operation,
    those_of,
    tuple_of,
    unless_it_fails,
    variable,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import Call
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom

_PURPOSE = b"selfheal.cluster fence of "
_NOT_FENCED = "not_fenced"
_MUST_LEAVE = "must_leave"

_ALL, _NEW, _NODE, _OLD, _BEFORE, _OTHERS = (
    variable(name) for name in ("All", "New", "Node", "Old", "Before", "Others")
)
_ITSELF = call("erlang", "node")
_KEY = atom("selfheal_cluster_fence")
_SAVED = call("persistent_term", "get", _KEY, EMPTY)
_COOKIE = call("erlang", "get_cookie", _NODE)
# What a node was called before it had a name is known for ever, and takes no cookie.
_KNOWN = operation("++", variable("Members"), call("erlang", "nodes", atom("known")))
_EVERYONE = operation("--", call("lists", "usort", _KNOWN), list_of(atom("nonode@nohost"), _ITSELF))
_RESTORE = block(
    for_each(tuple_of(_NODE, _OLD), _SAVED, call("erlang", "set_cookie", _NODE, _OLD)),
    call("persistent_term", "erase", _KEY),
)
_STILL_OTHER = those_of("Node", _ALL, operation("=/=", _COOKIE, _NEW))
_LEAVE = if_true(
    call("erlang", "function_exported", atom("global"), atom("disconnect"), integer(0)),
    call("global", "disconnect"),
    atom(_MUST_LEAVE),
)
_CHANGE = block(
    match(
        _BEFORE,
        if_true(
            operation("=:=", _SAVED, EMPTY),
            list_of(tuple_of(_ITSELF, call("erlang", "get_cookie"))),
            _SAVED,
        ),
    ),
    call("persistent_term", "put", _KEY, _BEFORE),
    call("erlang", "set_cookie", _ITSELF, _NEW),
    # The node's own cookie is that for everyone but those for whom it was given another one.
    match(_ALL, _EVERYONE),
    match(_OTHERS, for_each(_NODE, _STILL_OTHER, tuple_of(_NODE, _COOKIE))),
    call("persistent_term", "put", _KEY, operation("++", _OTHERS, _BEFORE)),
    for_each(tuple_of(_NODE, _OLD), _OTHERS, call("erlang", "set_cookie", _NODE, _NEW)),
    match(EMPTY, _STILL_OTHER),
    _LEAVE,
)
_FENCE = unless_it_fails(_CHANGE, block(_RESTORE, atom(_NOT_FENCED)))
_UNFENCE = block(_RESTORE, operation("=/=", call("erlang", "get_cookie"), _NEW))


class Fence:
    """:param cookie: the cluster's."""

    def __init__(self, cookie: str) -> None:
        self._cookie = cookie.encode("latin-1")

    def cookie_of(self, name: str) -> str:
        """That of the fenced node: HMAC-SHA-256 (RFC 2104) in hexadecimal."""
        return hmac.new(self._cookie, _PURPOSE + name.encode(), hashlib.sha256).hexdigest()

    def leave_call(self, name: str, members: Sequence[str]) -> Call:
        """For the node itself: it changes its cookies for everyone and then drops all its links. If one of the changes
        does not take, it changes all back and stays: a pair that can still link would tear the cluster. Made again on
        a node that is fenced already, it changes nothing that was saved."""
        names = [Atom(member) for member in members if member != name]
        return evaluation(_FENCE, {"Members": names, "New": Atom(self.cookie_of(name))})

    @staticmethod
    def leave_problem(answer: Any) -> Optional[str]:
        return "its cookies could not all be changed, so that nothing was done" if answer == _NOT_FENCED else None

    @staticmethod
    def has_to_be_told_to_leave(answer: Any) -> bool:
        """Before OTP 25.1, which has no ``global:disconnect/0``."""
        return bool(answer == _MUST_LEAVE)

    def unfence_call(self, name: str) -> Call:
        """For the node itself. True: it has cookies of its own again, whoever gave them back."""
        return evaluation(_UNFENCE, {"New": Atom(self.cookie_of(name))})
