# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events that discoveries give."""

from __future__ import annotations

from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery, Node
from ansible_collections.selfheal.cluster.plugins.plugin_utils._membership_events import LISTS_NOBODY, MembershipDiff

HOSTS = {"hosts": "chat"}


def _nodes(*names: str, state: str = "ready") -> list[Node]:
    return [Node(name, name.partition("@")[2], state) for name in names]


def _complete(*names: str) -> Discovery:
    return Discovery.complete(_nodes(*names))


def _told(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "address": name.partition("@")[2], "state": "ready", **more}


def _begun(*names: str, authoritative: bool = True) -> MembershipDiff:
    diff = MembershipDiff("chat", authoritative)
    diff.update(_complete(*names))
    return diff


def test_the_first_discovery_tells_the_whole_list_since_nobody_knows_what_was_before() -> None:
    event = MembershipDiff("chat", True).update(_complete("b@h2", "a@h1"))
    assert event == {
        "topology": "chat",
        "event": "started",
        "status": "complete",
        "reasons": [],
        "desired": ["a@h1", "b@h2"],
        "meta": HOSTS,
    }


def test_what_is_as_it_was_is_no_event() -> None:
    assert _begun("a@h1").update(_complete("a@h1")) is None


def test_who_joined_and_who_left_are_told_together_with_the_full_list() -> None:
    event = _begun("a@h1", "b@h2").update(_complete("b@h2", "c@h3", "d@h4"))
    assert event == {
        "topology": "chat",
        "event": "changed",
        "status": "complete",
        "reasons": [],
        "desired": ["b@h2", "c@h3", "d@h4"],
        "joined": [_told("c@h3"), _told("d@h4")],
        "left": [_told("a@h1")],
        "meta": HOSTS,
    }


def test_another_state_and_another_address_are_told() -> None:
    diff = MembershipDiff("chat", True)
    diff.update(Discovery.complete([*_nodes("a@h1", state="not_ready"), *_nodes("b@h2", "c@h3")]))
    event = diff.update(Discovery.complete([*_nodes("a@h1"), Node("b@h2", "h9"), *_nodes("c@h3")]))
    assert event is not None
    assert event["updated"] == [
        _told("a@h1", previous_state="not_ready"),
        {**_told("b@h2", previous_state="ready"), "address": "h9"},
    ]
    assert not {"joined", "left"} & set(event)


def test_a_failed_discovery_is_told_once_and_takes_nobody_away() -> None:
    diff = _begun("a@h1", "b@h2")
    event = diff.update(Discovery.failed(["no answer"]))
    assert event == {
        "topology": "chat",
        "event": "discovery_failed",
        "status": "failed",
        "reasons": ["no answer"],
        "meta": HOSTS,
    }
    assert diff.update(Discovery.failed(["still no answer"])) is None
    assert diff.unchanged() is None


def test_what_happened_during_an_outage_is_told_at_its_end() -> None:
    diff = _begun("a@h1", "b@h2")
    diff.update(Discovery.failed(["no answer"]))
    event = diff.update(_complete("b@h2", "c@h3"))
    assert event is not None
    assert (event["event"], event["joined"], event["left"]) == (
        "discovery_recovered",
        [_told("c@h3")],
        [_told("a@h1")],
    )
    assert diff.update(_complete("b@h2", "c@h3")) is None


def test_the_end_of_an_outage_is_told_also_if_nothing_happened() -> None:
    diff = _begun("a@h1")
    diff.update(Discovery.failed(["no answer"]))
    event = diff.update(_complete("a@h1"))
    assert event is not None
    assert event["event"] == "discovery_recovered"
    assert not {"joined", "left", "updated"} & set(event)


def test_a_start_that_fails_starts_when_the_source_can_be_read() -> None:
    diff = MembershipDiff("chat", True)
    failed = diff.update(Discovery.failed(["no answer"]))
    started = diff.update(_complete("a@h1"))
    assert failed is not None
    assert started is not None
    assert (failed["event"], started["event"], started["desired"]) == ("discovery_failed", "started", ["a@h1"])


def test_a_partial_discovery_tells_who_joined_and_of_nobody_that_he_left() -> None:
    diff = _begun("a@h1", "b@h2")
    event = diff.update(Discovery.partial(_nodes("b@h2", "c@h3"), ["namespace 'x': 403"]))
    assert event is not None
    assert "left" not in event
    assert (event["joined"], event["desired"]) == ([_told("c@h3")], ["a@h1", "b@h2", "c@h3"])
    assert (event["status"], event["reasons"]) == ("partial", ["namespace 'x': 403"])
    assert diff.update(Discovery.partial(_nodes("b@h2", "c@h3"), ["namespace 'x': 403"])) is None


