# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label and field selectors as an API server understands and refuses them.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
"""

from __future__ import annotations

import re
from typing import Any, Callable, Mapping

_KEY = r"(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)?"
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s+\(([^()]*)\)")
_EQUALITY = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_EXISTENCE = re.compile(rf"(!?)\s*({_KEY})")
_POD_FIELDS = (
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
)
_FIELDS = ("metadata.name", "metadata.namespace")

Matches = Callable[[Mapping[str, Any]], bool]


def label_selector(text: str) -> Matches:
    """
    :raises ValueError: with the text of a real server's 400.
    """
    requirements = [_requirement(part.strip()) for part in re.split(r",(?![^(]*\))", text) if text]
    return lambda item: all(holds(item["metadata"].get("labels") or {}) for holds in requirements)


def field_selector(text: str, resource: str) -> Matches:
    """
    :raises ValueError: with the text of a real server's 400.
    """
    tests = []
    for part in filter(None, text.split(",")):
        found = re.fullmatch(r"([\w.]+)(==|=|!=)(.*)", part)
        if not found:
            raise ValueError(f"invalid selector: '{text}'; can't understand '{part}'")
        path, operator, value = found.groups()
        if path not in _FIELDS + (_POD_FIELDS if resource == "pods" else ()):
            raise ValueError(f"field label not supported: {path}")
        tests.append((path, operator, value))
    return lambda item: all((_at(item, path) == value) != (operator == "!=") for path, operator, value in tests)


def _requirement(text: str) -> Callable[[Mapping[str, str]], bool]:
    if found := _SET.fullmatch(text):
        key, operator, values = found.groups()
        wanted = {value.strip() for value in values.split(",")}
        return lambda labels: (labels.get(key) in wanted) == (operator == "in")
    if found := _EQUALITY.fullmatch(text):
        key, operator, value = found.groups()
        return lambda labels: (labels.get(key) == value) != (operator == "!=")
    if found := _EXISTENCE.fullmatch(text):
        negated, key = found.groups()
        return lambda labels: (key in labels) != bool(negated)
    raise ValueError(
        f"unable to parse requirement: <nil>: Invalid value: {text!r}: name part must consist of alphanumeric"
    )


def _at(item: Any, path: str) -> str:
    for key in path.split("."):
        item = (item or {}).get(key)
    return item or ""
