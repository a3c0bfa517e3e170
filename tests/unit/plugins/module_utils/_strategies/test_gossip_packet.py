# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import functools
import hashlib
import random
import struct
from collections.abc import Callable

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.encoder import encode
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.gossip.packet import (
    ANOTHER_SECRET,
    ENCRYPTED,
    FOREIGN,
    MAX_BYTES,
    NAMELESS,
    NO_NAME,
    PLAIN,
    UnreadableError,
    reader,
)
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.harness.effort import assert_cheap

# Of a node of OTP 25 that ran libcluster 3.5.
CAPTURED = bytes.fromhex("6865617274626561743a3a8374000000016400046e6f6465640010616c706861403132372e302e332e3331")
SECRET = "a secret of the tests"
NAME = "app@10.0.0.1"
PRELUDE = b"heartbeat::"


def atom(tag: int, text: str) -> bytes:
    raw = text.encode("latin-1" if tag in (100, 115) else "utf-8")
    return bytes([tag]) + (struct.pack(">H", len(raw)) if tag in (100, 118) else bytes([len(raw)])) + raw


def heartbeat(*parts: bytes, pairs: int = 1) -> bytes:
    return PRELUDE + b"\x83\x74" + struct.pack(">I", pairs) + b"".join(parts)


def encrypted(plain: bytes, secret: str = SECRET, iv: bytes = bytes(range(16)), pad: bytes | None = None) -> bytes:
    if pad is None:
        size = 16 - len(plain) % 16
        pad = bytes([size]) * size
    encryptor = Cipher(algorithms.AES(hashlib.sha256(secret.encode()).digest()), modes.CBC(iv)).encryptor()
    return iv + encryptor.update(plain + pad) + encryptor.finalize()


plain_node = reader(None)
secret_node = reader(SECRET)


def why_not(node_of: Callable[[bytes], str], packet: bytes) -> str:
    with pytest.raises(UnreadableError) as error:
        node_of(packet)
    return error.value.reason


def test_a_captured_packet() -> None:
    assert plain_node(CAPTURED) == "alpha@127.0.3.31"
    assert plain_node(CAPTURED).__class__ is str


@pytest.mark.parametrize("of_name", [100, 115, 118, 119])
@pytest.mark.parametrize("of_key", [100, 115, 118, 119])
def test_each_form_of_atoms(of_key: int, of_name: int) -> None:
    packet = heartbeat(atom(of_key, "node"), atom(of_name, NAME))
    assert plain_node(packet) == NAME
    assert secret_node(encrypted(packet)) == NAME


@pytest.mark.parametrize(
    "name", ["a@b", "app@fd00::1", "app@fe80::1%eth0", "my-app_1@a.example.test", "a" * 247 + "@node123"]
)
def test_names_of_every_length_and_kind(name: str) -> None:
    packet = PRELUDE + encode({Atom("node"): Atom(name)})
    assert plain_node(packet) == name
    assert secret_node(encrypted(packet)) == name


def test_other_keys_of_a_newer_libcluster_are_no_reason_not_to_hear_it() -> None:
    assert plain_node(PRELUDE + encode({Atom("node"): Atom(NAME), Atom("since"): (1, [2, b"x"])})) == NAME


def test_a_name_that_is_no_text_in_latin_1_is_none() -> None:
    assert why_not(plain_node, heartbeat(atom(100, "node"), atom(115, "äpp@10.0.0.1"))) == NO_NAME
    assert why_not(plain_node, heartbeat(atom(119, "node"), atom(119, "äpp@10.0.0.1"))) == NO_NAME


