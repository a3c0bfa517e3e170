# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/examples/awx: what ansible-builder makes of its image and reads from the collection, and what readers see."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.harness.docs.code_blocks import files, guide
from tests.harness.paths import ROOT

_EXAMPLE = ROOT / "docs" / "examples" / "awx"
_BUILDER = Path(sys.executable).parent / "ansible-builder"


def _build(directory: Path, *arguments: object) -> None:
    done = subprocess.run(
        [_BUILDER, *(str(argument) for argument in arguments)],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_is_accepted_and_its_context_has_all_that_it_names(tmp_path: Path) -> None:
    file = _EXAMPLE / "execution-environment.yml"
    _build(_EXAMPLE, "create", "--file", file, "--context", tmp_path, "--output-filename", "Containerfile")
    recipe = (tmp_path / "Containerfile").read_text()
    assert yaml.safe_load(file.read_text())["images"]["base_image"]["name"] in recipe
    core = re.search(r'ANSIBLE_INSTALL_REFS="ansible-core ~= (\d+)\.(\d+)\.\d+ ansible-runner"', recipe)
    assert core, recipe
    assert (int(core[1]), int(core[2])) >= _oldest_core()
    assert "introspect.py introspect" in recipe, "it asks the collections what they need"
    assert "ansible-galaxy collection install" in recipe
    required = (_EXAMPLE / "collections" / "requirements.yml").read_text()
    assert (tmp_path / "_build" / "requirements.yml").read_text() == required


def test_that_of_a_decision_environment_is_accepted(tmp_path: Path) -> None:
    file = ROOT / "docs" / "examples" / "eda" / "decision-environment.yml"
    _build(tmp_path, "create", "--file", file, "--context", tmp_path / "context", "--output-filename", "Containerfile")
    recipe = (tmp_path / "context" / "Containerfile").read_text()
    assert yaml.safe_load(file.read_text())["images"]["base_image"]["name"] in recipe


def test_systemd_takes_the_unit_for_events(tmp_path: Path) -> None:
    unit = tmp_path / "selfheal-eda.service"
    shown = (ROOT / "docs" / "examples" / "eda" / unit.name).read_text()
    # It insists on a program that is there
    unit.write_text(shown.replace("/opt/eda/bin/ansible-rulebook", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", unit], check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_has_the_files_of_the_example() -> None:
    shown = files(guide("awx"))
    for file in _EXAMPLE.rglob("*.yml"):
        content = file.read_text().partition("GPL-3.0-or-later\n")[2]
        name = str(file.relative_to(_EXAMPLE))
        assert shown[name] == content.removeprefix(f"# {name}\n"), f"{name} is not in the guide as it is"


def test_the_collection_says_which_libraries_it_needs(tmp_path: Path) -> None:
    libraries, packages = tmp_path / "requirements.txt", tmp_path / "bindep.txt"
    collections = ROOT / ".build" / "collections"
    _build(tmp_path, "introspect", collections, "--write-pip", libraries, "--write-bindep", packages)
    found = [line.partition("#")[0].strip() for line in libraries.read_text().splitlines()]
    assert found == ["cryptography", "dnspython >= 2.1", "jmespath", "kubernetes", "websockets >= 15"]
    assert all("selfheal.cluster" in line and "[compile" in line for line in packages.read_text().splitlines())


def _oldest_core() -> tuple[int, ...]:
    runtime: dict[str, Any] = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    return tuple(int(part) for part in runtime["requires_ansible"].removeprefix(">=").split(".")[:2])
