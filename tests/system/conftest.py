# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the entry points share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.ansible.command import Ansible


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    return Ansible(tmp_path)


# What these test touches no Ansible, unless they take the fixture above.
_CORE = (
    "test_converge_",
    "test_dns",
    "test_ejabberd",
    "test_erl",
    "test_exec.py",
    "test_exec_",
    "test_fence",
    "test_gossip",
    "test_hosts",
    "test_kubernetes",
    "test_local_epmd",
    "test_member_tables",
    "test_port_forward",
    "test_rancher",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name.startswith(_CORE) and "ansible" not in getattr(item, "fixturenames", ()):
            item.add_marker("core")
