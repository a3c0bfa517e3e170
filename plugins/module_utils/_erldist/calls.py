# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to a member's ``rex``, the server behind ``rpc``: requests as frames, frames as answers. No I/O."""

from __future__ import annotations

import asyncio
from typing import Any, Optional, Sequence, Union

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.decoder import VERSION, decode_at, part_at
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.encoder import encode_part
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import BadRpc
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom, Pid, Ref, TermError

_PASS_THROUGH = 112
_SEND = 2
_BADRPC = "badrpc"

# Before, between and after our pid and our reference in {6, Pid, '', rex} and {'$gen_call', {Pid, Ref}, Call}.
_REG_SEND = bytes((_PASS_THROUGH, VERSION, 104, 4, 97, 6))
_TO_REX = encode_part(Atom("")) + encode_part(Atom("rex"))
_GEN_CALL = bytes((VERSION, 104, 3)) + encode_part(Atom("$gen_call")) + bytes((104, 2))
_WORD = 4
_MAX_NUMBER = 2**32 - 1
_LAST_WORD = bytes(_WORD)


class RemoteCall:
    """``module:function(args...)``, encoded once for any number of members.

    :param args: terms; see ``terms``.
    :raises TermError: one of them is no term.
    """

    __slots__ = ("encoded", "text")

    def __init__(self, module: str, function: str, args: Sequence[Any]) -> None:
        self.text = f"{module}:{function}/{len(args)}"
        self.encoded = encode_part((Atom("call"), Atom(module), Atom(function), list(args), Atom("user")))


CallResult = Union[Any, BadRpc]
"""The term that the function returned, or the error, returned and not raised."""


class CallBatch:
    """Calls that are waited for together."""

    def __init__(self, calls: Sequence[RemoteCall], future: asyncio.Future[list[CallResult]]) -> None:
        self.calls = calls
        self.future = future
        self._answers: list[CallResult] = [None] * len(calls)
        self._missing = len(calls)

    @property
    def complete(self) -> bool:
        return not self._missing

    def answer(self, index: int, term: Any, where: str) -> None:
        self._answers[index] = _answer_of(term, self.calls[index], where)
        self._missing -= 1
        if not self._missing and not self.future.done():
            self.future.set_result(self._answers)


class Switchboard:
    """The pending calls of one connection.

    :param own_name: as the handshake settled it; the answers are sent to a process of that name and ``creation``.
    :param where: node, address and port, for messages.
    """

    def __init__(self, own_name: str, creation: int, where: str) -> None:
        self._node = Atom(own_name)
        self._creation = creation
        self._where = where
        pid = encode_part(Pid(self._node, 1, 0, creation))
        ref = encode_part(self._ref(0))[: -2 * _WORD]
        # All but the number in the reference and the call itself is the same in every request.
        self._head = b"".join((_REG_SEND, pid, _TO_REX, _GEN_CALL, pid, ref))
        self._last = 0
        self._waiting: dict[int, tuple[CallBatch, int]] = {}

    def _ref(self, number: int) -> Ref:
        return Ref(self._node, self._creation, (0, number, 0))

    def requests(self, batch: CallBatch) -> bytes:
        """Every call of the batch as frames, ready to send."""
        frames = []
        for index, call in enumerate(batch.calls):
            self._last = self._last % _MAX_NUMBER + 1
            self._waiting[self._last] = (batch, index)
            body = self._head + self._last.to_bytes(_WORD, "big") + _LAST_WORD + call.encoded
            frames.append(len(body).to_bytes(4, "big") + body)
        return b"".join(frames)

    def abandon(self, batch: CallBatch) -> None:
        """Forget the calls of the batch; what is still answered to them is ignored."""
        self._waiting = {number: entry for number, entry in self._waiting.items() if entry[0] is not batch}

    def batches(self) -> list[CallBatch]:
        """The pending batches."""
        return list({id(batch): batch for batch, _index in self._waiting.values()}.values())

    def take(self, frame: bytes) -> None:
        """One frame from the peer. What answers none of the calls is ignored.

        :raises TermError: it is no message, or its terms go beyond the limits.
        """
        if frame[:1] != bytes((_PASS_THROUGH,)):
            raise TermError(f"a message of kind {frame[:1].hex()}")
        control, position = decode_at(frame, 1)
        if not isinstance(control, tuple) or not control or control[0] != _SEND:
            return
        number, position = self._number_at(frame, position)
        if number not in self._waiting:
            return
        answer, end = part_at(frame, position)
        if end != len(frame):
            raise TermError(f"{len(frame) - end} bytes follow the message")
        batch, index = self._waiting.pop(number)
        batch.answer(index, answer, self._where)

    def _number_at(self, frame: bytes, position: int) -> tuple[int, int]:
        """Which of our requests ``{Ref, Answer}`` answers, 0 for none, and where in the frame the answer begins."""
        if frame[position : position + 3] != bytes((VERSION, 104, 2)):
            return 0, position
        ref, position = part_at(frame, position + 3)
        if not isinstance(ref, Ref) or len(ref.words) != 3 or ref != self._ref(ref.words[1]):
            return 0, position
        return ref.words[1], position


def _answer_of(term: Any, call: RemoteCall, where: str) -> CallResult:
    if not (isinstance(term, tuple) and len(term) == 2 and isinstance(term[0], Atom) and term[0] == _BADRPC):
        return term
    kind, missing = _kind_of(term[1])
    text = f"{missing} is not exported" if missing else kind
    return BadRpc(f"{call.text} failed on {where}: {text}", missing)


def _kind_of(reason: Any) -> tuple[str, Optional[str]]:
    """Only the kind of error, since everything else in a reason can be an argument of the call; and the function that
    does not exist, if that is the error."""
    kind, stack = reason, None
    if isinstance(kind, tuple) and len(kind) == 2 and kind[0] == "EXIT":
        kind = kind[1]
        if isinstance(kind, tuple) and len(kind) == 2:
            kind, stack = kind
    missing = _top_of(stack) if kind == "undef" else None
    if isinstance(kind, tuple) and kind:
        kind = kind[0]
    return _printable(kind) if isinstance(kind, Atom) else "an error without a name", missing


def _top_of(stack: Any) -> Optional[str]:
    if not isinstance(stack, list) or not stack or not isinstance(stack[0], tuple) or len(stack[0]) < 3:
        return None
    module, function, args = stack[0][:3]
    arity = len(args) if isinstance(args, list) else args
    if not (isinstance(module, Atom) and isinstance(function, Atom) and isinstance(arity, int)):
        return None
    return f"{_printable(module)}:{_printable(function)}/{arity}"


def _printable(atom: Atom) -> str:
    return str(atom) if atom.isprintable() else ascii(str(atom))
