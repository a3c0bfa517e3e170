# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the entry points share."""

from __future__ import annotations

import os
from collections import Counter
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


_FOR_THE_DOUBLE = pytest.StashKey[Counter[str]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name.startswith(_CORE) and "ansible" not in getattr(item, "fixturenames", ()):
            item.add_marker("core")
    if "TEST_KUBECONFIG" in os.environ:
        _leave_out_those_for_the_double(config, items)


def _leave_out_those_for_the_double(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if item.get_closest_marker("double")]
    reasons = (mark.args[0] for item in left_out if (mark := item.get_closest_marker("double")))
    config.stash[_FOR_THE_DOUBLE] = Counter(reasons)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for reason, count in config.stash.get(_FOR_THE_DOUBLE, Counter()).items():
        terminalreporter.line(f"left out, as they need the double of Kubernetes: {count} tests: {reason}")
