# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``[module, function, args]``, from YAML to Erlang terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import BadRpc
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom, TermError, charlist
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError


@dataclass(frozen=True)
class Mfa:
    """:param option: the option that it is the value of, for messages."""

    option: str
    module: str
    function: str
    args: tuple[Any, ...]

    def call(self, *nodes: str) -> RemoteCall:
        """The call with the nodes' names, as atoms, after its own arguments."""
        return RemoteCall(self.module, self.function, [*self.args, *(Atom(node) for node in nodes)])

    def problem(self, observer: str, call: RemoteCall, error: BadRpc) -> str:
        """Why a call of this function failed."""
        if error.missing == call.text:
            return f"{observer} has no function {call.text} (topology option `{self.option}`)"
        return error.reason


def own_mfa(option: str, value: Optional[Sequence[Any]]) -> Optional[Mfa]:
    """The user's own function, or None where the option is not set.

    :raises OptionError: it is not an MFA, or an argument is not an Erlang term that YAML can express.
    """
    if value is None:
        return None
    if not _is_mfa(value):
        raise OptionError(option, f"{value!r} is not [module, function, [args]]")
    args = tuple(_term(f"{option}[2][{index}]", arg) for index, arg in enumerate(value[2]))
    mfa = Mfa(option, value[0], value[1], args)
    try:
        mfa.call()
    except TermError as error:
        raise OptionError(option, str(error)) from None
    return mfa


def _is_mfa(value: Sequence[Any]) -> bool:
    return (
        len(value) == 3
        and all(isinstance(part, str) and part for part in value[:2])
        and isinstance(value[2], (list, tuple))
    )


def _term(option: str, value: Any) -> Any:
    if isinstance(value, bool):
        return Atom("true" if value else "false")
    if isinstance(value, str):
        return Atom(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [_term(f"{option}[{index}]", item) for index, item in enumerate(value)]
    if isinstance(value, dict) and len(value) == 1:
        ((kind, inner),) = value.items()
        if kind == "binary" and isinstance(inner, str):
            return inner.encode()
        if kind == "charlist" and isinstance(inner, str):
            return charlist(inner)
    raise OptionError(
        option,
        f"{value!r} is neither a string (an atom), a number, a list, {{binary: text}} nor {{charlist: text}}",
    )
