# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import hashlib
import struct

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import (
    ConnectionLost,
    CookieRejected,
    GarbledAnswer,
    HandshakeRefused,
    NameInUse,
    WrongNode,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.handshake import Handshake
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from hypothesis import given, settings
from hypothesis import strategies as st

COOKIE = "crumbs"
PEER = "app@10.0.0.1"
WHERE = "app@10.0.0.1 (10.0.0.1:4370)"
CHALLENGE = 0x01020304
NAMED = b"snamed:" + struct.pack(">H", 15) + b"x1y2z@127.0.0.1" + struct.pack(">I", 77)


def new(own_name: str | None = None) -> Handshake:
    return Handshake(PEER, WHERE, COOKIE, own_name)


def challenge_from(name: str) -> bytes:
    return struct.pack(">cQIIH", b"N", 0, CHALLENGE, 5, len(name)) + name.encode()


def digest(cookie: str, challenge: int) -> bytes:
    return hashlib.md5(cookie.encode() + str(challenge).encode()).digest()


def acknowledgement(reply: bytes, cookie: str = COOKIE) -> bytes:
    (ours,) = struct.unpack_from(">I", reply, 3)
    return b"a" + digest(cookie, ours)


def test_the_peer_names_us() -> None:
    handshake = new()
    first = handshake.start()
    tag, flags, creation, size = struct.unpack_from(">cQIH", first, 2)
    assert (tag, creation, first[17:]) == (b"N", 0, b"127.0.0.1")
    assert flags >> 33 & 1
    assert struct.unpack_from(">H", first)[0] == len(first) - 2
    assert size == 9
    assert handshake.feed(NAMED) == b""
    reply = handshake.feed(challenge_from(PEER))
    assert reply[:3] == b"\x00\x15r"
    assert reply[7:] == digest(COOKIE, CHALLENGE)
    assert not handshake.done
    assert handshake.feed(acknowledgement(reply)) == b""
    assert handshake.done
    assert (handshake.own_name, handshake.creation) == ("x1y2z@127.0.0.1", 77)


@pytest.mark.parametrize("status", [b"sok", b"sok_simultaneous"])
def test_a_name_of_our_own(status: bytes) -> None:
    handshake = new("me@127.0.0.1")
    first = handshake.start()
    _tag, flags, creation, _size = struct.unpack_from(">cQIH", first, 2)
    assert first[17:] == b"me@127.0.0.1"
    assert not flags >> 33 & 1
    assert creation == handshake.creation > 3
    handshake.feed(status)
    handshake.feed(acknowledgement(handshake.feed(challenge_from(PEER))))
    assert (handshake.done, handshake.own_name) == (True, "me@127.0.0.1")


def test_frames_over_tls_have_a_longer_length() -> None:
    handshake = Handshake(PEER, WHERE, COOKIE, None, length_bytes=4)
    first = handshake.start()
    assert first[:4] == (len(first) - 4).to_bytes(4, "big")
    handshake.feed(NAMED)
    assert handshake.feed(challenge_from(PEER))[:5] == b"\x00\x00\x00\x15r"


def test_we_are_hidden_and_want_whole_messages() -> None:
    _tag, flags = struct.unpack_from(">cQ", new().start(), 2)
    assert not flags & (1 | 1 << 13 | 1 << 23)


@pytest.mark.parametrize(
    ("own_name", "frames", "kind", "text"),
    [
        ("me@127.0.0.1", [b"salive"], NameInUse, "'me@127.0.0.1': choose another driver_config.node_name"),
        (None, [b"snok"], HandshakeRefused, r"\(nok\)"),
        (None, [b"snot_allowed"], HandshakeRefused, r"\(not_allowed\)"),
        (None, [b"sok"], GarbledAnswer, "status"),
        ("me@127.0.0.1", [NAMED], GarbledAnswer, "status"),
        (None, [NAMED[:-1]], GarbledAnswer, "cut off"),
        (None, [b"snamed:"], GarbledAnswer, "cut off"),
        (None, [b"snamed:\x00\x00\x00\x00\x00\x00"], GarbledAnswer, "cut off"),
        (None, [b"shello"], GarbledAnswer, "status"),
        (None, [b""], GarbledAnswer, "status"),
        (None, [b"HTTP/1.1 400 Bad Request"], GarbledAnswer, "check address and port"),
        (None, [NAMED, challenge_from("app@10.0.0.2")], WrongNode, "answers as 'app@10.0.0.2'"),
        (None, [NAMED, challenge_from(PEER)[:-1]], GarbledAnswer, "cut off"),
        (None, [NAMED, b"n" + bytes(30)], GarbledAnswer, "challenge"),
        (None, [NAMED, challenge_from(PEER), b"a" + bytes(16)], CookieRejected, "check driver_config.cookie"),
        (None, [NAMED, challenge_from(PEER), b"a" + bytes(15)], GarbledAnswer, "acknowledgement"),
    ],
)
def test_what_the_peer_refuses_is_told(
    own_name: str | None, frames: list[bytes], kind: type[UnreachableError], text: str
) -> None:
    handshake = new(own_name)
    handshake.start()
    for frame in frames[:-1]:
        handshake.feed(frame)
    with pytest.raises(UnreachableError, match=text) as caught:
        handshake.feed(frames[-1])
    assert caught.type is kind
    assert WHERE in caught.value.reason
    assert COOKIE not in caught.value.reason


def test_closing_after_our_answer_is_a_rejected_cookie() -> None:
    handshake = new()
    assert handshake.on_close().__class__ is ConnectionLost
    handshake.feed(NAMED)
    assert handshake.on_close().__class__ is ConnectionLost
    handshake.feed(challenge_from(PEER))
    assert handshake.on_close().__class__ is CookieRejected


def test_a_cookie_that_no_node_can_have() -> None:
    with pytest.raises(CookieRejected) as caught:
        Handshake(PEER, WHERE, "crumb€", None)
    assert "crumb" not in str(caught.value)


@settings(deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.just(NAMED), st.just(challenge_from(PEER))), max_size=5))
def test_any_frames_are_refused_in_one_way(frames: list[bytes]) -> None:
    handshake = new()
    with contextlib.suppress(UnreachableError):
        for frame in frames:
            handshake.feed(frame)
    assert not handshake.done
