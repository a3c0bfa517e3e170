# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quick start, word by word, as its readers run it: in a checkout, in one shell, on real nodes.

It has a network of its own, in which 127.0.0.1 and epmd's port are nobody else's. There is no PyPI in it, so pip takes
what was fetched before.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.release import __version__

from tests.harness.ansible.command import copy_checkout
from tests.harness.docs.code_blocks import SHELL, guide
from tests.harness.erlang.hosts import Namespace

_SUDO = '#!/bin/sh\nexec "$@" --simulate\n'
_NODES_ARE_UP = """
for _try in $(seq 600); do [ "$(epmd -names | grep -c 'at port')" = 3 ] && break; sleep 0.1; done
"""


@pytest.fixture
def network() -> Iterator[Namespace]:
    space = Namespace()
    try:
        space.ip(4, "link set lo up")
        # erl would start one that goes on after it
        epmd = subprocess.Popen([*space.prefix, "setpriv", "--pdeathsig", "KILL", "epmd"], stdin=subprocess.DEVNULL)
        try:
            yield space
        finally:
            epmd.kill()
            epmd.wait()
    finally:
        space.close()


def _script() -> str:
    """The blocks in their order: files are written, commands are run."""
    parts = ["set -e"]
    for block in guide("quickstart"):
        if block.language in SHELL:
            parts += [f"echo '--- {block.line}'", block.text]
            parts += [_NODES_ARE_UP] if "erl -noinput" in block.text else []
        elif block.file:
            parts.append(f"cat >{block.file} <<'END_OF_FILE'\n{block.text}END_OF_FILE")
    return "\n".join(parts)


def _recaps(output: str) -> list[tuple[int, int]]:
    """Of each playbook: how many tasks changed something, and how many failed."""
    found = re.findall(r"^try +: ok=\d+ +changed=(\d+) .*failed=(\d+)", output, flags=re.MULTILINE)
    return [(int(changed), int(failed)) for changed, failed in found]


@pytest.mark.long
def test_word_by_word(tmp_path: Path, network: Namespace) -> None:
    core = ".".join(__version__.split(".")[:2])
    wheels = tmp_path / "wheels"
    fetch = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--dest", str(wheels))
    subprocess.run([*fetch, f"ansible-core=={core}.*", "dnspython"], check=True)
    checkout = tmp_path / "checkout"
    copy_checkout(checkout)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "sudo").write_text(_SUDO)
    (programs / "sudo").chmod(0o755)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))},
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "ANSIBLE_NOCOLOR": "1",
    }
    reader = subprocess.Popen(
        [*network.prefix, "bash"],
        cwd=checkout,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _nothing = reader.communicate(_script(), timeout=600)
    finally:
        # The nodes too, should it have ended before its end
        with contextlib.suppress(ProcessLookupError):
            os.killpg(reader.pid, signal.SIGKILL)
        reader.wait()
    assert reader.returncode == 0, output
    look, too_many, broken = re.split(r"^--- \d+\n", output, flags=re.MULTILINE)[3:6]
    assert _recaps(look) == [(0, 0), (1, 0), (1, 0), (0, 0)], output
    assert _recaps(too_many) == [(1, 0)], output
    assert _recaps(broken) == [(0, 1), (0, 0)], output
    shown = [line for block in guide("quickstart") if block.language == "text" for line in block.text.splitlines()]
    assert shown
    assert [line for line in shown if line not in look.splitlines()] == [], output
    assert "try: pruned three@127.0.0.1" in too_many, output
    assert "It failed, and changed nothing." in broken, output
    assert re.search(r"^try +whole +2/2 ", broken, flags=re.MULTILINE), output