def test_who_left_during_partial_discoveries_is_told_by_the_next_complete_one() -> None:
    diff = _begun("a@h1", "b@h2")
    diff.update(Discovery.partial(_nodes("c@h3"), ["half"]))
    event = diff.update(_complete("b@h2"))
    assert event is not None
    assert event["left"] == [_told("a@h1"), _told("c@h3")]


def test_a_source_that_cannot_list_everyone_tells_of_nobody_that_he_left() -> None:
    diff = _begun("a@h1", "b@h2", authoritative=False)
    assert diff.update(_complete("a@h1")) is None


def test_who_was_not_heard_for_a_while_joins_again() -> None:
    diff = _begun("a@h1", "b@h2", authoritative=False)
    diff.update(_complete("a@h1"))
    event = diff.update(_complete("a@h1", "b@h2"))
    assert event is not None
    assert event["joined"] == [_told("b@h2")]


def test_a_list_that_is_suddenly_empty_is_told_and_takes_nobody_away() -> None:
    """E9: a rule heals from what an event says, and no policy asks twice for it."""
    diff = _begun("a@h1", "b@h2")
    event = diff.update(_complete())
    assert event == {
        "topology": "chat",
        "event": "changed",
        "status": "complete",
        "reasons": [LISTS_NOBODY],
        "empty": True,
        "desired": ["a@h1", "b@h2"],
        "meta": HOSTS,
    }
    assert diff.update(_complete()) is None
    again = diff.unchanged()
    assert again is not None
    assert (again["event"], again["empty"], again["desired"]) == ("unchanged", True, ["a@h1", "b@h2"])


def test_who_left_with_an_empty_list_is_told_by_the_next_that_lists_somebody() -> None:
    diff = _begun("a@h1", "b@h2")
    diff.update(_complete())
    event = diff.update(_complete("b@h2", "c@h3"))
    assert event is not None
    assert (event["joined"], event["left"]) == ([_told("c@h3")], [_told("a@h1")])
    assert "empty" not in event


def test_the_end_of_an_empty_list_is_told_also_if_nothing_happened() -> None:
    diff = _begun("a@h1")
    diff.update(_complete())
    event = diff.update(_complete("a@h1"))
    assert event is not None
    assert (event["event"], event["desired"], event["reasons"]) == ("changed", ["a@h1"], [])
    assert not {"joined", "left", "updated", "empty"} & set(event)


def test_a_list_that_is_empty_after_an_outage_takes_nobody_away_either() -> None:
    diff = _begun("a@h1")
    diff.update(Discovery.failed(["no answer"]))
    event = diff.update(_complete())
    assert event is not None
    assert (event["event"], event["empty"], event["desired"]) == ("discovery_recovered", True, ["a@h1"])
    assert "left" not in event


def test_a_start_with_an_empty_list_says_so() -> None:
    diff = MembershipDiff("chat", True)
    event = diff.update(_complete())
    assert event is not None
    assert (event["event"], event["empty"], event["desired"]) == ("started", True, [])
    joined = diff.update(_complete("a@h1"))
    assert joined is not None
    assert joined["joined"] == [_told("a@h1")]


def test_a_source_that_cannot_list_everyone_is_never_empty() -> None:
    assert _begun("a@h1", authoritative=False).update(_complete()) is None


def test_again_tells_what_is_still_so() -> None:
    event = _begun("a@h1").unchanged()
    assert event is not None
    assert (event["event"], event["desired"]) == ("unchanged", ["a@h1"])


def test_again_has_nothing_to_tell_before_the_first_discovery() -> None:
    assert MembershipDiff("chat", True).unchanged() is None


def test_nothing_from_outside_can_be_a_template() -> None:
    diff = MembershipDiff("chat", True)
    diff.update(_complete())
    attributes = {"label": "{{ 1 + 1 }}"}
    joined = diff.update(Discovery.complete([Node("a@h1", "{{{ 1 }}", attributes=attributes)]))
    failed = diff.update(Discovery.failed(["{{ 1 }} {% x %} {# c #}"]))
    for event in (joined, failed):
        assert not any(mark in str(event) for mark in ("{{", "{%", "{#")), str(event)
    assert "label" not in str(joined)
