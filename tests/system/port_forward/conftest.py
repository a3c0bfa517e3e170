# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of port-forwards share: the API double with a pod, of which each test gets it as new."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.kubernetes.double import KubeDouble
from tests.harness.kubernetes.port_forward import api_with_a_pod, echoing, forwarding


@pytest.fixture(scope="module")
def echo() -> Iterator[tuple[str, int]]:
    with echoing() as address:
        yield address


@pytest.fixture(scope="module")
def server() -> Iterator[KubeDouble]:
    with api_with_a_pod() as api:
        yield api


@pytest.fixture
def api(server: KubeDouble, echo: tuple[str, int]) -> Iterator[KubeDouble]:
    with forwarding(server, echo) as api:
        yield api
