# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodes_info returns can be handed on and becomes the same discovery again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._listing import discovery_of, listing_of
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery, Node

NODES = [Node("a@h"), Node("b@h", "10.0.0.1", "terminating", {"zone": "x"})]


@pytest.mark.parametrize(
    "discovery",
    [
        Discovery.complete([]),
        Discovery.complete(NODES),
        Discovery.complete(NODES, authoritative=False),
        replace(Discovery.complete(NODES), still_running=frozenset({"c@h", "d@h"})),  # K13
        Discovery.partial(NODES, ["a page is missing"]),
        Discovery.failed(["time-out"]),
    ],
)
def test_there_and_back(discovery: Discovery) -> None:
    assert discovery_of(listing_of(discovery), discovery.authoritative) == discovery


def test_a_doubtful_listing_without_reasons_is_none() -> None:
    with pytest.raises(ValueError, match="says why"):
        discovery_of({"nodes": [], "status": "partial"})
