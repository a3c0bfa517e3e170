# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The half of the planner that prunes. Every other action in here has the reason why a member is not pruned."""

from __future__ import annotations

from typing import Iterator, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    COMPLETE,
    KEEP,
    PRUNE,
    PRUNED_LATELY,
    REFUSE,
    Absence,
    Action,
    Discovery,
    Observation,
    Policy,
    minutes,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.table import OTHER_MEMBERSHIP, may_not_leave
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules

_COMES_BACK = "; delete its database before it is started again, or it comes back as a member by itself"
_WILL_GO = ("no_answer", "not_yet")
"""A member that is refused for one of these goes later, so it counts towards the limits."""


def prune_actions(
    discovery: Discovery,
    observation: Observation,
    policy: Policy,
    rules: Rules,
    earlier: Sequence[Discovery],
    recently_pruned: frozenset[str],
    absence: Absence,
) -> Iterator[Action]:
    """One decision for each undesired member that is linked to a desired node, in the order of their names."""
    candidates = []
    other_names = _other_names(discovery, observation)
    for name in sorted(undesired_members(discovery, observation)):
        verdict = (
            _exempt(name, observation, policy)
            or _refused_by_source(name, discovery, policy, absence)
            or _refused_alone(name, discovery, observation, policy, rules, other_names)
            or _not_yet(name, observation, policy, absence)
        )
        if verdict and verdict.reason not in _WILL_GO:
            yield verdict
        else:
            candidates.append((name, verdict))
    refused_together = _refused_together(
        [name for name, _why in candidates], discovery, observation, policy, recently_pruned
    )
    confirmed = [name for name, _why in candidates if _confirmations(name, discovery, earlier) >= policy.confirmations]
    going = frozenset(confirmed).difference(name for name, verdict in candidates if verdict)
    why = f"discovery does not list it{_COMES_BACK if rules.comes_back else ''}"
    for name, verdict in candidates:
        if refused_together:
            yield _refuse(name, *refused_together)
        elif verdict:
            yield verdict
        elif name not in going:
            needed = f"{policy.confirmations} complete discoveries in a row have to miss it"
            yield _refuse(name, "unconfirmed", f"{needed}, and a run that changes something asks for them")
        else:
            yield from rules.removals(name, going, observation, why)


def undesired_members(discovery: Discovery, observation: Observation) -> frozenset[str]:
    """The members that are not desired and are linked to a desired node; it is enough if one end lists the link. If no
    node is desired, these are all members."""
    if not discovery.nodes:
        return observation.members
    listed = frozenset().union(*(view.peers for name, view in observation.views.items() if name in discovery.names))
    linked = (name for name, view in observation.views.items() if not view.peers.isdisjoint(discovery.names))
    return listed.union(linked) - discovery.names


def _exempt(name: str, observation: Observation, policy: Policy) -> Optional[Action]:
    if policy.scope and not policy.in_scope(name):
        return Action(KEEP, name, "out_of_scope", detail=f"policy.scope is {', '.join(policy.scope)}")
    if name in observation.views and observation.views[name].stopping:
        return Action(KEEP, name, "terminating", detail="it says itself that it is stopping")
    return None


def _refused_by_source(name: str, discovery: Discovery, policy: Policy, absence: Absence) -> Optional[Action]:
    """A refusal if the source does not prove that the node is gone."""
    if not policy.prune:
        return _refuse(name, "prune_off", "policy.prune is false")
    if not discovery.authoritative and not policy.prune_unauthoritative:
        return _refuse(name, "unauthoritative", "the strategy cannot list everyone (policy.prune_unauthoritative)")
    if not policy.scope:
        return _refuse(name, "no_scope", "set policy.scope to the names that may go, such as ['app@*'] or ['web*']")
    if discovery.samples or absence.samples:
        return _refuse(name, "samples", absence.samples or "; ".join(discovery.reasons))
    if discovery.status != COMPLETE:
        return _refuse(name, "partial", f"the discovery is {discovery.status}: {'; '.join(discovery.reasons)}")
    if name in discovery.still_running:
        return _refuse(name, "still_running", "the source's list lacks it, and its pod is Running, Ready and selected")
    return None


