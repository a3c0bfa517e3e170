# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypothesis strategies for what the planner is given.

``worlds`` are clusters that can exist: one or two systems, some of whose members are off the list, down or cut off, and
a list that differs a bit from them. In most of them there is something to do. ``wild_worlds`` have any views, since
these come from the members, who may say anything. Both have drivers that exist, unless told otherwise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    NODE_STATES,
    Absence,
    Discovery,
    Node,
    Observation,
    Plan,
    Policy,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.declared import DeclaredFacts, rules_of
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.exclusive import Exclusive
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.joins_alone import JoinsAlone
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.transitive import Transitive
from hypothesis import strategies as st

from .plans import EXCLUSIVE, IRREVERSIBLE, JOINS_ALONE, PAIRWISE, TRANSITIVE

NAMES = [f"app@10.0.0.{number}" for number in range(1, 8)] + ["other@10.0.0.1", "other@10.0.0.2"]
REAL_RULES = [
    PAIRWISE,
    TRANSITIVE,
    EXCLUSIVE,
    JOINS_ALONE,
    IRREVERSIBLE,
    dataclasses.replace(TRANSITIVE, reversible=False),
    dataclasses.replace(TRANSITIVE, leaves_itself=True),
    dataclasses.replace(PAIRWISE, leaves_itself=True),
    dataclasses.replace(JOINS_ALONE, comes_back=True),
]
"""Driver exec; erlang in its modes, with a fence, and with a connect of the user's own; ejabberd."""
LISTS = [rules for rules in REAL_RULES if isinstance(rules, JoinsAlone)]

states = st.sampled_from(NODE_STATES)
some_names = st.sets(st.sampled_from(NAMES))
few_names = st.sets(st.sampled_from(NAMES), max_size=2)
real_rules = st.sampled_from(REAL_RULES)
any_rules = st.builds(
    DeclaredFacts,
    reversible=st.booleans(),
    transitive=st.booleans(),
    exclusive=st.booleans(),
    prune_needs_answer=st.booleans(),
    prune_spreads=st.booleans(),
    joins_alone=st.booleans(),
    comes_back=st.booleans(),
).map(rules_of)
"""What the filter membership_plan takes."""
lately = st.sets(st.sampled_from(NAMES), max_size=3).map(frozenset)


class World(NamedTuple):
    discovery: Discovery
    observation: Observation
    policy: Policy
    rules: Rules
    earlier: list[Discovery]
    recently_pruned: frozenset[str]
    absence: Absence

    def plan(self) -> Plan:
        return plan(*self)


OF_THE_LIST: dict[str, Callable[[Any, Discovery, list[str]], Discovery]] = {
    "unauthoritative": lambda draw, found, _gone: dataclasses.replace(found, authoritative=False),
    "states": lambda draw, found, _gone: dataclasses.replace(
        found, nodes=tuple(node._replace(state=draw(states)) for node in found.nodes)
    ),
    "still running": lambda draw, found, gone: dataclasses.replace(
        found, still_running=frozenset(draw(st.sets(st.sampled_from(gone), min_size=1)))
    ),
    "samples": lambda draw, found, _gone: dataclasses.replace(found, samples=True, reasons=("a reason",)),
    "partial": lambda draw, found, _gone: Discovery.partial(found.nodes, ["a reason"]),
    "empty": lambda draw, found, _gone: Discovery.complete([]),
}
OF_THE_POLICY = ["prune", "prune_live", "max_prune", "min_nodes", "scope"]
OBSTACLES = ["", *OF_THE_LIST, *OF_THE_POLICY, "members", "earlier", "absence", "looks that differ", "lately"]
any_obstacle = st.sampled_from(OBSTACLES)


@st.composite
def worlds(draw: Any, rules: Any = real_rules, obstacles: Any = any_obstacle) -> World:
    """In each, one thing at most stands against a prune, besides what the cluster itself does: where two do, the
    planner could forget one of them, and nobody would see."""
    chosen, obstacle = draw(rules), draw(obstacles)
    observation = draw(_clusters(chosen, steady=obstacle != "members"))
    members = sorted(observation.members | observation.unreachable.keys())
    unlisted = draw(st.sets(st.sampled_from(members), min_size=1, max_size=2))
    desired = set(members) - unlisted
    discovery = Discovery.complete([Node(name) for name in sorted(desired)])
    if obstacle in OF_THE_LIST:
        discovery = OF_THE_LIST[obstacle](draw, discovery, sorted(unlisted))
    again = _lists(desired | draw(few_names)) if obstacle == "earlier" else st.just(discovery)
    earlier = draw(st.lists(again, min_size=2, max_size=2))
    missing = st.sampled_from([300.0, 9000.0, 299.0] if obstacle == "absence" else [300.0, 9000.0])
    absence = Absence(
        listed=discovery.names,
        missing={name: draw(missing) for name in sorted(unlisted - discovery.names)},
        others=draw(st.sampled_from([9000.0, 299.0, 0.0])),
        samples="a proof" if obstacle == "looks that differ" else "",
    )
    policy = draw(_willing_policies)
    if obstacle in OF_THE_POLICY:
        policy = dataclasses.replace(policy, **{obstacle: getattr(draw(_any_policies), obstacle)})
    if obstacle == "absence":
        policy = dataclasses.replace(policy, absent_for=300.0, absent_for_live=300.0)
    recently_pruned = draw(lately) if obstacle == "lately" else frozenset()
    return World(discovery, observation, policy, chosen, earlier, recently_pruned, absence)


