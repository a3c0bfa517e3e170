# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test uses, as its source says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.harness.paths import ROOT


def texts_of(where: str) -> set[str]:
    """The strings in ``file::test`` of tests/system, and in all that it names in that file and in the harness.

    :raises AssertionError: there is no such test, or it is always left out.
    """
    file, _colons, name = where.partition("::")
    path = ROOT / "tests" / "system" / file
    test = _definitions(path).get(name)
    assert isinstance(test, ast.FunctionDef), f"{where}: no such test"
    marks = {ast.unparse(decorator) for decorator in test.decorator_list}
    assert not any(mark.startswith(("pytest.mark.skip(", "pytest.mark.xfail")) for mark in marks), f"{where}: {marks}"
    found: set[str] = set()
    todo, seen = [(path, name)], set()
    while todo:
        place = todo.pop()
        if place in seen:
            continue
        seen.add(place)
        source, name = place
        node = _definitions(source).get(name)
        if isinstance(node, ast.ImportFrom):
            todo += [(_path(node.module), name)] if str(node.module).startswith("tests.harness") else []
        elif node:
            found |= set(_texts(node))
            todo += [(source, used) for used in _names(node)]
    return found


@cache
def _definitions(path: Path) -> dict[str, ast.AST]:
    """Functions, classes, constants and imports of a file."""
    found: dict[str, ast.AST] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, ast.ImportFrom):
            found.update({alias.asname or alias.name: node for alias in node.names})
        elif isinstance(node, ast.Assign):
            found.update({target.id: node for target in node.targets if isinstance(target, ast.Name)})
    return found


def _path(module: str | None) -> Path:
    path = ROOT.joinpath(*str(module).split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _texts(node: ast.AST) -> Iterator[str]:
    docstrings = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Expr)}
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in docstrings:
            yield one.value


def _names(node: ast.AST) -> Iterator[str]:
    """Those of fixtures, too."""
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.arg):
            yield one.arg
