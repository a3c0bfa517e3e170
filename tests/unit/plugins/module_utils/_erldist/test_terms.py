# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import struct

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.decoder import MAX_DEPTH, MAX_TERMS, decode
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.encoder import encode
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import (
    MAX_INTEGER_BYTES,
    Atom,
    Bits,
    ExportFun,
    Fun,
    ImproperList,
    Pairs,
    Pid,
    Port,
    Ref,
    TermError,
    charlist,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.effort import assert_cheap

APP = Atom("app@127.0.7.1")
CREATION = 0xA92492D6
FUN = (
    "0168CB7E727618CEF0BFECF63079475A5000000000000000006400016761006203465BF3"
    "5864000D617070403132372E302E372E310000000900000000A92492D6"
)

# As term_to_binary/1 of OTP 25 writes them.
RECORDED = {
    "atom": ("836400026F6B", Atom("ok")),
    "atom of latin-1": ("83640001E4", Atom("ä")),
    "atom of UTF-8": ("837703E282AC", Atom("€")),
    "long atom of UTF-8": ("8376012C" + "E282AC" * 100, Atom("€" * 100)),
    "empty atom": ("83640000", Atom("")),
    "byte": ("8361FF", 255),
    "integer": ("836200000100", 256),
    "negative": ("8362FFFFFFFF", -1),
    "least integer": ("836280000000", -(2**31)),
    "small big": ("836E0900000000000000000001", 1 << 64),
    "negative big": ("836E0601000000000001", -(1 << 40)),
    "large big": ("836F0000010100" + "00" * 256 + "01", 1 << 2048),
    "float": ("83463FF8000000000000", 1.5),
    "empty tuple": ("836800", ()),
    "tuple": ("836802640001616101", (Atom("a"), 1)),
    "large tuple": ("836900000100" + "6107" * 256, (7,) * 256),
    "nil": ("836A", []),
    "string": ("836B0003616263", [97, 98, 99]),
    "string beyond bytes": ("836C00000002616862000020AC6A", charlist("h€")),
    "list": ("836C000000036101640001786D00000001626A", [1, Atom("x"), b"b"]),
    "improper list": ("836C000000026101610264000178", ImproperList((1, 2), Atom("x"))),
    "binary": ("836D0000000362696E", b"bin"),
    "bitstring": ("834D0000000103A0", Bits(b"\xa0", 3)),
    "longer bitstring": ("834D0000000204ABC0", Bits(b"\xab\xc0", 4)),
    "map": ("8374000000026400016161016D000000016B6A", {Atom("a"): 1, b"k": []}),
    "map with a list as key": ("8374000000016B00016B6101", Pairs((([107], 1),))),
    "map with 1 and 1.0": (
        "837400000002610164000169463FF000000000000064000166",
        Pairs(((1, Atom("i")), (1.0, Atom("f")))),
    ),
    "external fun": (
        "837164000A6E65745F6B65726E656C64000C636F6E6E6563745F6E6F64656101",
        ExportFun(Atom("net_kernel"), Atom("connect_node"), 1),
    ),
    "pid": ("835864000D617070403132372E302E372E310000000900000000A92492D6", Pid(APP, 9, 0, CREATION)),
    "port": ("835964000D617070403132372E302E372E3100000000A92492D6", Port(APP, 0, CREATION)),
    "reference": (
        "835A000364000D617070403132372E302E372E31A92492D600001A53A70C0002C989EF89",
        Ref(APP, CREATION, (0x1A53, 0xA70C0002, 0xC989EF89)),
    ),
    "fun": ("837000000045" + FUN, Fun(bytes.fromhex(FUN))),
}
# As the documentation of the format has them; no node of today writes them unasked.
SPECIFIED = {
    "small atom of latin-1": ("837301E4", Atom("ä")),
    "long port": ("83787701610000000100000000" + "00000001", Port(Atom("a"), 1 << 32, 1)),
    "list whose tail is a list": ("836C0000000161016C0000000161026A", [1, 2]),
    "list whose tail is an improper list": ("836C0000000161016C0000000161026103", ImproperList((1, 2), 3)),
}


@pytest.mark.parametrize(("recorded", "term"), [*RECORDED.values(), *SPECIFIED.values()], ids=[*RECORDED, *SPECIFIED])
def test_each_form_is_decoded_and_survives_encoding(recorded: str, term: object) -> None:
    decoded = decode(bytes.fromhex(recorded))
    assert decoded == term
    assert type(decoded) is type(term)
    assert decode(encode(term)) == term


@pytest.mark.parametrize(
    ("term", "encoded"),
    [
        (Atom("ok"), "8377026f6b"),
        (True, "83770474727565"),
        ([], "836a"),
        (b"x", "836d0000000178"),
        (-(1 << 40), "836e0601000000000001"),
        (ExportFun(Atom("a"), Atom("b"), 2), "83717701617701626102"),
    ],
)
def test_encoded_bytes(term: object, encoded: str) -> None:
    assert encode(term).hex() == encoded


def test_an_atom_is_told_from_a_str_in_print_only() -> None:
    assert Atom("ok") == "ok"
    assert repr(Atom("ok")) == "Atom('ok')"
    assert hash(Atom("ok")) == hash("ok")


def test_a_subclass_of_a_python_type_is_that_type() -> None:
    class Tagged(int):
        pass

    assert encode([Tagged(1)]) == encode([1])


@pytest.mark.parametrize(
    "no_term",
    [
        "text",
        None,
        object(),
        {"key": 1},
        [1, (None,)],
        float("nan"),
        float("inf"),
        Atom("x" * 256),
        Atom("\ud800"),
        1 << (8 * MAX_INTEGER_BYTES),
        ExportFun(Atom("a"), Atom("b"), 256),
        Pid(APP, 1 << 32, 0, 0),
        Port(APP, -1, 0),
        Ref(APP, 0, (-1,)),
        ImproperList((), 1),
        ImproperList((1,), []),
    ],
)
def test_what_is_no_term_is_not_encoded(no_term: object) -> None:
    with pytest.raises(TermError):
        encode(no_term)


def nested(depth: int) -> object:
    term: object = 0
    for _level in range(depth):
        term = (term,)
    return term


def test_nesting_is_bounded_both_ways() -> None:
    assert decode(encode(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(TermError):
        encode(nested(MAX_DEPTH + 1))
    with pytest.raises(TermError):
        encode(nested(100_000))
    for opening in (b"\x68\x01", b"\x6c\x00\x00\x00\x01", b"\x74\x00\x00\x00\x01", b"\x69\x00\x00\x00\x01"):
        with pytest.raises(TermError):
            decode(b"\x83" + opening * 100_000 + b"\x6a" * 200_000)


def test_a_chain_of_tails_is_bounded() -> None:
    with pytest.raises(TermError):
        decode(b"\x83" + b"\x6c\x00\x00\x00\x01\x6a" * 100_000 + b"\x6a")


BOMBS = {
    "list": b"\x6c\xff\xff\xff\xff\x6a",
    "tuple": b"\x69\xff\xff\xff\xff\x6a",
    "map": b"\x74\xff\xff\xff\xff\x6a",
    "binary": b"\x6d\xff\xff\xff\xff",
    "bitstring": b"\x4d\xff\xff\xff\xff\x01",
    "bitstring of no bytes": b"\x4d\x00\x00\x00\x00\x00",
    "string": b"\x6b\xff\xff",
    "large big": b"\x6f\xff\xff\xff\xff\x00",
    "large big that is all there": b"\x6f\x00\x0f\x42\x40\x00" + b"\xff" * 1_000_000,
    "sign of a big": b"\x6e\x01\x02\x01",
    "fun": b"\x70\xff\xff\xff\xff",
    "fun of less than nothing": b"\x70\x00\x00\x00\x00",
    "reference": b"\x5a\xff\xff\x77\x01a" + b"\x00" * 100,
    "compressed": b"\x50\x00\x00\x00\x01x",
    "atom that is not UTF-8": b"\x77\x01\xff",
    "atom of 256 characters": b"\x76\x01\x00" + b"x" * 256,
    "float that is none": b"\x46\x7f\xf8\x00\x00\x00\x00\x00\x00",
    "pid of a node that is no atom": b"\x58\x61\x01" + b"\x00" * 12,
    "external fun whose arity is no byte": b"\x71\x77\x01a\x77\x01b\x6a\x6a",
    "list of nothing with a tail": b"\x6c\x00\x00\x00\x00\x61\x01",
    "cached atom": b"\x52\x00",
    "nothing": b"",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_what_lies_about_itself_is_an_error_at_once(bomb: bytes) -> None:
    def explode() -> None:
        with pytest.raises(TermError):
            decode(b"\x83" + bomb)

    assert_cheap(explode, seconds=0.1)


def test_the_number_of_terms_is_bounded() -> None:
    many = b"\x83\x6c" + struct.pack(">I", MAX_TERMS) + b"\x6a" * (MAX_TERMS + 1)
    assert len(decode(many)) == MAX_TERMS
    for beyond in (
        b"\x83\x68\x02" + many[1:] + b"\x6a",
        b"\x83\x6c\x00\x00\x00\xff" + (b"\x6b\xff\xff" + bytes(65535)) * 255 + b"\x6a",
    ):
        with pytest.raises(TermError, match="limit"):
            decode(beyond)


@pytest.mark.parametrize("data", [b"", b"\x82\x6a", b"\x83\x6a\x6a", b"\x6a"])
def test_it_is_one_whole_term_with_its_version(data: bytes) -> None:
    with pytest.raises(TermError):
        decode(data)


u32 = st.integers(0, 2**32 - 1)
atoms = st.text(st.characters(exclude_categories=["Cs"]), max_size=255).map(Atom)
leaves = st.one_of(
    atoms,
    st.integers(-(1 << 8 * MAX_INTEGER_BYTES) + 1, (1 << 8 * MAX_INTEGER_BYTES) - 1),
    st.integers(-(2**33), 2**33),
    st.floats(allow_nan=False, allow_infinity=False),
    st.binary(max_size=300),
    st.builds(Bits, st.binary(min_size=1, max_size=9), st.integers(1, 8)),
    st.builds(Pid, atoms, u32, u32, u32),
    st.builds(Port, atoms, st.integers(0, 2**64 - 1), u32),
    st.builds(Ref, atoms, u32, st.lists(u32, min_size=1, max_size=5).map(tuple)),
    st.builds(ExportFun, atoms, atoms, st.integers(0, 255)),
    st.builds(Fun, st.binary(max_size=30)),
)
terms = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=300),
        st.lists(inner, max_size=300).map(tuple),
        st.dictionaries(st.one_of(atoms, st.binary(max_size=9)), inner),
        st.builds(ImproperList, st.lists(inner, min_size=1).map(tuple), leaves),
    ),
    max_leaves=30,
)


@settings(deadline=None)
@given(terms)
def test_every_term_survives(term: object) -> None:
    assert decode(encode(term)) == term


def decodes_or_says_why(data: bytes) -> None:
    def read() -> None:
        with contextlib.suppress(TermError):
            decode(data)

    assert_cheap(read, seconds=1)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_term_or_a_term_error(data: bytes) -> None:
    decodes_or_says_why(data)
    decodes_or_says_why(b"\x83" + data)


@settings(deadline=None)
@given(terms, st.data())
def test_a_damaged_term_is_a_term_or_a_term_error(term: object, data: st.DataObject) -> None:
    damaged = bytearray(encode(term))
    for _hit in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(1, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
        if len(damaged) < 2:
            break
    decodes_or_says_why(bytes(damaged))


@settings(deadline=None)
@given(terms, st.data())
def test_a_term_that_is_cut_off_is_a_term_error(term: object, data: st.DataObject) -> None:
    encoded = encode(term)
    with pytest.raises(TermError):
        decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


def test_a_known_atom_that_is_cut_off_is_an_error() -> None:
    for whole in (encode(Atom("known")), bytes.fromhex("836400056b6e6f776e")):
        assert decode(whole) == "known"
        for size in range(len(whole)):
            with pytest.raises(TermError):
                decode(whole[:size])


def test_any_number_of_atoms_is_right() -> None:
    names = [Atom(f"app@{number}") for number in range(10_000)]
    assert decode(encode(names)) == names
    assert decode(encode(names)) == names
