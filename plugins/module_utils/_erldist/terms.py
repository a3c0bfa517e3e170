# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Erlang terms in Python, where Python has no type of its own for them.

Integers, floats, tuples, lists, ``bytes`` (binaries) and dicts (maps) are Python's own. A plain ``str`` is no term,
since it could be an atom, a binary or a list: say ``Atom(text)``, ``text.encode()`` or ``charlist(text)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MAX_ATOM_CHARACTERS = 255
MAX_INTEGER_BYTES = 1024
"""Far more than any member sends, and few enough for Python to print."""


class TermError(ValueError):
    """Bytes that are no term within the limits, or a Python value that is no term."""


class Atom(str):
    """An atom; equal to the ``str`` of the same text."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Atom({str.__repr__(self)})"


@dataclass(frozen=True)
class Pid:
    node: Atom
    id: int
    serial: int
    creation: int


@dataclass(frozen=True)
class Port:
    node: Atom
    id: int
    creation: int


@dataclass(frozen=True)
class Ref:
    node: Atom
    creation: int
    words: tuple[int, ...]


@dataclass(frozen=True)
class ExportFun:
    """``fun module:function/arity``."""

    module: Atom
    function: Atom
    arity: int


@dataclass(frozen=True)
class Fun:
    """Any other fun. ``data`` is its external form after the size, which only the node that made it understands."""

    data: bytes


@dataclass(frozen=True)
class Bits:
    """A bitstring of ``8 * (len(data) - 1) + last`` bits; ``last`` (1 to 8) of the last byte count, from the top."""

    data: bytes
    last: int


@dataclass(frozen=True)
class ImproperList:
    """``[item, ... | tail]`` where the tail is no list."""

    items: tuple[Any, ...]
    tail: Any


@dataclass(frozen=True)
class Pairs:
    """A map whose keys a dict can't hold: lists, or keys that are equal in Python only, such as 1 and 1.0."""

    pairs: tuple[tuple[Any, Any], ...]


def charlist(text: str) -> list[int]:
    """``"text"`` as Erlang writes it: the list of its code points."""
    return [ord(character) for character in text]