@st.composite
def wild_worlds(draw: Any, rules: Any = real_rules) -> World:
    listed = draw(some_names)
    absence = st.builds(
        Absence,
        listed=some_names.map(frozenset),
        missing=st.dictionaries(st.sampled_from(NAMES), st.sampled_from([0.0, 299.0, 300.0, 9000.0])),
        others=st.sampled_from([0.0, 299.0, 9000.0]),
        samples=st.sampled_from(["", "", "", "a proof"]),
    )
    return World(
        draw(_lists(listed)),
        draw(_any_views()),
        draw(_any_policies),
        draw(rules),
        draw(st.lists(some_names.flatmap(_lists) | st.just(Discovery.failed(["a reason"])), max_size=3)),
        draw(lately),
        draw(absence),
    )


@st.composite
def _lists(draw: Any, names: set[str]) -> Discovery:
    nodes = [Node(name, state=draw(states)) for name in sorted(names)]
    authoritative = draw(st.booleans())
    still_running = frozenset(draw(some_names)) if draw(st.integers(0, 3)) == 0 else frozenset()
    if draw(st.integers(0, 3)):
        return dataclasses.replace(Discovery.complete(nodes, authoritative), still_running=still_running)
    return dataclasses.replace(Discovery.partial(nodes, ["a reason"], authoritative), samples=draw(st.booleans()))


@st.composite
def _clusters(draw: Any, rules: Rules, steady: bool) -> Observation:
    """One or two systems in which everybody lists all of his own, but for some links, and nodes that know nobody."""
    kinds = ["one", "one", "one", "alone", "silent"] if steady else ["one", "one", "other", "alone", "silent"]
    sides = {name: draw(st.sampled_from(kinds)) for name in sorted(draw(st.sets(st.sampled_from(NAMES), min_size=3)))}
    with_silent = draw(st.booleans())  # they belong to system "one", and are dead or out of our reach
    dead = {name for name, side in sides.items() if side == "silent" and draw(st.booleans())}
    is_table = isinstance(rules, JoinsAlone)
    views = {}
    for observer in sides:
        if sides[observer] == "silent":
            continue
        own = _system(sides, sides[observer], with_silent) - {observer}
        cut = own & frozenset(() if steady else draw(few_names))
        listed, down = own, own & dead
        if is_table:
            down |= cut
        else:
            listed = own - cut
        if isinstance(rules, Transitive):
            listed, down = listed - down, frozenset()
        unsynced = own & frozenset(draw(few_names)) if isinstance(rules, Exclusive) and not steady else frozenset()
        views[observer] = View(
            observer,
            listed,
            synced=listed - unsynced if isinstance(rules, Exclusive) else None,
            down=down & listed,
            stopping=not steady and draw(st.integers(0, 5)) == 0,
            holds=frozenset(draw(st.sets(st.just("passwd")))) if is_table else frozenset(),
        )
    return Observation(views, {name: Unreachable("why", draw(st.booleans())) for name in sides.keys() - views.keys()})


def _system(sides: dict[str, str], side: str, with_silent: bool) -> frozenset[str]:
    if side == "alone":
        return frozenset()
    members = {side, "silent"} if side == "one" and with_silent else {side}
    return frozenset(name for name in sides if sides[name] in members)


@st.composite
def _any_views(draw: Any) -> Observation:
    views = {}
    for observer in draw(some_names):
        peers = frozenset(draw(some_names)) - {observer}
        synced = draw(st.none() | st.just(peers) | st.sets(st.sampled_from(sorted(peers) or NAMES)).map(frozenset))
        down = peers & frozenset(draw(some_names))
        stopping, holds = draw(st.integers(0, 5)) == 0, draw(st.sampled_from([frozenset(), frozenset(["passwd"])]))
        views[observer] = View(observer, peers, synced, down, stopping, holds=holds)
    silent = draw(some_names) - frozenset(views)
    return Observation(views, {name: Unreachable("why", draw(st.booleans())) for name in silent})


_any_policies = st.builds(
    Policy,
    prune=st.booleans(),
    prune_live=st.none() | st.booleans(),
    confirmations=st.integers(1, 3),
    max_prune=st.integers(0, 9).map(str) | st.integers(0, 100).map("{}%".format),
    min_nodes=st.integers(0, 8),
    allow_empty=st.booleans(),
    prune_unauthoritative=st.booleans(),
    scope=st.sampled_from([(), ("app@*",), ("*",), ("app@10.0.0.[123]",)]),
    include_not_ready=st.booleans(),
    absent_for=st.sampled_from([0.0, 0.0, 300.0]),
    absent_for_live=st.sampled_from([0.0, 0.0, 300.0]),
)
_willing_policies = st.builds(
    Policy,
    prune_live=st.just(True),
    confirmations=st.integers(1, 3),
    max_prune=st.sampled_from(["2", "50%", "100%"]),
    min_nodes=st.integers(0, 1),
    allow_empty=st.booleans(),
    prune_unauthoritative=st.booleans(),
    scope=st.sampled_from([("app@*",), ("*",)]),
    include_not_ready=st.booleans(),
    absent_for=st.sampled_from([0.0, 300.0]),
    absent_for_live=st.sampled_from([0.0, 300.0]),
)
