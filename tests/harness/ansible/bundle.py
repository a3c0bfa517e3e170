# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collections of others that ``scripts/bundle-parts`` fetches."""

from __future__ import annotations

from tests.harness.paths import ROOT

PARTS = ROOT / ".venv" / "bundle"


def with_bundle() -> dict[str, str]:
    """The environment of commands that find them as well.

    :raises RuntimeError: they are not there.
    """
    if not (PARTS / ".made").exists():
        raise RuntimeError("the collections of others are not there: scripts/setup test fetches them")
    return {"ANSIBLE_COLLECTIONS_PATH": f"{ROOT / '.build' / 'collections'}:{PARTS / 'collections'}"}
