# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes untrusted text safe for a message."""

from __future__ import annotations

import re
from typing import Iterable

LENGTH = 400
_HEEDED = 4 * LENGTH
_MASK = "********"
_KNOWN = 6
"""The least length of a known secret that is masked; masking shorter ones would make the text unreadable."""
# Texts that look like a credential: an authorization header, the userinfo of a URL, a JSON Web Token, a value whose
# name suggests a secret, and any long run of letters and digits, such as the key of a cloud, even percent-encoded.
_FORMS = (
    re.compile(r"\b(bearer |basic )\s*[^\s,;'\"]{6,}", re.IGNORECASE),
    re.compile(r"(://)[^\s/@]+(?=@)"),
    re.compile(r"()\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}"),
    re.compile(
        r"((?:token|secret|passwo?r?d|passphrase|credentials?|api.?key|access.?key\w*|sig(?:nature)?(?![a-z]))[\w-]*"
        r"(?:\s*=\s*|[\"']\s*[:=]\s*|(?::\s*|\s+)(?=[^\s:,;]*[0-9])(?=[^\s:,;]{8}))[\"']?)[^\s,;\"']+",
        re.IGNORECASE,
    ),
    re.compile(r"()(?<![\w/+%-])(?=[\w/+%-]*[0-9])(?=[\w/+%-]*[A-Za-z])[\w+%-][\w/+%-]{31,}={0,2}"),
)


def printable(text: str, instead: str = "?") -> str:
    """The text without control characters and line ends."""
    return "".join(character if character.isprintable() else instead for character in text)


def one_line(text: str) -> str:
    """The text shortened, printable and on one line."""
    return " ".join(printable(text[:_HEEDED], " ").split())[:LENGTH]


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets, and without anything that looks like one."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= _KNOWN:
            text = text.replace(secret, _MASK)
    for form in _FORMS:
        text = form.sub(rf"\1{_MASK}", text)
    return text
