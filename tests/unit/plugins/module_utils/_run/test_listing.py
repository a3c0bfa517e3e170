# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nodes_info returns can be handed on and becomes the same discovery again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Answered, Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._run.listing import discovery_of, listing_of

ANSWERED = Answered("app.test A", "10.0.0.53:53", 12.5, 30.0)
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
        replace(Discovery.complete(NODES), answers=(ANSWERED, ANSWERED._replace(ttl=0.0))),
        replace(Discovery.partial(NODES, ["one"]), still_running=frozenset({"c@h", "b@h"}), notes=("large",)),
    ],
)
def test_there_and_back(discovery: Discovery) -> None:
    assert discovery_of(listing_of(discovery), discovery.authoritative) == discovery


def test_a_doubtful_listing_without_reasons_is_none() -> None:
    with pytest.raises(ValueError, match="says why"):
        discovery_of({"nodes": [], "status": "partial"})


def test_what_is_not_there_is_not_told() -> None:
    assert set(listing_of(Discovery.complete(NODES))) == {"nodes", "status", "reasons"}


def test_who_still_runs_is_told_in_order() -> None:
    listing = listing_of(replace(Discovery.complete([]), still_running=frozenset("cab")))
    assert listing["still_running"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"answers": "app.test A"},
        {"answers": ["app.test A"]},
        {"answers": [{"question": "app.test A"}]},
        {"answers": [{**ANSWERED._asdict(), "ttl": "30"}]},
        {"answers": [{**ANSWERED._asdict(), "ttl": True}]},
        {"answers": [{**ANSWERED._asdict(), "ttl": -1}]},
        {"answers": [{**ANSWERED._asdict(), "asked": float("nan")}]},
        {"answers": [{**ANSWERED._asdict(), "server": None}]},
        {"answers": [ANSWERED._asdict()] * 10001},
        {"still_running": {"a@h": True}},
        {"still_running": "a@h"},
        {"still_running": [""]},
        {"notes": [7]},
    ],
)
def test_extras_of_a_wrong_shape_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="|".join(("answer", *wrong))):
        discovery_of({"nodes": [], "status": "complete", **wrong})
