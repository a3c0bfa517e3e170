# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeping a pruned node out (fencing), and letting it in again.

A node whose own code reconnects it is back within a second. A fenced node changes its cookie before it leaves, so that
neither side accepts the other's connections. The new cookie is derived from the cluster's cookie and the node's name:
any later run that has the cluster's cookie can let the node in again.

The node keeps its former cookies in its own memory and restores them from there, so that the cluster's cookie itself is
never sent. A restart of the node ends the fence.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.forms import (
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
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
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
# nodes(known) lists nonode@nohost, the node's name before it had one, for ever; no cookie can be set for it.
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
    # A node uses its own cookie for every other node for which no other cookie was set.
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
        """The cookie of the fenced node: HMAC-SHA-256 (RFC 2104) in hexadecimal."""
        return hmac.new(self._cookie, _PURPOSE + name.encode(), hashlib.sha256).hexdigest()

    def leave_call(self, name: str, members: Sequence[str]) -> RemoteCall:
        """The call on the node itself that changes its cookies for all other nodes and then drops all its links. If one
        of the changes has no effect, the node restores all cookies and stays: a pair that can still link would split
        the cluster. On a node that is fenced already, the saved cookies stay as they are."""
        names = [Atom(member) for member in members if member != name]
        return evaluation(_FENCE, {"Members": names, "New": Atom(self.cookie_of(name))})

    @staticmethod
    def leave_problem(answer: Any) -> Optional[str]:
        return "its cookies could not all be changed, so that nothing was done" if answer == _NOT_FENCED else None

    @staticmethod
    def has_to_be_told_to_leave(answer: Any) -> bool:
        """Whether it needs a call to leave: before OTP 25.1 there is no ``global:disconnect/0``."""
        return bool(answer == _MUST_LEAVE)

    def unfence_call(self, name: str) -> RemoteCall:
        """The call on the node itself that restores its cookies. It returns true if they are restored, by this call or
        before it."""
        return evaluation(_UNFENCE, {"New": Atom(self.cookie_of(name))})