node = atom(119, "node")
NAMES_NOBODY = {
    "no term": b"x" * 9,
    "another version": b"\x82\x74\x00\x00\x00\x00",
    "an empty map": b"\x83\x74\x00\x00\x00\x00",
    "a map with another key": encode({Atom("name"): Atom(NAME)}),
    "a binary as key": encode({b"node": Atom(NAME)}),
    "a binary as name": encode({Atom("node"): NAME.encode()}),
    "a list of characters as name": encode({Atom("node"): [ord(character) for character in NAME]}),
    "a number as name": encode({Atom("node"): 7}),
    "a map as name": encode({Atom("node"): {Atom("node"): Atom(NAME)}}),
    "a bare atom": encode(Atom(NAME)),
    "a tuple": encode((Atom("node"), Atom(NAME))),
    "a name without host": encode({Atom("node"): Atom("app")}),
    "a name with a blank": encode({Atom("node"): Atom("app@a b")}),
    "a name that is a template": encode({Atom("node"): Atom("app@{{1}}")}),
    "a name of two lines": encode({Atom("node"): Atom("app@a\nb@c")}),
    "a name of 256 characters": b"\x83\x74\x00\x00\x00\x01" + node + b"\x76\x01\x00" + b"a@" + b"b" * 254,
    "two names": b"\x83\x74\x00\x00\x00\x02" + (node + atom(119, NAME)) * 2,
    "bytes behind": encode({Atom("node"): Atom(NAME)}) + b"x",
    "cut off": encode({Atom("node"): Atom(NAME)})[:-1],
    "compressed": b"\x83\x50\x00\x00\x00\xff" + b"x\x9c",
    "a list that says it is huge": b"\x83\x6c\xff\xff\xff\xff\x6a",
    "a map that says it is huge": b"\x83\x74\xff\xff\xff\xff\x6a",
    "a binary that says it is huge": b"\x83\x74\x00\x00\x00\x01" + node + b"\x6d\xff\xff\xff\xff",
    "atoms by the hundred": encode([Atom(f"atom{number}") for number in range(200)]),
    "atoms by the hundred as keys": encode({Atom(f"atom{number}"): 1 for number in range(150)}),
    "deep nesting": b"\x83" + b"\x68\x01" * 900 + b"\x6a",
    "deep nesting of lists": b"\x83" + b"\x6c\x00\x00\x00\x01" * 300 + b"\x6a" * 300,
    "deep nesting of maps": b"\x83" + b"\x74\x00\x00\x00\x01" * 300 + b"\x6a" * 300,
    "a big integer": b"\x83\x6f\x00\x00\x06\x00\x00" + b"\xff" * 1536,
    "a string": b"\x83\x6b\x07\x00" + bytes(1792),
}


@pytest.mark.parametrize("term", NAMES_NOBODY.values(), ids=NAMES_NOBODY)
def test_a_heartbeat_that_names_nobody(term: bytes) -> None:
    secret = encrypted(PRELUDE + term)
    assert len(secret) <= MAX_BYTES
    assert assert_cheap(lambda: why_not(plain_node, PRELUDE + term), seconds=0.1) == NO_NAME
    assert assert_cheap(lambda: why_not(secret_node, secret), seconds=0.1) == NO_NAME


def test_an_erlang_without_a_name() -> None:
    packet = heartbeat(atom(100, "node"), atom(100, "nonode@nohost"))
    assert why_not(plain_node, packet) == NAMELESS
    assert why_not(secret_node, encrypted(packet)) == NAMELESS


@pytest.mark.parametrize(
    "packet", [b"", b"x", b"HEARTBEAT::", b"heartbeat:", bytes(15), bytes(32), bytes(49), bytes(4096)]
)
def test_what_is_no_heartbeat(packet: bytes) -> None:
    assert why_not(plain_node, packet) == FOREIGN
    assert why_not(secret_node, packet) == FOREIGN


def test_plain_and_encrypted_are_told_apart_and_neither_passes_for_the_other() -> None:
    assert why_not(plain_node, encrypted(CAPTURED)) == ENCRYPTED
    assert why_not(secret_node, CAPTURED) == PLAIN
    # Also where its length could be that of an encrypted one.
    name = f"app@{'h' * 35}"
    sixteenfold = PRELUDE + encode({Atom("node"): Atom(name)})
    assert len(sixteenfold) % 16 == 0
    assert plain_node(sixteenfold) == name
    assert why_not(secret_node, sixteenfold) == PLAIN


