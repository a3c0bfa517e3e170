# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-doc shows of each plugin: examples that are right, and samples of what it returns."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.ansible.command import Ansible
from tests.harness.docs import checks
from tests.harness.paths import ROOT

PLUGINS = ROOT / "plugins"


def _documentation(file: Path) -> dict[str, str]:
    """DOCUMENTATION, EXAMPLES and RETURN of a plugin, as text."""
    if file.suffix == ".yml":
        return {key: value if isinstance(value, str) else yaml.safe_dump(value) for key, value in _yaml(file).items()}
    assigned = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.Assign)]
    names = {node.targets[0].id: node.value for node in assigned if isinstance(node.targets[0], ast.Name)}
    return {
        name: value.value
        for name, value in names.items()
        if name in ("DOCUMENTATION", "EXAMPLES", "RETURN") and isinstance(value, ast.Constant)
    }


def _yaml(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def _documented() -> Iterator[Path]:
    for kind in ("modules", "inventory", "lookup", "filter"):
        for file in sorted((PLUGINS / kind).iterdir()):
            if file.is_file() and _documentation_is_in(file):
                yield file


def _documentation_is_in(file: Path) -> bool:
    return file.suffix == ".yml" or (file.suffix == ".py" and "\nDOCUMENTATION = " in file.read_text())


def _name(file: Path) -> str:
    return str(file.relative_to(PLUGINS))


FILES = list(_documented())


@pytest.mark.parametrize("file", FILES, ids=_name)
def test_its_examples(file: Path, ansible: Ansible) -> None:
    examples = yaml.safe_load(_documentation(file)["EXAMPLES"])
    if isinstance(examples, dict):
        assert "topologies" in examples, "an inventory file"
        checks.check_inventories(ansible, ansible.home, {file.name: examples})
        return
    plays = examples if all("hosts" in item for item in examples) else [{"hosts": "localhost", "tasks": examples}]
    checks.check_plays(plays)
    playbook = ansible.home / "playbook.yml"
    playbook.write_text(yaml.safe_dump(plays, sort_keys=False))
    ansible.run("ansible-playbook", "--syntax-check", "-i", "localhost,", str(playbook)).ok()


@pytest.mark.parametrize("file", [file for file in FILES if file.parent.name != "inventory"], ids=_name)
def test_all_that_it_returns_has_a_sample(file: Path) -> None:
    shown = yaml.safe_load(_documentation(file)["RETURN"])
    assert shown
    assert list(_without_sample(shown, "")) == []


def _without_sample(returned: Mapping[str, Any], path: str) -> Iterator[str]:
    """A key has a sample of its own, or is in one further up, or consists of keys that have."""
    for name, entry in returned.items():
        contains = entry.get("contains", {})
        sample = entry.get("sample")
        if contains and sample is not None:
            first = sample[0] if isinstance(sample, list) else sample
            assert set(first) <= set(contains), f"{path}{name}: its sample has {set(first) - set(contains)}"
        elif contains:
            yield from _without_sample(contains, f"{path}{name}.")
        elif sample is None:
            yield f"{path}{name}"
