# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of lists; what an API server really sends is in tests/system."""

from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.resources import (
    RESOURCES,
    page_of,
    version_of,
)


def test_a_page() -> None:
    payload = {"kind": "PodList", "metadata": {"continue": "x"}, "items": [1]}
    assert page_of(payload, RESOURCES["pods"]) == ([1], "x")
    assert page_of({**payload, "metadata": {}}, RESOURCES["pods"]) == ([1], "")
    for wrong in ("x", None, {}, {**payload, "items": {}}, {**payload, "kind": {"a": 1}}):
        with pytest.raises(DiscoveryError):
            page_of(wrong, RESOURCES["pods"])


def test_the_version_of_a_page() -> None:
    payload = {"kind": "PodList", "metadata": {"resourceVersion": "7", "continue": "x"}, "items": []}
    assert version_of(payload, RESOURCES["pods"]) == "7"
    for wrong in (None, {**payload, "kind": "NodeList"}, {**payload, "metadata": {}}, {**payload, "metadata": None}):
        with pytest.raises(DiscoveryError):
            version_of(wrong, RESOURCES["pods"])