def test_too_long_is_no_heartbeat() -> None:
    longest = PRELUDE + encode({Atom("node"): Atom(NAME), Atom("more"): bytes(MAX_BYTES - 48)})
    assert len(longest) == MAX_BYTES
    assert plain_node(longest) == NAME
    longer = PRELUDE + encode({Atom("node"): Atom(NAME), Atom("more"): bytes(MAX_BYTES - 47)})
    assert why_not(plain_node, longer) == FOREIGN


def test_a_wrong_secret_is_never_more_than_that() -> None:
    # One of 256 keys or so gives a right padding.
    for number in range(2000):
        packet = encrypted(CAPTURED, f"wrong {number}", struct.pack(">QQ", number, number))
        assert why_not(secret_node, packet) == ANOTHER_SECRET


@pytest.mark.parametrize(
    "pad", [bytes(5), b"\x11" * 5, b"\x01\x02\x03\x04\x06", b"\xff" * 5], ids=lambda pad: pad.hex()
)
def test_bad_padding(pad: bytes) -> None:
    assert len(CAPTURED + pad) % 16 == 0
    assert why_not(secret_node, encrypted(CAPTURED, pad=pad)) == ANOTHER_SECRET


def test_a_secret_that_is_no_text_is_said_and_not_shown() -> None:
    with pytest.raises(OptionError, match="config.secret: is no text that UTF-8") as error:
        reader("hidden\ud800")
    assert "hidden" not in str(error.value)
    assert error.value.__suppress_context__


def test_a_secret_beyond_ascii_is_its_utf_8() -> None:
    assert (
        reader("gehe\N{LATIN SMALL LETTER I WITH DIAERESIS}m")(
            encrypted(CAPTURED, "gehe\N{LATIN SMALL LETTER I WITH DIAERESIS}m")
        )
        == "alpha@127.0.3.31"
    )


def names_or_says_why(packet: bytes) -> None:
    def read() -> None:
        for node_of in (plain_node, secret_node):
            with contextlib.suppress(UnreadableError):
                assert "@" in node_of(packet)

    assert_cheap(read, seconds=0.5)


@settings(deadline=None)
@given(st.binary(max_size=MAX_BYTES + 1))
@example(CAPTURED)
def test_any_bytes_name_a_node_or_are_unreadable(data: bytes) -> None:
    names_or_says_why(data)
    names_or_says_why(PRELUDE + data)
    names_or_says_why(PRELUDE + b"\x83" + data)
    names_or_says_why(heartbeat(node, data))
    names_or_says_why(encrypted(PRELUDE + b"\x83" + data))
    names_or_says_why(encrypted(data))


@settings(deadline=None)
@given(st.data())
def test_a_damaged_heartbeat_names_a_node_or_is_unreadable(data: st.DataObject) -> None:
    for whole in (CAPTURED, encrypted(CAPTURED)):
        damaged = bytearray(whole)
        for _hit in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(damaged)))
            damaged[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        names_or_says_why(bytes(damaged))


@settings(deadline=None)
@given(
    st.from_regex(r"[A-Za-z0-9_-]{1,60}@[a-z0-9][A-Za-z0-9_.:%-]{0,180}", fullmatch=True),
    st.binary(min_size=16, max_size=16),
)
def test_every_name_survives_encryption(name: str, iv: bytes) -> None:
    packet = PRELUDE + encode({Atom("node"): Atom(name)})
    assert plain_node(packet) == name
    assert secret_node(encrypted(packet, iv=iv)) == name


def test_a_hostile_packet_is_cheap() -> None:
    chance = random.Random(7)
    packets = [PRELUDE + term for term in NAMES_NOBODY.values()]
    packets += [heartbeat(node, atom(119, f"a{number}@{'h' * 200}")) for number in range(100)]
    packets += [chance.randbytes(MAX_BYTES) for _number in range(100)]

    def read_all(node_of: Callable[[bytes], str]) -> None:
        for packet in packets:
            with contextlib.suppress(UnreadableError):
                node_of(packet)

    for node_of in (plain_node, secret_node):
        assert_cheap(functools.partial(read_all, node_of), seconds=0.002 * len(packets))
