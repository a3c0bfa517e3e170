# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules: how one kind of system is joined and left. Pure, one class a kind; the driver chooses it.

The planner alone decides who may leave. Rules decide how, and may only refuse more::

    rules = driver.rules                                       # such as Transitive(reversible=True)
    rules.additions(discovery, observation, wanted, staying)   # the connects, and the refusals
    rules.removals("app@10.0.0.3", going, observation, why)    # the calls by which it leaves
    rules.stages(actions)                                      # the same, in the order in which they are done
    rules.guard(stage, observation)                            # what is not done after all, now that it is its turn
    rules.predict(plan, observation)                           # the views after it
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import AbstractSet, ClassVar, Iterator, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._graph import islands
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    CONNECT,
    PRUNE,
    REFUSE,
    Action,
    Discovery,
    Observation,
    Plan,
    Stage,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._options import CALLS

BY_LINK = frozenset(CALLS)
"""What a driver may do by links alone."""


class Obstacle(NamedTuple):
    """Why an action is not done: ``reason`` is one word, ``detail`` explains it to people."""

    reason: str
    detail: str


@dataclass(frozen=True)
class Rules:
    """The base class of all rules: what holds for every system whose members keep links to each other or lists.

    reversible: a pruned live member comes back when it is connected again.
    leaves_itself: only the pruned node itself can leave without harm to the rest.
    spreads: one member takes a node off the lists of its whole island.
    comes_back: a pruned node that starts with what it has stored is a member again.
    by_link: what the driver does by links alone. A function of the user's own is not among it, since its effect is
        unknown.
    """

    guarded: ClassVar[bool] = False
    """Whether the cluster is observed again before each stage but the first, for :meth:`guard`. Links need no such
    look: a driver verifies each prune on the members, and a connect of two that are linked by now changes nothing."""

    reversible: bool
    leaves_itself: bool = False
    spreads: bool = False
    comes_back: bool = False
    by_link: frozenset[str] = BY_LINK

    def additions(
        self, discovery: Discovery, observation: Observation, wanted: frozenset[str], staying: frozenset[str]
    ) -> Iterator[Action]:
        """The actions that connect missing nodes, and a refusal for each node that cannot be connected.

        :param wanted: the desired nodes that are to be in the cluster now.
        :param staying: the relevant names without those that the plan prunes. They can link two nodes into one island.
        """
        raise NotImplementedError

    def nobody_leaves(self, observation: Observation) -> Optional[Obstacle]:
        """Why no member at all may be removed now, or None."""
        return None

    def is_unsteady(self, name: str, observation: Observation) -> Optional[Obstacle]:
        """Why this member may not be removed now: another one still adds or drops it. None if that is not so."""
        reported_by = observation.unsettled.get(name)
        return Obstacle("unsteady", f"{reported_by} lists it as neither in nor out") if reported_by else None

    def _refused_as_unsteady(self, wanted: frozenset[str], observation: Observation) -> Iterator[Action]:
        """A connect would change nothing about a node that is neither in nor out."""
        for node in sorted(wanted):
            obstacle = self.is_unsteady(node, observation)
            if obstacle:
                yield refused(node, *obstacle)

    def removals(self, name: str, going: frozenset[str], observation: Observation, detail: str) -> Iterator[Action]:
        """The calls that remove an undesired member.

        :param going: all members that the plan removes.
        """
        if self.leaves_itself and name in observation.alive:
            yield Action(PRUNE, name, "not_desired", name, detail=detail)
            return
        listing = [one for one, view in sorted(observation.views.items()) if name in view.peers and one != name]
        # A member that is removed too is an observer only if there is no other one.
        observers = [one for one in listing if one not in going] or listing
        for observer in _one_of_each_island(observers, observation) if self.spreads else observers:
            yield Action(PRUNE, name, "not_desired", observer, detail=detail)

    def stages(self, actions: Sequence[Action]) -> tuple[Stage, ...]:
        """The prunes and connects among the actions, one kind a stage. Prunes go first: right after a connect they
        would find the mesh still synchronising."""
        stages = (tuple(action for action in actions if action.kind == kind) for kind in (PRUNE, CONNECT))
        return tuple(filter(None, stages))

    def guard(self, stage: Stage, observation: Observation) -> Mapping[Action, Obstacle]:
        """The actions of a stage that are not done after all, and why. Nothing can be added to a stage.

        :param observation: made after the stage before it; only rules that are ``guarded`` are asked.
        """
        return {}

    def predict(self, plan: Plan, observation: Observation) -> Observation:
        """The views after every connect and prune of the plan has worked, without those of pruned members."""
        gone = frozenset(action.node for action in plan.prunes)
        staying = {name: view for name, view in observation.views.items() if name not in gone}
        linked = {name: set(view.linked - gone) for name, view in staying.items()}
        for action in plan.connects:
            for one, other in ((action.observer, action.node), (action.node, action.observer)):
                if one in linked and other:
                    linked[one].add(other)
        views = {name: _as_linked(view, linked[name], gone) for name, view in staying.items()}
        return Observation(self._completed(views, gone), observation.unreachable)

    def _completed(self, views: Mapping[str, View], gone: frozenset[str]) -> Mapping[str, View]:
        """The views once the members have linked all nodes of an island to each other, as most systems do."""
        found = dict(views)
        for island in islands(views, Observation(views).members):
            for name in views.keys() & frozenset(island):
                found[name] = _as_linked(views[name], views[name].linked.union(island) - {name}, gone)
        return found


def _as_linked(view: View, linked: AbstractSet[str], gone: frozenset[str]) -> View:
    """The view with these links, all of them settled."""
    peers = frozenset(linked)
    down = view.down - peers - gone
    return replace(view, peers=peers | down, synced=None if view.synced is None else peers, down=down)


def refused(node: str, reason: str, detail: str) -> Action:
    """The refusal of a connect."""
    return Action(REFUSE, node, reason, refused=CONNECT, detail=detail)


def _one_of_each_island(observers: Sequence[str], observation: Observation) -> Sequence[str]:
    parts = islands(observation.views, observation.members)
    chosen = (next((observer for observer in observers if observer in part), None) for part in parts)
    return [observer for observer in chosen if observer]
