# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands as users write them: lists of words with placeholders, never a command line for a shell."""

from __future__ import annotations

import os
import re
import shutil
import string
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence, Tuple

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError, UnreachableError

OBSERVER = ("observer", "observer_address")
OBSERVER_AND_NODE = (*OBSERVER, "node", "node_address")

_VALUE = re.compile(r"[A-Za-z0-9_:/\[][A-Za-z0-9_.:%@/\[\]-]*")
"""Names, addresses, host and port, URLs and paths. A value never looks like an option, and it is a single word even to
a shell, since a command such as ssh passes its arguments to one."""

Word = Tuple[Tuple[str, Optional[str]], ...]
"""Pieces, each a literal text and the placeholder after it, if there is one."""


@dataclass(frozen=True)
class Template:
    """One of the topology's commands."""

    option: str
    program: str
    words: tuple[Word, ...]

    @property
    def label(self) -> str:
        """The command's name in messages. The other words may hold secrets and are never shown."""
        return f"{self.option} ({os.path.basename(self.program)})"

    def fill(self, values: Mapping[str, Optional[str]]) -> list[str]:
        """The words with each placeholder replaced by its value.

        :param values: one for each placeholder; None where it is unknown.
        :raises UnreachableError: a value is unknown, or must not be put into a command.
        """
        return ["".join(self._filled(piece, values) for piece in word) for word in self.words]

    def _filled(self, piece: tuple[str, Optional[str]], values: Mapping[str, Optional[str]]) -> str:
        literal, placeholder = piece
        if placeholder is None:
            return literal
        value = values[placeholder]
        if value is None:
            name = values[placeholder.partition("_")[0]]
            raise UnreachableError(f"{self.option} needs {{{placeholder}}}, and discovery gives {name} no address")
        if not _VALUE.fullmatch(value):
            raise UnreachableError(f"{self.option}: {value[:60]!r} is nothing that {{{placeholder}}} can stand for")
        return literal + value


def template_of(option: str, value: Optional[Sequence[Any]], placeholders: Sequence[str]) -> Template:
    """
    :param placeholders: the names that the command may use.
    :raises OptionError: it is not a list of words with these placeholders, or its program is not installed.
    """
    if not value:
        raise OptionError(option, "is required by driver 'exec': a command, as the list of its words")
    words = tuple(_word(f"{option}[{index}]", word, placeholders) for index, word in enumerate(value))
    program = "".join(literal for literal, _placeholder in words[0])
    if not program.strip() or any(placeholder is not None for _literal, placeholder in words[0]):
        raise OptionError(f"{option}[0]", f"{value[0]!r} is not the name or the path of a program")
    if shutil.which(program) is None:
        hint = "give its full path or mend PATH"
        if any(map(str.isspace, program)):
            hint = "a command is a list of its words, such as ['serf', 'members']"
        raise OptionError(f"{option}[0]", f"no program {program.split()[0]!r} is there where the module runs: {hint}")
    return Template(option, program, words)


def _word(option: str, word: Any, placeholders: Sequence[str]) -> Word:
    if isinstance(word, dict) and len(word) == 1:
        ((key, nothing),) = word.items()
        if nothing is None:
            raise OptionError(option, f"YAML makes a dictionary of {{{key}}}: quote it, as '{{{key}}}'")
    if not isinstance(word, str):
        shown = "a list or dictionary" if isinstance(word, (list, dict)) else repr(word)
        raise OptionError(option, f"{shown} is not a string: quote it")
    if "\0" in word:
        raise OptionError(option, "no word can have a NUL character")
    known = " ".join(f"{{{placeholder}}}" for placeholder in placeholders)
    try:
        pieces = list(string.Formatter().parse(word))
    except ValueError:
        raise OptionError(
            option, f"a brace stands alone: write {{{{ or }}}} for the character; placeholders are {known}"
        ) from None
    for _literal, placeholder, spec, conversion in pieces:
        if placeholder is not None and (placeholder not in placeholders or spec or conversion):
            shown = placeholder + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            raise OptionError(
                option,
                f"'{{{shown}}}' is no placeholder here (there are {known}); for braces as such write {{{{ and }}}}",
            )
    return tuple((literal, placeholder) for literal, placeholder, _spec, _conversion in pieces)
