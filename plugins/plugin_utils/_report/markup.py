# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds HTML and SVG from parts. Each part is escaped unless it was made here."""

from __future__ import annotations

import unicodedata

from markupsafe import Markup, escape

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_INLINE = frozenset(["a", "bdi", "dd", "dt", "span", "time", "title"])
_EMPTY = frozenset(["link", "meta"])


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """``element("p", "a < b", class_="x")``. A child or an attribute that is None is left out.

    ``class_`` is ``class`` and ``aria_label`` is ``aria-label``. Plain text is escaped, and its invisible characters
    are written out.
    """
    opening = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_safe(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Markup(f"<{name}{opening}>\n")  # noqa: S704
    inner = "".join(_safe(child) for child in children if child is not None)
    end = "" if name in _INLINE else "\n"
    return Markup(f"<{name}{opening}>{inner}</{name}>{end}")  # noqa: S704


def together(*children: object) -> Markup:
    return Markup("").join(_safe(child) for child in children if child is not None)


def name_of(text: str, most: int = 120) -> Markup:
    """A name from the cluster or the source, isolated so that its writing direction does not affect the text around."""
    return element("bdi", clipped(text, most), class_="name")


def clipped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def visible(text: str) -> str:
    """The text with all invisible and formatting characters written out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character == "\n":
        return "↵ "
    if unicodedata.category(character) in _INVISIBLE:
        return f"\\u{{{ord(character):x}}}"
    return character


def _safe(value: object) -> Markup:
    return value if isinstance(value, Markup) else escape(visible(str(value)))
