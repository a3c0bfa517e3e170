# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's own variables have its name in front, so that none of the user's, such as -e version=1, overrides them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.selfheal.cluster.plugins.plugin_utils._variables import WORDS

ROOT = Path(__file__).parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
SET_FACT = ("ansible.builtin.set_fact", "set_fact")


def names_set_in(tasks: Any) -> Iterator[str]:
    """What tasks set, in whatever blocks they are."""
    if isinstance(tasks, list):
        for task in tasks:
            yield from names_set_in(task)
    elif isinstance(tasks, dict):
        for key, value in tasks.items():
            if key in ("vars", *SET_FACT):
                yield from (name for name in value if name != "cacheable")
            elif key in ("register", "loop_var", "index_var"):
                yield value
            else:
                yield from names_set_in(value)


def names_of(role: str) -> Iterator[tuple[str, str]]:
    """Where each variable of its own is set, and its name."""
    directory = ROOT / "roles" / role
    for file in sorted(directory.rglob("*.yml")):
        kind = file.relative_to(directory).parts[0]
        content = yaml.safe_load(file.read_text())
        if kind in ("tasks", "handlers"):
            names = list(names_set_in(content))
        else:
            names = list(content) if kind == "vars" else []
        yield from ((str(file.relative_to(ROOT)), name) for name in names)


@pytest.mark.parametrize("role", ROLES)
def test_each_variable_of_its_own_has_the_name_of_the_role(role: str) -> None:
    others = [
        f"{file}: {name}"
        for file, name in names_of(role)
        if not name.startswith(f"__{role}_") and name not in WORDS[role]
    ]
    assert others == []


def test_all_ways_to_set_one_are_seen() -> None:
    task = {
        "block": [{"ansible.builtin.set_fact": {"fact": 1, "cacheable": True}, "register": "registered"}],
        "rescue": [{"loop_control": {"loop_var": "one", "index_var": "number"}}],
        "vars": {"of_block": {"vars": 1}},
    }
    assert sorted(names_set_in([task])) == ["fact", "number", "of_block", "one", "registered"]
    assert len(list(names_of("schedule"))) > 50
