# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a cluster, in a word and in a sentence."""

from __future__ import annotations

from collections.abc import Sized
from typing import NamedTuple

from ansible_collections.selfheal.cluster.plugins.module_utils._planner import verdict
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import TopologyReading

BAD, WARN, NOTICE, GOOD = "bad", "warn", "notice", "good"


class Status(NamedTuple):
    """``rank``: the lower, the worse. ``level`` is one of the four above."""

    rank: int
    level: str
    label: str


HOST_UNREACHABLE = Status(0, BAD, "unreachable for Ansible")
RUN_FAILED = Status(3, BAD, "run failed")
STATUSES = {
    verdict.DISCOVERY_FAILED: Status(1, BAD, "discovery failed"),
    verdict.NO_NODE_ANSWERS: Status(2, BAD, "no node answers"),
    verdict.EMPTY: Status(4, WARN, "empty"),
    verdict.PARTITIONED: Status(5, BAD, "partitioned"),
    verdict.NO_QUORUM: Status(6, BAD, "no quorum"),
    verdict.SPLIT: Status(7, BAD, "split"),
    verdict.CHANGING: Status(8, NOTICE, "changing"),
    verdict.NOT_WHOLE: Status(9, WARN, "not whole"),
    verdict.WHOLE: Status(10, GOOD, "whole"),
}
"""The status of each verdict."""


def status_of(reading: TopologyReading) -> Status:
    """The verdict's, unless the run failed for another reason than what the verdict says already."""
    if reading.host_unreachable:
        return HOST_UNREACHABLE
    if reading.failure and reading.verdict not in verdict.UNTOLD:
        return RUN_FAILED
    return STATUSES.get(reading.verdict, RUN_FAILED)


def sentence_of(reading: TopologyReading) -> str:
    """The most important facts behind the status, as a sentence."""
    status = status_of(reading)
    if status == HOST_UNREACHABLE:
        return f"Ansible could not reach the host that works on this topology, so nothing is known: {reading.failure}"
    if status in (STATUSES[verdict.DISCOVERY_FAILED], RUN_FAILED) and not reading.was_read:
        return f"Nothing is known of the cluster: {reading.failure or '; '.join(reading.reasons)}"
    if status == STATUSES[verdict.NO_NODE_ANSWERS]:
        return f"{count(reading.desired, 'desired node')}, and none of them gave an answer."
    if status == STATUSES[verdict.EMPTY]:
        known = f"{count(reading.members, 'member')} known" if reading.members else "there was nobody to ask"
        return f"The source lists no node; {known}."
    parts = [_shape(reading)]
    if reading.missing_links:
        parts.append(count(reading.missing_links, "missing link"))
    if reading.unreachable:
        parts.append(f"{len(reading.unreachable)} unreachable")
    if reading.undesired:
        parts.append(f"{len(reading.undesired)} not desired")
    text = f"{', '.join(parts)}."
    return f"{text} The run failed: {reading.failure}" if reading.failure else text


def _shape(reading: TopologyReading) -> str:
    members = count(reading.members, "member")
    if len(reading.islands) > 1:
        sizes = ", ".join(str(len(island)) for island in reading.islands[:8])
        more = ", …" if len(reading.islands) > 8 else ""
        return f"{members} in {len(reading.islands)} islands ({sizes}{more})"
    linked = ", each linked with all others" if reading.converged and not reading.missing_links else ""
    return f"{members} in one island{linked}" if reading.members else "no member"


def count(things: Sized | int, singular: str) -> str:
    number = things if isinstance(things, int) else len(things)
    return f"{number:,} {singular}{'' if number == 1 else 's'}"


REASONS = {
    "data": "it holds data of its own, which joining would delete",
    "empty": "the source lists nobody, which may be its own fault",
    "island": "its island is joined to the largest one",
    "max_prune": "too many would go at once, so none goes",
    "min_nodes": "too few would be left, so none goes",
    "missing": "the link is missing",
    "no_answer": "it takes no call, or nobody answers who could do it",
    "no_scope": "no scope says which nodes may be pruned",
    "not_desired": "discovery does not list it",
    "not_ready": "discovery lists it as not ready",
    "other_membership": "the members keep a table of their own, in which links make and unmake nobody a member",
    "other_name": "discovery lists this node by another name",
    "out_of_scope": "it is outside the scope of this topology",
    "partial": "the discovery is partial, so its absence proves nothing",
    "partitioned": "members of one cluster do not agree on who is in it and runs, so nobody joins or goes",
    "prune_live": "it is alive, and live members may not be pruned",
    "prune_off": "the policy prunes nobody",
    "rejoin": "it leaves and rejoins, since no link can be added alone",
    "split": "it is in another cluster, and joining would delete what it holds",
    "terminating": "it is stopping",
    "unauthoritative": "the strategy cannot list everyone",
    "samples": "the source answers with samples of its list, which prove nobody's absence",
    "not_yet": "it has not been missing for long enough (policy.absent_for)",
    "still_running": "the source's list lacks it, and its pod runs",
    "unconfirmed": "it is not yet confirmed by further discoveries; a converging run asks again",
    "unsteady": "links keep missing, or a member is neither in nor out: look for members that refuse each other",
}
"""Explanations of the reasons in plans and refusals."""


def because(reason: str) -> str:
    return f"{reason}: {REASONS[reason]}" if reason in REASONS else reason
