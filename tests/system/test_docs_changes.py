# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes that developers are shown, made in a copy of the checkout."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.ansible.command import Ansible, copy_checkout
from tests.harness.docs.code_blocks import blocks, guide
from tests.harness.paths import ROOT

_SCRIPT = "scripts/test "


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    place = tmp_path / "checkout"
    copy_checkout(place)
    _run(place, place / "scripts" / "link-collection")
    return place


def _run(checkout: Path, *command: object, text: str = "", fails: bool = False) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=checkout,
        env=environment,
        input=text,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    output = done.stdout + done.stderr
    assert bool(done.returncode) is fails, output
    return output


def _apply(checkout: Path, diff: str) -> None:
    """Where the lines have moved git finds them, as long as they are what the page shows."""
    _run(checkout, "git", "apply", "--verbose", "-", text=diff)


def _write(checkout: Path, file: str | None, text: str) -> None:
    assert file
    (checkout / file).parent.mkdir(parents=True, exist_ok=True)
    (checkout / file).write_text(text)


def _test(checkout: Path, command: str, fails: bool = False) -> str:
    """What scripts/test runs, with the Python that runs this."""
    assert command.startswith(_SCRIPT), command
    options = ("-q", "-p", "no:cacheprovider")
    return _run(checkout, sys.executable, "-m", "pytest", *options, *command.split()[1:], fails=fails)


@pytest.mark.long
def test_the_first_change(checkout: Path) -> None:
    """That of CONTRIBUTING.md: red, green, told."""
    shown = blocks(ROOT / "CONTRIBUTING.md")
    test, change = [block.text for block in shown if block.language == "diff"]
    (fragment,) = [block for block in shown if block.language == "yaml"]
    command = next(block.text for block in shown if "test_topology.py" in block.text and block.language == "sh")
    command = command.splitlines()[0]
    _apply(checkout, test)
    assert "1 failed" in _test(checkout, command, fails=True)
    _apply(checkout, change)
    assert "passed" in _test(checkout, command)
    _write(checkout, fragment.file, fragment.content)
    sections = yaml.safe_load((ROOT / "changelogs" / "config.yaml").read_text())["sections"]
    assert set(yaml.safe_load(fragment.text)) <= {section for section, _title in sections}


@pytest.mark.long
def test_the_new_strategy(checkout: Path, tmp_path: Path) -> None:
    """That of the guide: its tests pass, and the module has it."""
    package, test, write, ask = _apply_example(checkout, "A new strategy")
    _run(checkout, "sh", "-c", package)
    assert "3 passed" in _test(checkout, test)

    nodes = tmp_path / "nodes"
    _run(checkout, "sh", "-c", write.replace("/tmp/nodes", str(nodes)))
    ansible = Ansible(tmp_path, ANSIBLE_COLLECTIONS_PATH=str(checkout / ".build" / "collections"))
    arguments = shlex.split(ask.replace("/tmp/nodes", str(nodes)))[1:]
    found = ansible.run("ansible", *arguments).ok().results[-1]["result"]
    assert [node["name"] for node in found["nodes"]] == ["chat@10.0.0.1", "chat@10.0.0.2"]
    assert found["status"] == "complete"

    nodes.write_text("chat@10.0.0.1\n")
    assert "was cut off" in ansible.run("ansible", *arguments).text
    documented = ansible.run("ansible-doc", "selfheal.cluster.nodes_info").ok()
    assert "lines_file" in documented.output


@pytest.mark.long
def test_the_new_driver(checkout: Path, tmp_path: Path) -> None:
    """That of the guide, and nothing else: it heals a cluster, prunes from it, and says who does not answer."""
    package, make, heal = _apply_example(checkout, "A new driver")
    _run(checkout, "sh", "-c", package)
    members = tmp_path / "members"
    _run(checkout, "sh", "-c", make.replace("/tmp/members", str(members)))
    ansible = Ansible(tmp_path, ANSIBLE_COLLECTIONS_PATH=str(checkout / ".build" / "collections"))

    def healed(command: str) -> dict[str, Any]:
        arguments = shlex.split(command.replace("/tmp/members", str(members)))[1:]
        return dict(ansible.run("ansible", *arguments).ok().results[-1]["result"])

    first, again = healed(heal), healed(heal)
    assert (first["changed"], first["converged"], len(first["connected"])) == (True, True, 3)
    assert (again["changed"], again["converged"]) == (False, True)

    pruned = healed(heal.replace('"a","b","c"', '"a","b"'))
    assert {link["node"] for link in pruned["pruned"]} == {"c"}
    assert {path.name: [link.name for link in path.iterdir()] for path in members.iterdir()} == {
        "a": ["b"],
        "b": ["a"],
        "c": [],
    }
    missing = healed(heal.replace('"c"', '"d"'))
    assert missing["unreachable_nodes"] == {"d": "No such file or directory: check driver_config.folder"}
    assert "driver_config" in ansible.run("ansible-doc", "selfheal.cluster.membership").ok().output


def _apply_example(checkout: Path, heading: str) -> list[str]:
    """What the guide shows below a heading.

    :returns: its commands.
    """
    text = (ROOT / "docs" / "docsite" / "rst" / "extending.rst").read_text().splitlines()
    first = text.index(heading)
    shown = [block for block in guide("extending") if block.line > first]
    end = next(number for number, block in enumerate(shown) if block.language == "shell")
    for block in shown[:end]:
        if block.language == "diff":
            _apply(checkout, block.text)
        elif block.language == "python":
            _write(checkout, block.file, block.content)
    return shown[end].text.splitlines()
