# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import CallBatch, RemoteCall, Switchboard
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.decoder import decode, decode_at
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.encoder import encode
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import BadRpc
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom, Pid, Ref, TermError
from hypothesis import given, settings
from hypothesis import strategies as st

ME = "me@127.0.0.1"
EXIT = Atom("EXIT")
UNDEF = Atom("undef")


@pytest.fixture
def loop() -> Any:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def parts(request: bytes) -> tuple[Any, Any]:
    assert int.from_bytes(request[:4], "big") == len(request) - 4
    assert request[4] == 112
    control, end = decode_at(request, 5)
    return control, decode(request[end:])


def frame(to: Any, message: Any) -> bytes:
    return b"p" + encode((2, Atom(""), to)) + encode(message)


def asked(loop: Any, calls: list[RemoteCall]) -> tuple[Switchboard, CallBatch, list[Ref]]:
    board = Switchboard(ME, 7, "where")
    batch = CallBatch(calls, loop.create_future())
    rest, refs = board.requests(batch), []
    while rest:
        size = 4 + int.from_bytes(rest[:4], "big")
        _control, (_tag, (_pid, ref), _call) = parts(rest[:size])
        refs.append(ref)
        rest = rest[size:]
    return board, batch, refs


def test_a_request_is_what_gen_server_call_sends_to_rex(loop: Any) -> None:
    board = Switchboard(ME, 7, "where")
    request = board.requests(CallBatch([RemoteCall("erlang", "nodes", [Atom("connected")])], loop.create_future()))
    pid = Pid(Atom(ME), 1, 0, 7)
    control, message = parts(request)
    assert control == (6, pid, "", "rex")
    assert message == (
        "$gen_call",
        (pid, Ref(Atom(ME), 7, (0, 1, 0))),
        ("call", "erlang", "nodes", ["connected"], "user"),
    )


def test_answers_in_any_order_come_back_in_the_order_of_the_calls(loop: Any) -> None:
    board, batch, (first, second) = asked(loop, [RemoteCall("a", "b", []), RemoteCall("c", "d", [])])
    board.take(frame(Pid(Atom(ME), 1, 0, 7), (second, 2)))
    assert not batch.complete
    board.take(frame(Pid(Atom(ME), 1, 0, 7), (first, 1)))
    assert batch.complete
    assert batch.future.result() == [1, 2]


def test_what_answers_no_call_is_ignored(loop: Any) -> None:
    board, batch, (ref,) = asked(loop, [RemoteCall("a", "b", [])])
    me = Pid(Atom(ME), 1, 0, 7)
    board.take(frame(me, (Ref(ref.node, ref.creation, (0, 99, 0)), 1)))
    board.take(frame(me, (Ref(Atom("other"), ref.creation, ref.words), 1)))
    board.take(frame(me, (ref, 1, 2)))
    board.take(frame(me, Atom("hello")))
    board.take(b"p" + encode((99, Atom(""))))
    board.take(b"p" + encode(Atom("")))
    assert not batch.complete
    board.abandon(batch)
    board.take(frame(me, (ref, 1)))
    assert not batch.complete
    assert board.batches() == []


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ((EXIT, (UNDEF, [(Atom("m"), Atom("f"), [b"secret"], [])])), "m:f/1 is not exported"),
        ((EXIT, (UNDEF, [(Atom("m"), Atom("f"), 2, [])])), "m:f/2 is not exported"),
        ((EXIT, (UNDEF, [])), "undef"),
        ((EXIT, (Atom("badarg"), [(Atom("m"), Atom("f"), [b"secret"], [])])), "badarg"),
        ((EXIT, (Atom("noproc"), (Atom("gen_server"), Atom("call"), [b"secret"]))), "noproc"),
        ((EXIT, ((Atom("badmatch"), b"secret"), [])), "badmatch"),
        ((EXIT, b"secret"), "an error without a name"),
        (Atom("nodedown"), "nodedown"),
        (Atom("two\nlines"), r"'two\nlines'"),
        ((), "an error without a name"),
        ([], "an error without a name"),
    ],
)
def test_a_failed_call_tells_the_kind_of_error_and_no_argument(loop: Any, reason: Any, text: str) -> None:
    board, batch, (ref,) = asked(loop, [RemoteCall("m", "f", [b"secret"])])
    board.take(frame(Pid(Atom(ME), 1, 0, 7), (ref, (Atom("badrpc"), reason))))
    (error,) = batch.future.result()
    assert isinstance(error, BadRpc)
    assert str(error) == f"m:f/1 failed on where: {text}"
    assert error.missing == (text.split()[0] if "not exported" in text else None)


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_frame_is_ignored_or_an_error_of_one_kind(data: bytes) -> None:
    board = Switchboard(ME, 7, "where")
    for garbage in (data, b"p" + data, b"p" + encode((2, Atom(""), 1)) + data):
        with contextlib.suppress(TermError):
            board.take(garbage)


def test_an_argument_that_is_no_term() -> None:
    with pytest.raises(TermError):
        RemoteCall("m", "f", ["text"])


def test_the_call_whose_answer_cannot_be_read_is_still_under_way(loop: Any) -> None:
    board, batch, (ref,) = asked(loop, [RemoteCall("m", "f", [])])
    with pytest.raises(TermError):
        board.take(frame(Pid(Atom(ME), 1, 0, 7), (ref, b"x"))[:-1])
    assert board.batches() == [batch]
