# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has come to: each event once, and nothing that was undone."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    CONNECT,
    PRUNE,
    Action,
    Done,
    Failed,
    Observation,
    Pending,
    Unknown,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan
from ansible_collections.selfheal.cluster.plugins.module_utils._run.events import Events, joined

from .._planner.plans import AT_ONCE, IRREVERSIBLE, PAIRWISE, TRANSITIVE, discovered, mesh, name, names


class Told(Events):
    """What is seen comes with the plan for it."""

    def __init__(self, *desired, policy=AT_ONCE, rules=TRANSITIVE) -> None:
        super().__init__()
        self.discovery = discovered(*desired)
        self.policy, self.rules = policy, rules

    def sees(self, observation):
        planned = plan(self.discovery, observation, self.policy, self.rules)
        self.saw(self.discovery.names, observation, planned)
        return planned

    def of(self, kind):
        return [event["node"] for event in self.all() if event["event"] == kind]


def prune(node, observer):
    return Action(PRUNE, name(node), "not_desired", name(observer), detail="discovery does not list it")


def connect(node, observer):
    return Action(CONNECT, name(node), "missing", name(observer))


def listing(**peers):
    """Views from ``_1=(2, 3)``."""
    return Observation({name(int(key[1:])): View(name(int(key[1:])), names(*others)) for key, others in peers.items()})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(["1", "2", "3"], ["123"], "23", id="all were alone"),
        pytest.param(["123", "4"], ["1234"], "4", id="one newcomer"),
        pytest.param(["12", "345"], ["12345"], "12", id="the smaller part joins"),
        pytest.param(["345", "12"], ["12", "34"], "", id="another is the largest since one died"),
        pytest.param(["1", "2", "3"], ["23"], "3", id="the first one froze meanwhile"),
        pytest.param(["12"], ["123"], "3", id="it was not there before"),
        pytest.param(["12"], [], "", id="nobody is there"),
        pytest.param([], ["12"], "12", id="nobody was there"),
        pytest.param(["12", "3"], ["12", "3"], "", id="nothing happened"),
    ],
)
def test_who_joined(before, after, expected) -> None:
    assert joined([tuple(part) for part in before], [tuple(part) for part in after]) == frozenset(expected)


def test_a_node_that_joined_over_several_rounds_and_observers_joined_once() -> None:
    events = Told(1, 2, 3, rules=PAIRWISE)
    events.sees(mesh((1, 2), (3,)))
    events.did({connect(3, 1): Done(), connect(3, 2): Done()})
    events.sees(mesh((1, 2, 3)))
    events.sees(mesh((1, 2), (3,)))
    events.did({connect(3, 2): Done()})
    events.sees(mesh((1, 2, 3)))
    assert events.all() == [
        {
            "event": "joined",
            "node": name(3),
            "reason": "it is in the largest island now",
            "observer": name(2),
        }
    ]


def test_who_was_connected_and_is_out_again_has_not_joined() -> None:
    events = Told(1, 2, 3)
    events.sees(mesh((1, 2), (3,)))
    events.did({connect(3, 1): Done()})
    events.sees(mesh((1, 2, 3)))
    events.sees(mesh((1, 2), (3,)))
    assert events.all() == []


def test_those_of_a_merged_island_joined_without_an_observer() -> None:
    events = Told(1, 2, 3, 4, 5)
    events.sees(mesh((1, 2, 3), (4, 5)))
    events.did({connect(4, 1): Done()})
    events.sees(mesh((1, 2, 3, 4, 5)))
    assert [(event["node"], event["observer"]) for event in events.all()] == [(name(4), name(1)), (name(5), None)]


def test_who_is_not_desired_does_not_join() -> None:
    events = Told(1, 2, 3, policy=dataclasses.replace(AT_ONCE, prune=False))
    events.sees(mesh((1, 2), (3, 4)))
    events.did({connect(3, 1): Done()})
    events.sees(mesh((1, 2, 3, 4)))
    assert events.of("joined") == [name(3)]


def test_who_was_pruned_by_several_observers_left_once() -> None:
    events = Told(1, 2)
    events.sees(mesh((1, 2, 3)))
    events.did({prune(3, 1): Done(), prune(3, 2): Done()})
    assert events.of("left") == [name(3)], "also before it is seen: the run may end here"
    events.sees(mesh((1, 2)))
    assert events.all() == [
        {"event": "left", "node": name(3), "reason": "discovery does not list it", "observer": name(1)}
    ]


