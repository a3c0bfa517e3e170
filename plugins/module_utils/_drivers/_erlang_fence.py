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

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._erlang_forms import (
    EMPTY,
    atom,
    block,
    call,
    evaluation,
    for_each,
    if_true,
    list_of,
    match,
    operation,
    those_of,
    tuple_of,
    variable,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import Call
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom

_PURPOSE = b"selfheal.cluster fence of "
_ALL, _NEW, _NODE, _OLD, _OLD_ONES = (variable(name) for name in ("All", "New", "Node", "Old", "OldOnes"))
_SAVED = atom("selfheal_cluster_fence")
_ITSELF = list_of(call("erlang", "node"))
_COOKIE = call("erlang", "get_cookie", _NODE)
_RESTORE = for_each(tuple_of(_NODE, _OLD), _OLD_ONES, call("erlang", "set_cookie", _NODE, _OLD))
# What a node was called before it had a name is known for ever, and takes no cookie.
_NEITHER = list_of(atom("nonode@nohost"), call("erlang", "node"))
_KNOWN = operation("++", variable("Members"), call("erlang", "nodes", atom("known")))
_OTHERS = operation("--", call("lists", "usort", _KNOWN), _NEITHER)
_FENCE = block(
    # The node itself last: from then on the new cookie is that of everyone it has not heard of.
    match(_ALL, operation("++", _OTHERS, _ITSELF)),
    match(_OLD_ONES, for_each(_NODE, _ALL, tuple_of(_NODE, _COOKIE))),
    call("persistent_term", "put", _SAVED, _OLD_ONES),
    for_each(_NODE, _ALL, call("erlang", "set_cookie", _NODE, _NEW)),
    if_true(
        operation("=:=", those_of("Node", _ALL, operation("=/=", _COOKIE, _NEW)), EMPTY),
        call("global", "disconnect"),
        block(_RESTORE, call("persistent_term", "erase", _SAVED), atom("not_fenced")),
    ),
)
_UNFENCE = block(
    match(_OLD_ONES, call("persistent_term", "get", _SAVED, EMPTY)),
    _RESTORE,
    call("persistent_term", "erase", _SAVED),
    operation("=/=", _OLD_ONES, EMPTY),
)


class Fence:
    """:param cookie: the cluster's."""

    def __init__(self, cookie: str) -> None:
        self._cookie = cookie.encode("latin-1", "replace")

    def cookie_of(self, name: str) -> str:
        """That of the fenced node: HMAC-SHA-256 (RFC 2104) in hexadecimal."""
        return hmac.new(self._cookie, _PURPOSE + name.encode(), hashlib.sha256).hexdigest()

    def leave_call(self, name: str, members: Sequence[str]) -> Call:
        """For the node itself: it changes its cookies for everyone and then drops all its links. If one of the changes
        does not take, it changes all back and stays: a pair that can still link would tear the cluster."""
        names = [Atom(member) for member in members if member != name]
        return evaluation(_FENCE, {"Members": names, "New": Atom(self.cookie_of(name))})

    @staticmethod
    def leave_problem(answer: Any) -> Optional[str]:
        return "its cookies could not all be changed, so that nothing was done" if answer == "not_fenced" else None

    @staticmethod
    def unfence_call() -> Call:
        """For the node itself. True: it has its own cookies again; false: it had saved none."""
        return evaluation(_UNFENCE, {})
