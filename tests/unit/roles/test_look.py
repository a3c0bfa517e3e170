# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the program that looks at a host for the role schedule prints."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROLE = Path(__file__).parents[3] / "roles" / "schedule"
LOOK = ROLE / "files" / "host" / "look.sh"
LISTED = re.search(r"dict\(\[(.*)\] \| product", (ROLE / "vars" / "main.yml").read_text())
KEYS = set(re.findall(r"'([a-z]+)'", LISTED[1] if LISTED else ""))
"""Those that the role reads."""
MARKER = "# Made by the role."


def look(command: str | Path, directory: Path, home: Path, *places: Path) -> dict[str, list[str]]:
    arguments = [command, MARKER, directory, home, directory.name, *places]
    done = subprocess.run(
        ["sh", "-c", LOOK.read_text(), "sh", *map(str, arguments)], capture_output=True, text=True, check=True
    )
    seen: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        key, value = line.split("=", 1)
        seen.setdefault(key, []).append(value)
    assert set(seen) <= KEYS
    return seen


def test_a_host_without_a_schedule(tmp_path: Path) -> None:
    seen = look("no-such-command", tmp_path / "etc" / "app", tmp_path / "var" / "app", tmp_path / "app.service")
    assert seen["user"] == [str(os.getuid())]
    assert not {"programs", "own", "strange", "files", "last"} & set(seen)


def test_the_command_is_followed_to_its_file_and_its_interpreter(tmp_path: Path) -> None:
    interpreter = tmp_path / "python3.99"
    interpreter.touch()
    (tmp_path / "python3").symlink_to(interpreter)
    file = tmp_path / "ansible=playbook"
    file.write_text(f"#! {tmp_path}/python3 -I\n")
    file.chmod(0o755)
    link = tmp_path / "ansible-playbook"
    link.symlink_to(file)
    assert look(link, tmp_path / "a", tmp_path / "b")["programs"] == [str(link), str(file), str(interpreter)]


def test_files_of_the_role_are_its_own_and_others_are_strange(tmp_path: Path) -> None:
    own, strange = tmp_path / "of the role.service", tmp_path / "of somebody.timer"
    own.write_text(f"[Unit]\n{MARKER}\n")
    strange.write_text(f"[Unit]\n{MARKER} Or not\n")
    seen = look("sh", tmp_path / "a", tmp_path / "b", own, strange, tmp_path / "missing")
    assert (seen["own"], seen["strange"]) == ([str(own)], [str(strange)])


def test_the_last_schedule_is_alone_in_the_directories_of_all(tmp_path: Path) -> None:
    directory, home = tmp_path / "etc" / "app", tmp_path / "var" / "app"
    directory.mkdir(parents=True)
    (directory / ".hidden.secret").touch()
    (directory / "app.cluster.yml").symlink_to("nowhere")
    home.parent.mkdir()
    seen = look("sh", directory, home)
    assert sorted(seen["files"]) == [".hidden.secret", "app.cluster.yml"]
    assert seen["last"] == [str(directory.parent), str(home.parent)]
    (directory.parent / "app2").mkdir()
    (home.parent / ".x").touch()
    assert "last" not in look("sh", directory, home)
