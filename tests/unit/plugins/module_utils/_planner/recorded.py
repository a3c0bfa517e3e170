# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""500 situations and the plans that the planner made of them, so that a change of its code shows what it changes.

    python -m tests.unit.plugins.module_utils._planner.recorded write     # after a change that is meant

A situation is data in the file, so that the generator may change without the situations. Names are numbers there.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    NODE_STATES,
    READY,
    Absence,
    Discovery,
    Node,
    Observation,
    Policy,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.exclusive import Exclusive
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.joins_alone import JoinsAlone
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.pairwise import Pairwise
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.transitive import Transitive

FILE = Path(__file__).with_name("recorded_plans.json.gz")
COUNT = 500
_MOST = 8
_RULES: dict[str, Rules] = {
    "pairwise": Pairwise(reversible=True),
    "pairwise, irreversible": Pairwise(reversible=False),
    "transitive": Transitive(reversible=True),
    "exclusive": Exclusive(reversible=True, leaves_itself=True),
    "joins alone": JoinsAlone(reversible=False, leaves_itself=True, spreads=True),
}

Situation = dict[str, Any]


def situations() -> Iterator[Situation]:
    """Generated with fixed seeds: most are a mesh with some cuts, and a list that differs a bit."""
    for seed in range(COUNT):
        yield _situation(random.Random(seed), list(_RULES)[seed % len(_RULES)])


def plan_of(situation: Situation) -> dict[str, Any]:
    """The plan as data; ``detail`` is for people and is left out."""
    found = plan(
        _discovery(situation["discovery"]),
        _observation(situation),
        Policy(**{**situation["policy"], "scope": tuple(situation["policy"]["scope"])}),
        _RULES[situation["facts"]],
        [_discovery(one) for one in situation["earlier"]],
        _names(situation["lately"]),
        Absence(**{**situation["absence"], "listed": _names(situation["absence"]["listed"])}),
    )
    actions = [
        [action.kind, action.node, action.reason, action.observer, action.refused, action.rejoin]
        for action in found.actions
    ]
    return {"actions": actions, "islands": [list(island) for island in found.islands], "doubts": len(found.doubts)}


def read() -> list[dict[str, Any]]:
    """Dicts with ``situation`` and ``plan``."""
    records: list[dict[str, Any]] = json.loads(gzip.decompress(FILE.read_bytes()))
    return records


def write() -> None:
    records = [{"situation": one, "plan": plan_of(one)} for one in situations()]
    FILE.write_bytes(gzip.compress(json.dumps(records, separators=(",", ":")).encode(), mtime=0))


def _situation(chance: random.Random, rules: str) -> Situation:
    everybody = list(range(1, chance.randint(3, _MOST) + 1))
    share = chance.choice([0.8] * 8 + [0.4, 0.0])
    desired = [number for number in everybody if chance.random() < share]
    answering = [number for number in everybody if chance.random() < 0.9]
    is_list = rules == "joins alone"
    if chance.random() < 0.3:
        cut = chance.randint(1, len(everybody))
        views = {str(one): _view_of_half(one, everybody, cut) for one in answering}
    else:
        views = {str(one): _view(chance, one, everybody, is_list) for one in answering}
    discovery = _listing(chance, desired)
    return {
        "facts": rules,
        "discovery": discovery,
        "earlier": [
            chance.choice([discovery, discovery, _listing(chance, desired)])
            for _one in range(chance.choice([0, 1, 1, 2]))
        ],
        "views": views,
        "unreachable": {str(one): chance.random() < 0.3 for one in everybody if one not in answering},
        "lately": [one for one in everybody if chance.random() < 0.05],
        "absence": {
            "listed": desired,
            "missing": {},
            "others": chance.choice([0.0, 200.0, 9000.0]),
            "samples": "a proof" if chance.random() < 0.05 else "",
        },
        "policy": _policy(chance),
    }


def _listing(chance: random.Random, desired: list[int]) -> dict[str, Any]:
    ready = 0.9
    return {
        "nodes": [[one, READY if chance.random() < ready else chance.choice(NODE_STATES)] for one in desired],
        "complete": chance.random() < 0.9,
        "authoritative": chance.random() < 0.95,
        "still_running": [chance.randint(1, _MOST)] if chance.random() < 0.1 else [],
        "samples": False,
    }


def _view(chance: random.Random, one: int, everybody: list[int], is_list: bool) -> dict[str, Any]:
    side = chance.random() < 0.15
    peers = [
        other for other in everybody if other != one and (other % 2 == one % 2 if side else chance.random() < 0.92)
    ]
    if chance.random() < 0.1:
        peers = []
    return {
        "peers": peers,
        "synced": [peer for peer in peers if chance.random() < 0.97] if chance.random() < 0.5 else None,
        "down": [peer for peer in peers if chance.random() < (0.15 if is_list else 0.03)],
        "stopping": chance.random() < 0.03,
        "hidden": chance.random() < 0.03,
        "rejoined": chance.random() < 0.03,
        "holds": ["passwd"] if is_list and not peers and chance.random() < 0.5 else [],
    }


def _view_of_half(one: int, everybody: list[int], cut: int) -> dict[str, Any]:
    """Of a whole and steady island; everybody up to ``cut`` is in one."""
    peers = [other for other in everybody if other != one and (other <= cut) == (one <= cut)]
    flags = {"down": [], "stopping": False, "hidden": False, "rejoined": False, "holds": []}
    return {"peers": peers, "synced": peers, **flags}


def _policy(chance: random.Random) -> dict[str, Any]:
    return {
        "prune": chance.random() < 0.95,
        "prune_live": chance.choice([None, None, True, False]),
        "confirmations": chance.choice([1, 2]),
        "max_prune": chance.choice(["34%", "34%", "100%", "1", "0"]),
        "min_nodes": chance.choice([0, 1, 1, 3, 6]),
        "allow_empty": chance.random() < 0.2,
        "prune_unauthoritative": chance.random() < 0.1,
        "scope": chance.choice([["app@*"], ["app@*"], ["app@*[123]"], []]),
        "include_not_ready": chance.random() < 0.3,
        "absent_for_live": chance.choice([0.0, 0.0, 300.0]),
    }


def _name(number: int | str) -> str:
    return f"app@10.0.0.{number}"


def _names(numbers: list[int]) -> frozenset[str]:
    return frozenset(map(_name, numbers))


def _discovery(given: dict[str, Any]) -> Discovery:
    nodes = [Node(_name(number), state=state) for number, state in given["nodes"]]
    found = (
        Discovery.complete(nodes, given["authoritative"])
        if given["complete"]
        else Discovery.partial(nodes, ["a reason"], given["authoritative"])
    )
    return Discovery(
        found.nodes,
        found.status,
        found.reasons,
        found.authoritative,
        still_running=_names(given["still_running"]),
        samples=given["samples"],
    )


def _observation(situation: Situation) -> Observation:
    views = {}
    for number, given in situation["views"].items():
        name = _name(number)
        views[name] = View(
            name,
            _names(given["peers"]),
            None if given["synced"] is None else _names(given["synced"]),
            _names(given["down"]),
            given["stopping"],
            given["hidden"],
            given["rejoined"],
            frozenset(given["holds"]),
        )
    unreachable = {_name(number): Unreachable("why", silent) for number, silent in situation["unreachable"].items()}
    return Observation(views, unreachable)


if __name__ == "__main__" and sys.argv[1:] == ["write"]:
    write()
