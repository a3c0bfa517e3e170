# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds Erlang expressions in the Abstract Format (ERTS User's Guide), with 0 for each line number, and the call that
evaluates one."""

from __future__ import annotations

from typing import Any, Mapping, Tuple

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom

Form = Tuple[Any, ...]

EMPTY: Form = (Atom("nil"), 0)


def atom(name: str) -> Form:
    return (Atom("atom"), 0, Atom(name))


def integer(value: int) -> Form:
    return (Atom("integer"), 0, value)


def variable(name: str) -> Form:
    return (Atom("var"), 0, Atom(name))


def tuple_of(*parts: Form) -> Form:
    return (Atom("tuple"), 0, list(parts))


def list_of(*parts: Form) -> Form:
    found = EMPTY
    for part in reversed(parts):
        found = (Atom("cons"), 0, part, found)
    return found


def call(module: str, function: str, *args: Form) -> Form:
    return (Atom("call"), 0, (Atom("remote"), 0, atom(module), atom(function)), list(args))


def length(value: Form) -> Form:
    return call("erlang", "length", value)


def operation(operator: str, one: Form, other: Form) -> Form:
    return (Atom("op"), 0, Atom(operator), one, other)


def match(pattern: Form, value: Form) -> Form:
    return (Atom("match"), 0, pattern, value)


def block(*expressions: Form) -> Form:
    return (Atom("block"), 0, list(expressions))


def if_true(condition: Form, yes: Form, no: Form) -> Form:
    clauses: list[Form] = [
        (Atom("clause"), 0, [atom(name)], [], [body]) for name, body in (("true", yes), ("false", no))
    ]
    return (Atom("case"), 0, condition, clauses)


def unless_it_fails(body: Form, handler: Form) -> Form:
    """``try Body catch _:_ -> Handler end``. Variables that the body binds are unbound in the handler."""
    anything = tuple_of(variable("_"), variable("_"), variable("_"))
    return (Atom("try"), 0, [body], [], [(Atom("clause"), 0, [anything], [], [handler])], [])


def fun(body: Form) -> Form:
    """A fun without arguments."""
    return (Atom("fun"), 0, (Atom("clauses"), [(Atom("clause"), 0, [], [], [body])]))


def those_of(name: str, source: Form, *conditions: Form) -> Form:
    """``[Name || Name <- Source, Conditions...]``"""
    return (Atom("lc"), 0, variable(name), [(Atom("generate"), 0, variable(name), source), *conditions])


def for_each(pattern: Form, source: Form, value: Form) -> Form:
    """``[Value || Pattern <- Source]``"""
    return (Atom("lc"), 0, value, [(Atom("generate"), 0, pattern, source)])


def evaluation(expression: Form, bindings: Mapping[str, Any]) -> RemoteCall:
    """The call in which a member evaluates the expression.

    :param bindings: the values of its variables, by name.
    """
    # With five arguments it only evaluates; with two it also runs erl_lint over the expression each time.
    no_handler = Atom("none")
    bound = [(Atom(name), value) for name, value in bindings.items()]
    return RemoteCall("erl_eval", "expr", [expression, bound, no_handler, no_handler, Atom("value")])
