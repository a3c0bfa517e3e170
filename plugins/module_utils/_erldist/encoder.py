# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encode the external term format (the ERTS User's Guide, ``erl_ext_dist``) as OTP 25 and later read it."""

from __future__ import annotations

import struct
from typing import Any, Callable

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.decoder import MAX_DEPTH, VERSION
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

_Writer = Callable[[bytearray, Any, int], None]

_NIL = 106


def encode(term: Any) -> bytes:
    """The term with its version byte.

    :raises TermError: it, or something in it, is no term: a plain ``str``, None, an object, a float that is not finite,
        or it goes beyond MAX_DEPTH, MAX_INTEGER_BYTES or a field of the format.
    """
    return bytes((VERSION,)) + encode_part(term)


def encode_part(term: Any) -> bytes:
    """As :func:`encode`, for a term inside another, which has no version byte."""
    out = bytearray()
    try:
        _write(out, term, MAX_DEPTH + 1)
    except (struct.error, OverflowError):
        raise TermError("a number does not fit its field") from None
    return bytes(out)


def _write(out: bytearray, term: Any, levels: int) -> None:
    if not levels:
        raise TermError(f"more than {MAX_DEPTH} terms inside each other")
    writer = _WRITERS.get(type(term)) or _inherited_writer(type(term))
    writer(out, term, levels - 1)


def _inherited_writer(kind: type) -> _Writer:
    """Ansible tags the values that it hands out, and so subclasses int, list and their kin."""
    for base in kind.__mro__:
        if base in _WRITERS:
            return _WRITERS[base]
    raise TermError(f"a {kind.__name__} is no term")


def _atom(out: bytearray, text: str, levels: int = 0) -> None:
    if len(text) > MAX_ATOM_CHARACTERS:
        raise TermError(f"an atom of {len(text)} characters")
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise TermError("an atom that has no UTF-8 form") from None
    out += struct.pack(">BB", 119, len(raw)) if len(raw) < 256 else struct.pack(">BH", 118, len(raw))
    out += raw


def _bool(out: bytearray, value: bool, levels: int) -> None:
    _atom(out, "true" if value else "false")


def _int(out: bytearray, value: int, levels: int) -> None:
    if 0 <= value < 256:
        out += struct.pack(">BB", 97, value)
    elif -(2**31) <= value < 2**31:
        out += struct.pack(">Bi", 98, value)
    else:
        _big(out, value)


def _big(out: bytearray, value: int) -> None:
    magnitude = abs(value)
    size = (magnitude.bit_length() + 7) // 8
    if size > MAX_INTEGER_BYTES:
        raise TermError(f"an integer of {size} bytes")
    out += struct.pack(">BB", 110, size) if size < 256 else struct.pack(">BI", 111, size)
    out.append(value < 0)
    out += magnitude.to_bytes(size, "little")


def _float(out: bytearray, value: float, levels: int) -> None:
    if value - value != 0.0:
        raise TermError("a float that is not finite")
    out += struct.pack(">Bd", 70, value)


def _bytes(out: bytearray, value: bytes, levels: int) -> None:
    out += struct.pack(">BI", 109, len(value))
    out += value


def _bits(out: bytearray, value: Bits, levels: int) -> None:
    out += struct.pack(">BIB", 77, len(value.data), value.last)
    out += value.data


def _tuple(out: bytearray, value: tuple[Any, ...], levels: int) -> None:
    count = len(value)
    out += struct.pack(">BB", 104, count) if count < 256 else struct.pack(">BI", 105, count)
    for item in value:
        _write(out, item, levels)


def _list(out: bytearray, value: list[Any], levels: int) -> None:
    if value:
        out += struct.pack(">BI", 108, len(value))
        for item in value:
            _write(out, item, levels)
    out.append(_NIL)


def _improper_list(out: bytearray, value: ImproperList, levels: int) -> None:
    if not value.items or isinstance(value.tail, (list, ImproperList)):
        raise TermError("an improper list has items and a tail that is no list")
    out += struct.pack(">BI", 108, len(value.items))
    for item in (*value.items, value.tail):
        _write(out, item, levels)


def _dict(out: bytearray, value: dict[Any, Any], levels: int) -> None:
    _pairs(out, Pairs(tuple(value.items())), levels)


def _pairs(out: bytearray, value: Pairs, levels: int) -> None:
    out += struct.pack(">BI", 116, len(value.pairs))
    for key, item in value.pairs:
        _write(out, key, levels)
        _write(out, item, levels)


def _pid(out: bytearray, value: Pid, levels: int) -> None:
    out.append(88)
    _atom(out, value.node)
    out += struct.pack(">III", value.id, value.serial, value.creation)


def _port(out: bytearray, value: Port, levels: int) -> None:
    long = value.id >= 2**28
    out.append(120 if long else 89)
    _atom(out, value.node)
    out += struct.pack(">QI" if long else ">II", value.id, value.creation)


def _ref(out: bytearray, value: Ref, levels: int) -> None:
    out += struct.pack(">BH", 90, len(value.words))
    _atom(out, value.node)
    out += struct.pack(f">I{len(value.words)}I", value.creation, *value.words)


def _export_fun(out: bytearray, value: ExportFun, levels: int) -> None:
    out.append(113)
    _atom(out, value.module)
    _atom(out, value.function)
    out += struct.pack(">BB", 97, value.arity)


def _fun(out: bytearray, value: Fun, levels: int) -> None:
    out += struct.pack(">BI", 112, len(value.data) + 4)
    out += value.data


_WRITERS: dict[type, _Writer] = {
    Atom: _atom,
    bool: _bool,
    int: _int,
    float: _float,
    bytes: _bytes,
    Bits: _bits,
    tuple: _tuple,
    list: _list,
    ImproperList: _improper_list,
    dict: _dict,
    Pairs: _pairs,
    Pid: _pid,
    Port: _port,
    Ref: _ref,
    ExportFun: _export_fun,
    Fun: _fun,
}