def _refused_alone(
    name: str,
    discovery: Discovery,
    observation: Observation,
    policy: Policy,
    rules: Rules,
    other_names: frozenset[str],
) -> Optional[Action]:
    why_not = may_not_leave(observation, rules)
    if why_not:
        return _refuse(name, OTHER_MEMBERSHIP, why_not)
    nobody = rules.nobody_leaves(observation)
    if nobody:
        return _refuse(name, *nobody)
    if name in other_names:
        return _refuse(
            name, "other_name", "a desired node's address answers by this name: check node_basename and mode"
        )
    unsteady = rules.is_unsteady(name, observation)
    if unsteady:
        return _refuse(name, *unsteady)
    if name not in observation.alive:
        return _refused_as_dead(name, discovery, observation)
    if not (rules.reversible if policy.prune_live is None else policy.prune_live):
        return _refuse(name, "prune_live", "it is alive as far as the members know (policy.prune_live)")
    if rules.leaves_itself and name not in observation.views:
        why = observation.unreachable.get(name)
        return _refuse(
            name,
            "no_answer",
            f"it takes no call ({why.reason if why else 'it was not asked'}), and dropping it from the other side "
            "would cost healthy links; it goes once the members drop it",
        )
    return None


def _not_yet(name: str, observation: Observation, policy: Policy, absence: Absence) -> Optional[Action]:
    needed = policy.absent_for_live if name in observation.alive else policy.absent_for
    missing = absence.seconds(name)
    if missing >= needed:
        return None
    return _refuse(
        name,
        "not_yet",
        f"it has been off the list for what counts as {missing:.0f} s of the {needed:.0f} s of policy.absent_for: it "
        "takes one run that goes on for longer (duration) and looks at least four times meanwhile; or "
        "policy.absent_for: 0, if each answer of the source lists everybody",
    )


def _refused_as_dead(name: str, discovery: Discovery, observation: Observation) -> Optional[Action]:
    """A refusal if too few desired nodes answer: a minority that is cut off reports all others dead."""
    answering = discovery.names.intersection(observation.views)
    if not discovery.nodes or 2 * len(answering) > len(discovery.nodes):
        return None
    return _refuse(
        name,
        "no_answer",
        f"{len(answering)} of {len(discovery.nodes)} desired nodes answer, which is not most of them: too few to say "
        "that it is dead",
    )


def _refused_together(
    candidates: Sequence[str],
    discovery: Discovery,
    observation: Observation,
    policy: Policy,
    recently_pruned: frozenset[str],
) -> Optional[tuple[str, str]]:
    if not candidates:
        return None
    if not discovery.nodes and not policy.allow_empty:
        return "empty", "the discovery is complete and empty (policy.allow_empty)"
    members = undesired_members(discovery, observation) | (discovery.names & observation.members)
    in_scope = frozenset(filter(policy.in_scope, members))
    going = frozenset(candidates) | recently_pruned
    limit = policy.prune_limit(len(in_scope | recently_pruned))
    if len(going) > limit:
        within = f", {len(recently_pruned)} of them within the last {minutes(PRUNED_LATELY)}"
        lately = within if recently_pruned else ""
        return "max_prune", f"{len(going)} would go{lately}, policy.max_prune {policy.max_prune} allows {limit}"
    left = len(members - frozenset(candidates) - (observation.down - frozenset(observation.views)))
    if left < policy.min_nodes:
        return "min_nodes", f"{left} would be left, policy.min_nodes is {policy.min_nodes}"
    return None


def _other_names(discovery: Discovery, observation: Observation) -> frozenset[str]:
    """The names under which desired nodes answer that differ from discovery's, such as another spelling of an IP
    address."""
    found = (observation.unreachable.get(node.name) for node in discovery.nodes)
    return frozenset(why.answers_as for why in found if why and why.answers_as)


def _confirmations(name: str, discovery: Discovery, earlier: Sequence[Discovery]) -> int:
    confirmed = 0
    for one in (discovery, *reversed(earlier)):
        if one.status != COMPLETE or name in one.names:
            break
        confirmed += 1
    return confirmed


def _refuse(name: str, reason: str, detail: str) -> Action:
    return Action(REFUSE, name, reason, refused=PRUNE, detail=detail)
