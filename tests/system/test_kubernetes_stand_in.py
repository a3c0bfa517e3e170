# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests that a real cluster can have, with a double in its place that nobody has powers over."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.paths import ROOT
from tests.harness.waiting import wait_until

HERE = Path(__file__).parent
CHOSEN = (
    HERE / "test_kubernetes.py",
    HERE / "test_kubernetes_faults.py",
    HERE / "test_schedule_kubernetes.py",
    f"{HERE / 'test_inventory_cache.py'}::test_annotations_of_pods_are_never_templates",
)

pytestmark = pytest.mark.double("it has a double stand in for the cluster")


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "kubeconfig"
    with subprocess.Popen([sys.executable, "-m", "tests.harness.kubernetes.stand_in", str(file)], cwd=ROOT) as server:
        try:
            wait_until(lambda: file.exists() or server.poll() is not None, 60, "the stand-in")
            yield file
        finally:
            server.terminate()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_they_run_where_a_kubeconfig_leads_and_those_for_the_double_are_named(kubeconfig: Path) -> None:
    # Below this test's own directory, the paths of Ansible's sockets would be longer than the 108 bytes.
    with tempfile.TemporaryDirectory() as short:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--basetemp", f"{short}/t", *CHOSEN],
            env={**os.environ, "TEST_KUBECONFIG": str(kubeconfig)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    summary = "left out, as they need the double of Kubernetes: 39 tests: a real cluster has no faults on demand"
    assert summary in done.stdout
    assert " skipped" not in done.stdout
