# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where apt has Debian from, as apt itself is configured."""

from __future__ import annotations

import subprocess
from pathlib import Path

_SYSTEM = Path("/etc/os-release")


def system() -> dict[str, str]:
    """What runs here: ``ID`` and ``VERSION_CODENAME`` among others."""
    return dict(line.split("=", 1) for line in _SYSTEM.read_text().splitlines() if "=" in line)


def mirror() -> str | None:
    """The address that apt has this machine's own release from, if it has it from one."""
    codename = system()["VERSION_CODENAME"]
    asked = ["apt-get", "indextargets", "--format", "$(CODENAME) $(RELEASE) $(COMPONENT) $(REPO_URI)"]
    lines = subprocess.run([*asked, "Created-By: Packages"], check=True, capture_output=True, text=True).stdout
    targets = [line.split() for line in lines.splitlines()]
    return next((words[-1] for words in targets if "main" in words and codename in words), None)


def debian_mirror() -> str | None:
    """:func:`mirror` where that is Debian's."""
    return mirror() if system().get("ID") == "debian" else None
