# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses the output of ``list_nodes`` (pure: bytes in, names out)."""

from __future__ import annotations

import importlib
import json
import traceback
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import (
    MissingLibraryError,
    OptionError,
    UnreachableError,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._io.text import printable
from ansible_collections.selfheal.cluster.plugins.module_utils._names import check_name


@dataclass(frozen=True)
class ListedNames:
    """The names in an observer's list, which may include its own. ``down``: those that it reports unreachable.
    ``unsettled``: those that are neither in nor out, such as members that are leaving."""

    names: frozenset[str]
    down: frozenset[str] = frozenset()
    unsettled: frozenset[str] = frozenset()


_PATHS = ("path", "down_path", "unsettled_path")

Reader = Callable[[bytes], ListedNames]
""":raises UnreachableError: the output is not what it should be."""


def reader_of(driver_config: Mapping[str, Any]) -> Reader:
    """
    :raises OptionError: the options don't fit together, or an expression is invalid.
    :raises MissingLibraryError: JMESPath is needed and not installed.
    """
    paths = {option: driver_config[option] for option in _PATHS}
    if driver_config["format"] == "lines":
        for option, expression in paths.items():
            if expression is not None:
                raise OptionError(f"driver_config.{option}", "needs driver_config.format to be 'json'")
        return _read_lines
    if paths["path"] is None:
        raise OptionError("driver_config.path", "is required by driver_config.format 'json'")
    searches = {option: _compiled(option, text) for option, text in paths.items() if text is not None}
    return lambda output: _read_json(output, searches)


def in_one_line(output: bytes) -> str:
    """The output of a command for a message: short, printable, on one line."""
    lines = (line.strip() for line in output[:4096].decode(errors="replace").split("\n"))
    return printable(" ".join(filter(None, lines))[:200])


def _read_lines(output: bytes) -> ListedNames:
    lines = (line.strip() for line in _text(output).split("\n"))
    return ListedNames(_checked(filter(None, lines)))


def _read_json(output: bytes, searches: Mapping[str, Any]) -> ListedNames:
    text = _text(output)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreachableError(f"list_nodes printed no JSON: {error.msg} in line {error.lineno}") from None
    except (ValueError, RecursionError):
        raise UnreachableError("list_nodes printed JSON with numbers too long or nested too deeply") from None
    found = {option: _names_at(option, search, document) for option, search in searches.items()}
    down, unsettled = (found.get(option, frozenset()) for option in ("down_path", "unsettled_path"))
    return ListedNames(found["path"] | down | unsettled, down, unsettled)


def _names_at(option: str, search: Any, document: Any) -> frozenset[str]:
    try:
        found = search.search(document)
    except (ValueError, TypeError, RecursionError) as error:  # JMESPath's own errors are ValueErrors
        problem = _first_line_of(error)
        raise UnreachableError(f"driver_config.{option} failed on the output of list_nodes: {problem}") from None
    if found is None:
        raise UnreachableError(f"driver_config.{option} finds nothing in the output of list_nodes")
    if not isinstance(found, list):
        raise UnreachableError(f"driver_config.{option} gives no list of strings from the output of list_nodes")
    return _checked(found)


def _checked(names: Iterable[Any]) -> frozenset[str]:
    """Check the names like those of the topology: they are untrusted and become arguments of commands."""
    checked = set()
    for name in names:
        try:
            checked.add(check_name("list_nodes", name))
        except OptionError:
            raise UnreachableError(f"list_nodes gave {_short(name)}, which is no name of a node") from None
    return frozenset(checked)


def _short(value: Any) -> str:
    return repr(value[:60]) if isinstance(value, str) else f"a value of type {type(value).__name__}"


def _text(output: bytes) -> str:
    try:
        return output.decode()
    except UnicodeDecodeError:
        raise UnreachableError("list_nodes printed something that is not UTF-8") from None


def _compiled(option: str, expression: str) -> Any:
    try:
        jmespath = importlib.import_module("jmespath")
    except ImportError:
        raise MissingLibraryError("jmespath", traceback.format_exc()) from None
    try:
        search = jmespath.compile(expression)
        search.search({})  # unknown functions and wrong numbers of arguments are found only when it runs
    except jmespath.exceptions.JMESPathTypeError:
        pass  # a wrong type comes from the empty document, not from the expression
    except RecursionError:
        raise OptionError(f"driver_config.{option}", "is nested too deeply") from None
    except jmespath.exceptions.JMESPathError as error:
        raise OptionError(
            f"driver_config.{option}", f"{expression!r} is no JMESPath expression: {_first_line_of(error)}"
        ) from None
    return search


def _first_line_of(error: Exception) -> str:
    """The message without the lines in which JMESPath repeats the whole expression."""
    return in_one_line(str(error).partition("\n")[0].encode(errors="replace"))
