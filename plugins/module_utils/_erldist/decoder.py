# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decode the external term format (the ERTS User's Guide, ``erl_ext_dist``) within limits.

Every reader takes the data, the position after the tag, how many levels may still be nested and what is left of the
budget, and returns its term and the position after it. Slices never raise, so each reader checks its end; reading past
the end otherwise raises IndexError or struct.error, which become TermError in one place.
"""

from __future__ import annotations

import struct
from typing import Any, Callable

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import (
    MAX_ATOM_CHARACTERS,
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
)

VERSION = 131
MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 100
MAX_TERMS = 1_000_000

_NIL = 106
_SMALL_ATOM = 119
_MAX_REF_WORDS = 5
_MAX_UNSALTED_KEYS = 64
_MAX_KNOWN_ATOMS = 4096

# The members list each other's names, again and again. The keys are length and text, so that a name that is cut off is
# never taken for a known one.
_KNOWN_ATOMS: dict[bytes, Atom] = {}

_u16 = struct.Struct(">H").unpack_from
_u32 = struct.Struct(">I").unpack_from
_i32 = struct.Struct(">i").unpack_from
_u64 = struct.Struct(">Q").unpack_from
_f64 = struct.Struct(">d").unpack_from


class _Budget:
    """How many terms may still come."""

    __slots__ = ("terms",)

    def __init__(self, terms: int) -> None:
        self.terms = terms


_Reader = Callable[[bytes, int, int, _Budget], "tuple[Any, int]"]


def decode(data: bytes, max_terms: int = MAX_TERMS) -> Any:
    """The one term that ``data`` is, version byte included.

    :raises TermError: it is not one whole term, or goes beyond MAX_BYTES, MAX_DEPTH or ``max_terms``.
    """
    term, end = decode_at(data, 0, max_terms)
    if end != len(data):
        raise TermError(f"{len(data) - end} bytes follow the term")
    return term


def decode_at(data: bytes, position: int, max_terms: int = MAX_TERMS) -> tuple[Any, int]:
    """The term, version byte included, at ``position``, and the position after it.

    :raises TermError: see :func:`decode`.
    """
    if len(data) > MAX_BYTES:
        raise TermError(f"{len(data)} bytes are more than {MAX_BYTES}")
    try:
        if data[position] != VERSION:
            raise TermError(f"version {data[position]} is not {VERSION}")
        return part_at(data, position + 1, max_terms)
    except IndexError:
        raise TermError("the term ends early") from None


def part_at(data: bytes, position: int, max_terms: int = MAX_TERMS) -> tuple[Any, int]:
    """As :func:`decode_at`, for a term inside another, which has no version byte."""
    try:
        return _term(data, position, MAX_DEPTH, _Budget(max_terms))
    except (IndexError, struct.error):
        raise TermError("the term ends early") from None


def _term(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    return _READERS[data[position]](data, position + 1, levels, budget)


def _unknown(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    raise TermError(f"tag {data[position - 1]} is unknown")


def _raw(data: bytes, start: int, size: int) -> bytes:
    end = start + size
    if end > len(data):
        raise TermError("the term ends early")
    return data[start:end]


def _atom_reader(length_bytes: int, encoding: str) -> _Reader:
    def read(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
        start = position + length_bytes
        size = data[position] if length_bytes == 1 else _u16(data, position)[0]
        return _atom_of(_raw(data, start, size), encoding), start + size

    return read


def _small_atom(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    size = data[position]
    atom = _atom_of(_raw(data, position + 1, size), "utf-8")
    end = position + 1 + size
    if len(_KNOWN_ATOMS) >= _MAX_KNOWN_ATOMS:
        _KNOWN_ATOMS.clear()
    _KNOWN_ATOMS[data[position:end]] = atom
    return atom, end


def _atom_of(raw: bytes, encoding: str) -> Atom:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        raise TermError("an atom is not UTF-8") from None
    if len(text) > MAX_ATOM_CHARACTERS:
        raise TermError(f"an atom of {len(text)} characters")
    return Atom(text)


def _atom(data: bytes, position: int) -> tuple[Atom, int]:
    if data[position] not in _ATOM_READERS:
        raise TermError(f"tag {data[position]} where an atom belongs")
    atom: tuple[Atom, int] = _ATOM_READERS[data[position]](data, position + 1, 0, _Budget(0))
    return atom


def _byte(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    return data[position], position + 1


def _integer(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    return _i32(data, position)[0], position + 4


def _small_big(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    return _big(data, position + 1, data[position])


def _large_big(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    return _big(data, position + 4, _u32(data, position)[0])


def _big(data: bytes, position: int, size: int) -> tuple[int, int]:
    if size > MAX_INTEGER_BYTES:
        raise TermError(f"an integer of {size} bytes")
    magnitude = int.from_bytes(_raw(data, position + 1, size), "little")
    sign = data[position]
    if sign > 1:
        raise TermError(f"an integer with sign {sign}")
    return -magnitude if sign else magnitude, position + 1 + size


def _float(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    value = _f64(data, position)[0]
    if value - value != 0.0:
        raise TermError("a float that is not finite")
    return value, position + 8


def _nil(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    return [], position


def _string(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    size = _u16(data, position)[0]
    _spend(budget, size)
    return list(_raw(data, position + 2, size)), position + 2 + size


def _binary(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    size = _u32(data, position)[0]
    return _raw(data, position + 4, size), position + 4 + size


def _bits(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    size = _u32(data, position)[0]
    last = data[position + 4]
    if not 1 <= last <= 8 or not size:
        raise TermError(f"a bitstring of {size} bytes, {last} bits in the last")
    return Bits(_raw(data, position + 5, size), last), position + 5 + size


def _spend(budget: _Budget, terms: int) -> None:
    budget.terms -= terms
    if budget.terms < 0:
        raise TermError("more terms than the limit")


def _items(data: bytes, position: int, count: int, levels: int, budget: _Budget) -> tuple[list[Any], int]:
    if count > len(data) - position:
        raise TermError(f"{count} terms cannot be in the {len(data) - position} bytes that are left")
    if not levels:
        raise TermError(f"more than {MAX_DEPTH} terms inside each other")
    _spend(budget, count)
    items: list[Any] = []
    add, readers, known = items.append, _READERS, _KNOWN_ATOMS
    levels -= 1
    for _each in range(count):
        tag = data[position]
        if tag == _SMALL_ATOM:
            end = position + 2 + data[position + 1]
            atom = known.get(data[position + 1 : end])
            if atom is not None:
                add(atom)
                position = end
                continue
        item, position = readers[tag](data, position + 1, levels, budget)
        add(item)
    return items, position


def _small_tuple(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    items, position = _items(data, position + 1, data[position], levels, budget)
    return tuple(items), position


def _large_tuple(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    items, position = _items(data, position + 4, _u32(data, position)[0], levels, budget)
    return tuple(items), position


def _list(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    items, position = _items(data, position + 4, _u32(data, position)[0], levels, budget)
    if data[position] == _NIL:
        return items, position + 1
    if not items:
        raise TermError("a list of no items with a tail")
    tail, position = _items(data, position, 1, levels, budget)
    if isinstance(tail[0], list):
        return items + tail[0], position
    if isinstance(tail[0], ImproperList):
        return ImproperList((*items, *tail[0].items), tail[0].tail), position
    return ImproperList(tuple(items), tail[0]), position


def _map(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    count = _u32(data, position)[0]
    items, position = _items(data, position + 4, 2 * count, levels, budget)
    pairs = tuple(zip(items[::2], items[1::2]))
    # Who chooses many keys can choose them so that their hashes are all the same, but for those that Python salts.
    if count > _MAX_UNSALTED_KEYS and not set(map(type, items[::2])) <= {Atom, bytes}:
        return Pairs(pairs), position
    try:
        as_dict = dict(pairs)
    except TypeError:
        return Pairs(pairs), position
    return (as_dict if len(as_dict) == count else Pairs(pairs)), position


def _pid(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    node, position = _atom(data, position)
    number, serial, creation = (_u32(data, position + skip)[0] for skip in (0, 4, 8))
    return Pid(node, number, serial, creation), position + 12


def _port(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    node, position = _atom(data, position)
    return Port(node, _u32(data, position)[0], _u32(data, position + 4)[0]), position + 8


def _long_port(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    node, position = _atom(data, position)
    return Port(node, _u64(data, position)[0], _u32(data, position + 8)[0]), position + 12


def _ref(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    count = _u16(data, position)[0]
    if not 1 <= count <= _MAX_REF_WORDS:
        raise TermError(f"a reference of {count} words")
    node, position = _atom(data, position + 2)
    words = tuple(_u32(data, position + 4 * index)[0] for index in range(1, count + 1))
    return Ref(node, _u32(data, position)[0], words), position + 4 + 4 * count


def _export_fun(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    module, position = _atom(data, position)
    function, position = _atom(data, position)
    if data[position] != 97:
        raise TermError("an external fun without an arity")
    return ExportFun(module, function, data[position + 1]), position + 2


def _fun(data: bytes, position: int, levels: int, budget: _Budget) -> tuple[Any, int]:
    size = _u32(data, position)[0]
    if size < 4:
        raise TermError(f"a fun of {size} bytes")
    return Fun(_raw(data, position + 4, size - 4)), position + size


_ATOM_READERS: dict[int, _Reader] = {
    100: _atom_reader(2, "latin-1"),
    115: _atom_reader(1, "latin-1"),
    118: _atom_reader(2, "utf-8"),
    _SMALL_ATOM: _small_atom,
}
_READERS: list[_Reader] = [_unknown] * 256
for _tag, _reader in {
    **_ATOM_READERS,
    70: _float,
    77: _bits,
    88: _pid,
    89: _port,
    90: _ref,
    97: _byte,
    98: _integer,
    104: _small_tuple,
    105: _large_tuple,
    _NIL: _nil,
    107: _string,
    108: _list,
    109: _binary,
    110: _small_big,
    111: _large_big,
    112: _fun,
    113: _export_fun,
    116: _map,
    120: _long_port,
}.items():
    _READERS[_tag] = _reader
