# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a member that is missing has been missing for long enough, and which sources prove nobody's absence."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Answered, Discovery, Observation, Policy
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.absence import Absences
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.evidence import (
    Caches,
    pause_until_fresh,
    samples_among,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.plan import plan

from .plans import AT_ONCE, EXCLUSIVE, discovered, mesh, name, names

FIVE = mesh((1, 2, 3, 4, 5))
MINUTES = dataclasses.replace(AT_ONCE, absent_for=300.0, absent_for_live=300.0)


def answered(asked, ttl, *numbers, question="app.example.test A", server="127.0.0.53:53"):
    return dataclasses.replace(discovered(*numbers), answers=(Answered(question, server, asked, ttl),))


def reason_for(number, discovery, absences, now, observation=FIVE, policy=MINUTES):
    found = plan(discovery, observation, policy, EXCLUSIVE, (), frozenset(), absences.absence(now))
    return {action.node: action.reason for action in found.actions}.get(name(number))


class Looking:
    """Absences that are told of looks, with what they need beside them."""

    def __init__(self, period=300.0) -> None:
        self.caches = Caches()
        self.absences = Absences(period, self.caches, samples=True)

    def look(self, discovery, now, alive=(1, 2, 3, 4, 5)):
        self.caches.saw(discovery)
        self.absences.look(discovery, now)
        self.absences.saw_alive(names(*alive))
        return self


def after(*looks, period=300.0):
    """
    :param looks: each a second and the numbers that are listed; all five run.
    """
    looking = Looking(period)
    for now, *numbers in looks:
        looking.look(discovered(*numbers), now)
    return looking.absences


def test_one_run_of_a_few_seconds_proves_no_absence() -> None:
    absences = after((0, 1, 2, 3, 4), (2, 1, 2, 3, 4))
    assert reason_for(5, discovered(1, 2, 3, 4), absences, 2) == "not_yet"


def test_who_was_missing_all_the_time_goes_once_it_is_over() -> None:
    looks = [(second, 1, 2, 3, 4) for second in range(0, 301, 30)]
    assert reason_for(5, discovered(1, 2, 3, 4), after(*looks[:-1]), 270) == "not_yet"
    assert reason_for(5, discovered(1, 2, 3, 4), after(*looks), 300) == "not_desired"


def test_the_time_begins_with_the_first_look_that_lacks_it_and_a_look_that_lists_it_begins_it_anew() -> None:
    listed = after(*[(second, 1, 2, 3, 4, 5) for second in range(0, 600, 30)], (600, 1, 2, 3, 4))
    assert listed.absence(600).seconds(name(5)) == 0
    back = after((0, 1, 2, 3, 4), (90, 1, 2, 3, 4), (180, 1, 2, 3, 4, 5), (200, 1, 2, 3, 4), (260, 1, 2, 3, 4))
    assert back.absence(260).seconds(name(5)) == 60


@pytest.mark.parametrize(("gap", "fewest"), [(100, 4), (3600, 4), (50, 7)])
def test_a_gap_counts_at_most_a_third_so_that_four_looks_are_the_fewest(gap, fewest) -> None:
    for number in range(1, fewest + 1):
        absences = after(*[(look * gap, 1, 2, 3, 4) for look in range(number)])
        ripe = reason_for(5, discovered(1, 2, 3, 4), absences, number * gap) == "not_desired"
        assert ripe == (number == fewest)


def test_a_look_that_failed_or_was_partial_neither_counts_nor_resets() -> None:
    absences = after((0, 1, 2, 3, 4), (60, 1, 2, 3, 4))
    absences.look(Discovery.failed(["SERVFAIL"]), 70)
    absences.look(Discovery.partial(discovered(1, 2, 3, 4, 5).nodes, ["half"]), 80)
    assert absences.absence(80).seconds(name(5)) == 60


def test_what_a_cache_says_again_is_no_look() -> None:
    looking = Looking()
    for second in range(0, 59, 5):
        looking.look(answered(second, 60 - second, 1, 2, 3, 4), second)
    assert looking.absences.absence(60).seconds(name(5)) == 0
    looking.look(answered(61, 60, 1, 2, 3, 4), 61)
    assert looking.absences.absence(61).seconds(name(5)) == 61


def test_an_answer_that_a_cache_may_have_kept_resets_whom_it_lists_and_misses_nobody() -> None:
    looking = Looking()
    for second in range(0, 601, 60):
        looking.look(answered(second, 60, 1, 2, 3, 4), second)
    assert looking.absences.absence(600).seconds(name(5)) == 600
    looking.look(answered(605, 20, 1, 2, 3, 5), 605)
    assert looking.absences.absence(605).seconds(name(4)) == 0
    looking.look(answered(661, 60, 1, 2, 3, 4), 661)
    assert looking.absences.absence(661).seconds(name(5)) == 61


def test_the_dead_go_at_once_where_only_the_live_have_to_be_missing() -> None:
    policy = topology_of({"strategy": "dns", "config": {"query": "app.example.test", "node_basename": "app"}}).policy
    policy = dataclasses.replace(policy, confirmations=1)
    views = {
        key: dataclasses.replace(view, peers=view.peers | names(5), down=names(5))
        for key, view in mesh((1, 2, 3, 4)).views.items()
    }
    absences = after((0, 1, 2, 3, 4))
    four = discovered(1, 2, 3, 4)
    assert reason_for(5, four, absences, 0, Observation(views), policy) == "not_desired"
    assert reason_for(5, four, absences, 0, FIVE, policy) == "not_yet"


@pytest.mark.parametrize(
    ("strategy", "config", "given", "dead", "live"),
    [
        ("dns", {"query": "a.test", "node_basename": "app"}, {}, 0, 300),
        ("dns_srv", {"query": "a.test", "node_basename": "app"}, {}, 0, 300),
        ("dns", {"query": "a.test", "node_basename": "app"}, {"absent_for": 0}, 0, 0),
        ("dns", {"query": "a.test", "node_basename": "app"}, {"absent_for": 60}, 60, 60),
        ("kubernetes", {"node_basename": "app"}, {}, 0, 0),
        ("kubernetes_dns", {"service": "a.b.svc.test", "node_basename": "app"}, {}, 0, 0),
        ("static", {"nodes": []}, {"absent_for": 60}, 60, 60),
    ],
)
def test_whose_absence_takes_time(strategy, config, given, dead, live) -> None:
    policy = topology_of({"strategy": strategy, "config": config, "policy": given}).policy
    assert (policy.absent_for, policy.absent_for_live) == (dead, live)


def test_those_who_would_go_later_count_as_going() -> None:
    policy = dataclasses.replace(MINUTES, max_prune="1")
    absences = after(*[(second, 1, 2, 3, 4) for second in range(0, 301, 30)], (330, 1, 2, 3))
    assert reason_for(5, discovered(1, 2, 3), absences, 330, policy=policy) == "max_prune"


def test_two_who_were_off_in_turns_while_they_ran_are_proof_of_samples_for_a_day() -> None:
    looks = ((0, 1, 2, 3, 4, 5), (5, 1, 2, 3, 4), (10, 1, 2, 3, 5), (15, 1, 2, 3, 4, 5))
    absences = after(*looks)
    assert reason_for(5, discovered(1, 2, 3, 4), absences, 20) == "samples"
    assert absences.absence(86400).samples
    assert not absences.absence(86400 + 16).samples


@pytest.mark.parametrize(
    "looks",
    [
        pytest.param(((0, 1, 2, 3, 5), (5, 1, 2, 3), (10, 1, 2, 3, 5), (15, 1, 2, 3)), id="one member alone"),
        pytest.param(((0, 1, 2, 3, 4, 5), (5, 1, 2, 3), (10, 1, 2, 3, 4, 5)), id="both at the same time"),
        pytest.param(((0, 1, 2, 3, 4), (5, 1, 2, 3, 5), (10, 1, 2, 3, 5)), id="one replaces the other"),
        pytest.param(
            ((0, 1, 2, 3, 4, 5), (5, 1, 2, 3, 4), (10, 1, 2, 3, 4, 5), (4000, 1, 2, 3, 5), (4005, 1, 2, 3, 4, 5)),
            id="more than an hour apart",
        ),
    ],
)
def test_what_is_no_proof_of_samples(looks) -> None:
    assert not after(*looks).absence(looks[-1][0]).samples


def test_restarts_are_no_samples() -> None:
    looking = Looking()
    for now, listed, alive in (
        (0, (1, 2, 3), (1, 2, 3)),
        (5, (1, 2), (1, 2)),
        (10, (1, 2, 3), (1, 2, 3)),
        (15, (1, 3), (1, 3)),
        (20, (1, 2, 3), (1, 2, 3)),
    ):
        looking.look(discovered(*listed), now, alive)
    assert not looking.absences.absence(20).samples


def test_whoever_says_that_the_list_is_whole_is_believed() -> None:
    absences = after((0, 1, 2, 3, 4, 5), (5, 1, 2, 3, 4), (10, 1, 2, 3, 5), (15, 1, 2, 3, 4, 5), period=0.0)
    assert reason_for(5, discovered(1, 2, 3, 4), absences, 20, policy=AT_ONCE) == "not_desired"


def test_two_answers_that_lack_nodes_of_each_other_are_samples_and_more_alone_is_none() -> None:
    assert samples_among([discovered(1, 2), discovered(1, 2, 3)]) is None
    assert samples_among([discovered(1, 2, 3), discovered(1, 2)]) is None
    union = samples_among([discovered(1, 2, 3), discovered(1, 2, 3, 4), discovered(1, 2, 4)])
    assert union is not None
    assert (union.status, union.names) == ("partial", names(1, 2, 3, 4))
    found = plan(union, FIVE, AT_ONCE, EXCLUSIVE)
    assert [(action.node, action.reason) for action in found.refusals] == [(name(5), "samples")]


@pytest.mark.parametrize(
    ("again", "longest", "older"),
    [
        pytest.param(answered(2, 28, 1), 30, True, id="counted down"),
        pytest.param(answered(2.9, 28, 1), 30, True, id="counted down, late"),
        pytest.param(answered(2, 25, 1), 30, True, id="of another cache behind the same address"),
        pytest.param(answered(2, 28, 1, server="127.0.0.54:53"), 30, True, id="of another server's cache"),
        pytest.param(answered(2, 28, 1, 2), 30, True, id="with other nodes"),
        pytest.param(answered(302, 3000, 1), 3600, True, id="kept for an hour by one of many"),
        pytest.param(answered(2, 30, 1), 30, False, id="the same time to live"),
        pytest.param(answered(2, 5, 1), 5, True, id="a short one, by a cache of half a minute"),
        pytest.param(answered(26.6, 5, 1), 5, False, id="the same, later"),
        pytest.param(answered(0.2, 30, 1), 30, True, id="too soon to tell"),
        pytest.param(answered(31, 30, 1), 30, False, id="once the first is over"),
        pytest.param(answered(302, 3600, 1), 3600, False, id="fetched just now"),
        pytest.param(answered(2, 20, 1, question="app.example.test AAAA"), 30, False, id="another question"),
        pytest.param(discovered(1), 30, False, id="no cache between"),
    ],
)
def test_an_answer_that_may_have_left_its_source_before_the_first_was_asked_for(again, longest, older) -> None:
    caches, first = Caches(), answered(0, 30, 1)
    for one in (answered(-9999, longest, 1), first, again):
        caches.saw(one)
    assert caches.may_be_older(again, first) == older


def test_one_whose_time_to_live_is_not_known_counts_half_a_minute_at_least() -> None:
    """Two caches behind one address, as the two replicas of a cluster's DNS."""
    caches, first, again = Caches(), answered(0, 10, 1), answered(2, 25, 1)
    caches.saw(first)
    caches.saw(again)
    assert caches.may_be_older(again, first)


def test_the_next_answer_is_asked_for_when_it_can_be_another_one() -> None:
    first = answered(0, 30, 1)
    assert pause_until_fresh(answered(0.2, 30, 1), first) == pytest.approx(1.8)
    assert pause_until_fresh(answered(2, 28, 1), first) == 28.5


def test_who_runs_by_the_word_of_a_second_witness_is_not_missing() -> None:
    discovery = dataclasses.replace(discovered(1, 2, 3, 4), still_running=names(5))
    found = plan(discovery, FIVE, AT_ONCE, EXCLUSIVE)
    assert [(action.node, action.reason) for action in found.refusals] == [(name(5), "still_running")]


@pytest.mark.parametrize(
    ("observation", "allow_empty", "converged"),
    [(FIVE, False, False), (mesh(), False, False), (mesh(), True, True), (FIVE, True, False)],
)
def test_an_empty_list_is_whole_only_where_it_may_be_empty_and_nobody_is_there(
    observation, allow_empty, converged
) -> None:
    """D7"""
    found = plan(discovered(), observation, dataclasses.replace(AT_ONCE, allow_empty=allow_empty), EXCLUSIVE)
    assert found.converged == converged
    assert bool(found.doubts) != converged


def test_a_policy_without_any_looks_prunes_nobody_whose_absence_takes_time() -> None:
    found = plan(discovered(1, 2, 3, 4), FIVE, Policy(scope=("app@*",), absent_for_live=300.0), EXCLUSIVE)
    assert [action.reason for action in found.refusals] == ["not_yet"]
