# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of ``.hosts.erlang``: Erlang terms, each a host's name as an atom or a string, each with a dot behind it
(pure).

The kernel's ``file:consult/1`` says how it is read.
"""

from __future__ import annotations

import re

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError, OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.addresses import same_text
from ansible_collections.selfheal.cluster.plugins.module_utils._names import check_node_name

NAME = ".hosts.erlang"

# As Erlang's scanner has it: only a dot with a blank, a comment or the end behind it ends a term.
_BLANKS = re.compile(r"(?:[\x00-\x20]+|%[^\n]*)*")
_HOST = re.compile(r"'(?P<atom>[^'\\\n]*)'|\"(?P<string>[^\"\\\n]*)\"|(?P<word>[a-z][A-Za-z0-9_@]*)")
_DOT = re.compile(r"\.(?=[\x00-\x20%]|\Z)")


def parse(text: str) -> list[str]:
    """
    :returns: the hosts, each once.
    :raises DiscoveryError: it is no list of hosts, or has one in two spellings, of which each would make nodes of its
        own. The text tells the line and not what is in it: whoever named a wrong
        file may have named one with a secret.
    """
    hosts: dict[str, str] = {}
    places: dict[str, int] = {}
    at = _skip(text, 0)
    while at < len(text):
        host = _HOST.match(text, at)
        if host is None:
            raise DiscoveryError(f"{_line(text, at)}: there is no host's name such as 'a.example.net' in quotes")
        dot = _DOT.match(text, _skip(text, host.end()))
        if dot is None:
            raise DiscoveryError(f"{_line(text, at)}: the name has no dot behind it, or is not in quotes")
        name = host[str(host.lastgroup)]
        try:
            check_node_name(NAME, f"name@{name}")
        except OptionError:
            raise DiscoveryError(f"{_line(text, at)}: this is not the name of a host") from None
        key = same_text(name)
        places.setdefault(key, at)
        if hosts.setdefault(key, name) != name:
            other = _line(text, places[key])
            raise DiscoveryError(f"{_line(text, at)}: this is the host of {other} in another spelling: leave out one")
        at = _skip(text, dot.end())
    return list(hosts.values())


def _skip(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    return blanks.end() if blanks else at


def _line(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}"