def test_who_is_still_listed_by_one_has_not_left() -> None:
    events = Told(1, 2)
    events.sees(mesh((1, 2, 3)))
    events.did({prune(3, 1): Done(), prune(3, 2): Failed("it is busy")})
    assert events.of("left") == []
    events.sees(listing(_1=(2,), _2=(1, 3)))
    assert events.of("left") == []
    events.sees(listing(_1=(2,), _2=(1,)))
    assert events.of("left") == [name(3)]


def test_nobody_left_as_long_as_who_failed_to_prune_it_gives_no_answer() -> None:
    events = Told(1, 2)
    events.sees(mesh((1, 2, 3)))
    events.did({prune(3, 1): Done(), prune(3, 2): Failed("it froze")})
    events.sees(Observation(mesh((1,)).views, {name(2): Unreachable("it froze")}))
    assert events.of("left") == []


def test_who_came_back_has_not_left() -> None:
    events = Told(1, 2)
    events.sees(mesh((1, 2, 3)))
    events.did({prune(3, 1): Done(), prune(3, 2): Done()})
    events.sees(listing(_1=(2,), _2=(1,), _3=(1,)))
    assert events.of("left") == []
    events.sees(listing(_1=(2,), _2=(1,), _3=()))
    assert events.of("left") == [name(3)]


def test_an_observation_that_shows_nobody_changes_no_event() -> None:
    events = Told(1, 2, 3)
    events.sees(mesh((1, 2, 4), (3,)))
    events.did({prune(4, 1): Failed("it is busy"), prune(4, 2): Failed("it is busy")})
    events.did({connect(3, 1): Done()})
    events.sees(mesh((1, 2, 3, 4)))
    before = events.all()
    events.sees(Observation({}, {name(n): Unreachable("gone") for n in (1, 2, 3)}))
    assert events.all() == before
    assert events.of("joined") == [name(3)]


def test_a_connect_that_failed_is_told_with_its_last_reason() -> None:
    events = Told(1, 2, 3)
    events.sees(mesh((1, 2), (3,)))
    events.did({connect(3, 1): Failed("refused")})
    events.sees(mesh((1, 2), (3,)))
    events.did({connect(3, 2): Failed("timed out")})
    events.sees(mesh((1, 2), (3,)))
    assert events.all() == [
        {"event": "connect_failed", "node": name(3), "reason": "timed out", "observer": name(2)},
    ]


def test_a_connect_that_failed_and_then_worked_is_no_failure() -> None:
    events = Told(1, 2, 3)
    events.sees(mesh((1, 2), (3,)))
    events.did({connect(3, 1): Failed("refused")})
    events.sees(mesh((1, 2), (3,)))
    events.did({connect(3, 2): Done()})
    events.sees(mesh((1, 2, 3)))
    assert [event["event"] for event in events.all()] == ["joined"]


def test_a_connect_that_failed_is_no_failure_once_the_link_is_there_by_itself() -> None:
    events = Told(1, 2)
    events.sees(mesh((1,), (2,)))
    events.did({connect(2, 1): Failed("refused")})
    events.sees(mesh((1, 2)))
    assert events.of("connect_failed") == []


def test_a_link_that_its_other_end_would_make_now_is_still_missing() -> None:
    events = Told(1, 2, 3, rules=PAIRWISE)
    events.sees(mesh((1, 3), (2, 3)))
    events.did({connect(2, 1): Failed("refused")})
    events.sees(listing(_1=(3, 2), _2=(3,), _3=(1, 2)))
    assert events.of("connect_failed") == [name(2)]


def test_a_refused_prune_has_the_word_of_the_policy() -> None:
    events = Told(1, 2, rules=IRREVERSIBLE)
    events.sees(mesh((1, 2, 3)))
    events.sees(mesh((1, 2, 3)))
    assert events.all() == [{"event": "prune_refused", "node": name(3), "reason": "prune_live", "observer": None}]


@pytest.mark.parametrize("outcome", [Pending("it copies", "1 of 3 tables"), Unknown("it timed out")])
def test_what_is_under_way_is_no_event_yet(outcome) -> None:
    events = Told(1, 2, 3)
    events.sees(mesh((1, 2, 4), (3,)))
    events.did({prune(4, 1): outcome})
    events.did({connect(3, 1): outcome})
    assert events.all() == []
