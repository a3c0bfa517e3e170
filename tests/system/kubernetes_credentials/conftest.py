# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of credentials share: the API double with a pod a namespace, and an environment that names no API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.kubernetes.asking import filled, forget_environment
from tests.harness.kubernetes.double import KubeDouble, kube_api


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_environment(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def server() -> Iterator[KubeDouble]:
    with kube_api() as api:
        yield filled(api)


@pytest.fixture
def api(server: KubeDouble) -> Iterator[KubeDouble]:
    server.requests.clear()
    yield server
    server.heal()
    server.serve(None)
