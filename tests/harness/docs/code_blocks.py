# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows: the code blocks of its pages, in reStructuredText and in Markdown.

guide("policy")                    # the blocks of docs/docsite/rst/policy.rst
files(guide("role"))               # those that are files, by the names that their first lines give
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.harness.paths import ROOT

GUIDES = ROOT / "docs" / "docsite" / "rst"
PAGES = (
    *sorted(GUIDES.glob("*.rst")),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "roles").glob("*/README.md")),
)
SHELL = ("shell", "sh")

_DIRECTIVE = re.compile(r"(?P<indent> *)\.\. code-block:: *(?P<language>\S+)")
_FENCE = re.compile(r"(?P<indent> *)```(?P<language>.*)")
_LITERAL = re.compile(r"(?!\s*\.\. ).*::\s*|\s*\.\. (code|sourcecode|parsed-literal|literalinclude|highlight)::.*")
_FILE = re.compile(r"(?:#|--|%%) (?P<name>[\w./-]*\.\w+)\n(?P<content>.*)", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """``line`` is that of its first line of code; ``text`` ends with a line end."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str | None:
        """The name of the file that it is, if its first line is a comment that gives one."""
        found = _FILE.match(self.text)
        return found["name"] if found else None

    @property
    def content(self) -> str:
        """The text without that line."""
        found = _FILE.match(self.text)
        return found["content"] if found else self.text


def guide(name: str) -> list[Block]:
    return blocks(GUIDES / f"{name}.rst")


def blocks(page: Path) -> list[Block]:
    """
    :raises AssertionError: it shows code in another way than in ``code-block`` directives or in fences.
    """
    lines = page.read_text().splitlines()
    read = _directives if page.suffix == ".rst" else _fences
    name = page.name if page.suffix == ".rst" else str(page.relative_to(ROOT))
    return [Block(name, number, language, text) for number, language, text in read(lines, name)]


def all_blocks() -> list[Block]:
    return [block for page in PAGES for block in blocks(page)]


def files(shown: Iterable[Block]) -> dict[str, str]:
    """
    :raises AssertionError: two of them have the same name.
    """
    found: dict[str, str] = {}
    for block in shown:
        if block.file:
            assert block.file not in found, f"{block}: {block.file} is there twice"
            found[block.file] = block.content
    return found


def _directives(lines: list[str], page: str) -> Iterator[tuple[int, str, str]]:
    number = 0
    while number < len(lines):
        assert not _LITERAL.fullmatch(lines[number]), f"{page}:{number + 1}: show code with code-block"
        directive = _DIRECTIVE.fullmatch(lines[number])
        number += 1
        if directive:
            indent = len(directive["indent"]) + 1
            assert not lines[number].strip(), f"{page}:{number + 1}: code-block is used without options here"
            start = number = number + 1
            while number < len(lines) and (not lines[number].strip() or lines[number][:indent].isspace()):
                number += 1
            yield start + 1, directive["language"], _dedent(lines[start:number])


def _fences(lines: list[str], page: str) -> Iterator[tuple[int, str, str]]:
    opening, start = None, 0
    for number, line in enumerate(lines):
        fence = _FENCE.fullmatch(line)
        if fence and opening is None:
            opening, start = fence, number + 1
        elif opening is not None and line == opening["indent"] + "```":
            yield start + 1, opening["language"].strip(), _dedent(lines[start:number])
            opening = None
    assert opening is None, f"{page}:{start}: its code has no end"


def _dedent(lines: list[str]) -> str:
    return textwrap.dedent("\n".join(lines)).strip("\n") + "\n"
