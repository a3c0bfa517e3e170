# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each command that the documentation shows: its program has the options, and what it names is there.

A program that is not known here fails; no command is passed over.
"""

from __future__ import annotations

import functools
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from ansible.cli.adhoc import AdHocCLI
from ansible.cli.galaxy import GalaxyCLI
from ansible.cli.inventory import InventoryCLI
from ansible.cli.playbook import PlaybookCLI

from tests.harness.docs import checks
from tests.harness.docs.code_blocks import SHELL, Block, all_blocks
from tests.harness.eda.rulebook import BIN as EDA
from tests.harness.paths import ROOT

_BIN = Path(sys.executable).parent
_SEPARATORS = (";", "&&", "||", "|", "&")
_ROLES = ("converge", "report", "schedule")
_PREFIX = "selfheal.cluster."


class Shown:
    """The page of a block, for what its commands name."""

    def __init__(self, block: Block) -> None:
        of_page = [other.file for other in all_blocks() if other.page == block.page]
        self._files = {*of_page, "app.cluster.yml", "more.cluster.yml"}

    def has(self, file: str) -> bool:
        return file in self._files


def _playbook(words: list[str], shown: Shown) -> None:
    cli = PlaybookCLI(words)
    cli.init_parser()
    given = cli.parser.parse_args(words[1:])
    for playbook in given.args:
        file = ROOT / "playbooks" / f"{playbook[len(_PREFIX) :]}.yml"
        assert file.exists() if playbook.startswith(_PREFIX) else shown.has(playbook), playbook
    for inventory in given.inventory or ():
        assert shown.has(inventory), inventory
    for variables in given.extra_vars or ():
        _variables(variables, shown)


def _variables(given: str, shown: Shown) -> None:
    if given.startswith("@"):
        assert shown.has(Path(given[1:]).name), given
        return
    pairs = json.loads(given) if given.startswith("{") else dict([given.split("=", 1)])
    for name, value in pairs.items():
        (role,) = [role for role in _ROLES if name in _role_options(role)]
        parsed = yaml.safe_load(value) if isinstance(value, str) else value
        checks.check_role_variables(role, {name: parsed})


@functools.cache
def _role_options(role: str) -> frozenset[str]:
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    return frozenset().union(*(entry["options"] for entry in specs.values()))


def _inventory(words: list[str], shown: Shown) -> None:
    cli = InventoryCLI(words)
    cli.init_parser()
    assert all(shown.has(file) for file in cli.parser.parse_args(words[1:]).inventory)


def _galaxy(words: list[str], shown: Shown) -> None:
    cli = GalaxyCLI(words)
    cli.init_parser()
    bundle = (ROOT / "scripts" / "bundle-parts").read_text()
    for collection in cli.parser.parse_args(words[1:]).args:
        assert collection == "." or collection.partition(":")[0] in bundle, (
            f"{collection} is not one of those of the tests"
        )


def _ad_hoc(words: list[str], shown: Shown) -> None:
    cli = AdHocCLI(words)
    cli.init_parser()
    module = cli.parser.parse_args(words[1:]).module_name
    assert (ROOT / "plugins" / "modules" / f"{module[len(_PREFIX) :]}.py").exists(), module


def _rulebook(words: list[str], shown: Shown) -> None:
    _has_options(EDA / "ansible-rulebook", words)
    rulebook = words[words.index("--rulebook") + 1]
    file = ROOT / "extensions" / "eda" / "rulebooks" / f"{rulebook[len(_PREFIX) :]}.yml"
    assert file.exists() if rulebook.startswith(_PREFIX) else shown.has(rulebook), rulebook


def _builder(words: list[str], shown: Shown) -> None:
    _has_options(_BIN / "ansible-builder", words, words[1])
    assert shown.has(words[words.index("--file") + 1])


def _has_options(program: Path, words: list[str], *subcommand: str) -> None:
    helped = subprocess.run([program, *subcommand, "--help"], capture_output=True, text=True, check=True).stdout
    for word in words:
        assert not word.startswith("-") or re.search(rf"(?<![\w-]){word}\b", helped), f"{program.name} has no {word}"


def _make(words: list[str], shown: Shown) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    wrong = [word for word in words[1:] if word not in targets and "=" not in word]
    assert not wrong, f"make has no {wrong}"


def _pip(words: list[str], shown: Shown) -> None:
    assert words[1] == "install"
    lists = ("meta/ee-requirements.txt", "tests/requirements.txt", "tests/requirements-eda.txt")
    known = "".join((ROOT / file).read_text() for file in lists)
    for library in words[2:]:
        assert re.search(rf"(?<![\w-]){re.escape(library)}(?![\w-])", known), f"{library} is not one that the tests use"


def _apt_get(words: list[str], shown: Shown) -> None:
    assert words[1:4] == ["apt-get", "install", "--yes"], words
    known = (ROOT / "scripts" / "setup").read_text()
    for package in words[4:]:
        assert package.replace("python3-venv", "-venv") in known, f"scripts/setup does not know {package}"


def _units(words: list[str], shown: Shown) -> None:
    made = (ROOT / "roles" / "schedule").rglob("*")
    suffix = words[-1].partition(".")[2]
    assert any(f".{suffix}" in file.read_text() for file in made if file.suffix == ".yml"), words


def _script(words: list[str], shown: Shown) -> None:
    assert (ROOT / words[0]).exists()
    for word in words[1:]:
        assert word.startswith("-") or (ROOT / word).exists() or shown.has(word), word


def _nox(words: list[str], shown: Shown) -> None:
    sessions = (ROOT / "noxfile.py").read_text() + (ROOT / "antsibull-nox.toml").read_text().replace("_", "-")
    for session in words[words.index("-s") + 1 :] if "-s" in words else ():
        assert re.sub(r"-2\.\d+$", "-{core}", session) in sessions, f"nox has no session {session}"


def _mix(words: list[str], shown: Shown) -> None:
    assert words == ["mix", "release"]
    assert shown.has("mix.exs")


def _release(words: list[str], shown: Shown) -> None:
    assert words[0] == "_build/prod/rel/chat/bin/chat"
    assert words[1] in ("start", "rpc")


def _runs_a_job_of_cron(words: list[str], shown: Shown) -> None:
    """Its path is one that the role makes of schedule_name."""
    assert words == ["/etc/selfheal/selfheal/run"]
    assert "/etc/selfheal/" in (ROOT / "roles" / "schedule" / "vars" / "main.yml").read_text()


def _plain(words: list[str], shown: Shown) -> None:
    """A program of every Debian, a builtin of the shell, or git."""
    builtins = (".", "cd", "export")
    assert words[0] in builtins or shutil.which(words[0]), words


PROGRAMS: dict[str, Callable[[list[str], Shown], None]] = {
    "ansible": _ad_hoc,
    "ansible-builder": _builder,
    "ansible-galaxy": _galaxy,
    "ansible-inventory": _inventory,
    "ansible-playbook": _playbook,
    "ansible-rulebook": _rulebook,
    "chat": _release,
    "make": _make,
    "mix": _mix,
    "nox": _nox,
    "pip": _pip,
    "sudo": _apt_get,
    "systemctl": _units,
    "journalctl": _units,
    "test": _script,
    "run": _runs_a_job_of_cron,
    # Not on the machine of the tests; there is nothing of ours in these words
    "podman": lambda words, shown: None,
    **dict.fromkeys(
        (".", "cat", "cd", "echo", "erl", "export", "git", "kill", "mkdir", "printf", "python3", "tail"), _plain
    ),
}


def commands(text: str) -> Iterator[list[str]]:
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars=";&|<>()")
        words.whitespace_split = True
        command: list[str] = []
        for word in [*words, ";"]:
            if word in _SEPARATORS:
                if command:
                    yield command
                command = []
            elif command or not re.fullmatch(r"[A-Z_]+=.*", word):
                command.append(word)


@pytest.mark.parametrize("block", [block for block in all_blocks() if block.language in SHELL], ids=str)
def test_its_commands(block: Block) -> None:
    shown = Shown(block)
    found = list(commands(block.text))
    assert found, block
    for words in found:
        program = words[0].rsplit("/", 1)[-1] if "/" in words[0] else words[0]
        assert program in PROGRAMS, f"{block}: nobody knows how to check {words}"
        PROGRAMS[program](words, shown)


@pytest.mark.parametrize(
    "command",
    [
        "ansible-playbook -i app.cluster.yml selfheal.cluster.heal",
        "ansible-playbook -i nowhere.cluster.yml selfheal.cluster.converge",
        "ansible-playbook -i app.cluster.yml selfheal.cluster.converge -e topology_pause=1",
        "ansible-playbook --heal -i app.cluster.yml selfheal.cluster.converge",
        "ansible-rulebook --rulebook selfheal.cluster.heal --often",
        "ansible localhost -m selfheal.cluster.heal",
        "make everything",
        "scripts/test tests/nowhere",
    ],
)
def test_a_wrong_one_is_found(command: str) -> None:
    with pytest.raises((AssertionError, SystemExit, ValueError)):
        test_its_commands(Block("policy.rst", 1, "shell", command))
