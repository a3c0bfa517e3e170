# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes that almost fit: those of the corpus, changed in the ways that decoders trip over."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

_BOUNDARIES = [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]
_MOST_CHANGES = 6


@st.composite
def mutated(draw: st.DrawFn, corpus: Sequence[bytes]) -> bytes:
    data = bytearray(draw(st.sampled_from(corpus)))
    for _change in range(draw(st.integers(0, _MOST_CHANGES))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(["set", "flip", "number", "cut", "repeat", "insert", "splice", "end"]))
        if kind == "set" and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif kind == "flip" and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "number":
            size = draw(st.sampled_from([1, 2, 4]))
            number = draw(st.sampled_from(_BOUNDARIES)) & (256**size - 1)
            data[at : at + size] = number.to_bytes(size, "big")
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 16))]
        elif kind == "repeat":
            part = bytes(data[at : at + draw(st.integers(1, 64))])
            data[at:at] = part * draw(st.integers(1, 50))
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=16))
        elif kind == "splice":
            other = draw(st.sampled_from(corpus))
            data[at:] = other[draw(st.integers(0, len(other))) :]
        elif kind == "end":
            del data[at:]
    return bytes(data)
