# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what a run saw and did, and the only place that turns it into the result of a module."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Iterator, Mapping, Optional, Sequence, Union

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    COMPLETE,
    FAILED,
    KEEP,
    PRUNE,
    Action,
    Discovery,
    Done,
    Failed,
    Observation,
    Outcome,
    Pending,
    Plan,
    Unknown,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.verdict import verdicts
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import (
    Diff,
    InfoResult,
    Link,
    MembershipResult,
    PlannedAction,
    Seen,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules
from ansible_collections.selfheal.cluster.plugins.module_utils._run.causes import causes, few
from ansible_collections.selfheal.cluster.plugins.module_utils._run.events import Events
from ansible_collections.selfheal.cluster.plugins.module_utils._run.picture import picture

SUMMARY_ABOVE = 50
"""Above this number of views, only those that differ from the whole cluster are returned, unless ``full`` is set."""

_NOT_ASKED = Discovery.failed(["the source was not asked"])


def utc_now() -> str:
    """The time in results and events: ISO 8601, in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class RunRecord:
    """The round fills it; it is read once at the end, even if the run ends early.

    :param before: the islands at the end of an earlier run of the same loop.
    """

    def __init__(
        self, topology: str, full: bool, check_mode: bool = False, before: Optional[Sequence[Sequence[str]]] = None
    ) -> None:
        self.rounds = 0
        self._check_mode = check_mode
        self._topology = topology
        self._full = full
        self._discovery: Optional[Discovery] = None
        self._observation = Observation({})
        self._plan: Optional[Plan] = None
        self._rules: Optional[Rules] = None
        self._before: Optional[list[str]] = None
        self._predicted: Optional[Plan] = None
        self._under_way = False
        self._connected: list[Action] = []
        self._pruned: list[Action] = []
        self._events = Events(before)
        self._warnings: list[str] = []
        self._timings: dict[str, float] = {}
        self._start = time.monotonic()

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        start = time.monotonic()
        try:
            yield
        finally:
            self._timings[phase] = self._timings.get(phase, 0.0) + time.monotonic() - start

    def saw(self, discovery: Discovery, observation: Observation, plan: Plan, rules: Rules) -> None:
        self._discovery, self._observation, self._plan, self._rules = discovery, observation, plan, rules
        self._events.saw(discovery.names, observation, plan)
        if self._before is None:
            self._before = self._picture(observation)

    def discovery_failed(self, discovery: Discovery) -> None:
        self._discovery = discovery

    def warn(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.append(text)

    def predicts(self, plan: Plan) -> None:
        self._predicted = plan

    def begins_round(self, number: int) -> None:
        """What was under way in the round before is planned again, from what is."""
        self.rounds = number
        self._under_way = False

    def did(self, outcomes: Mapping[Action, Outcome]) -> None:
        """Record what became of the actions of a stage, those that were not begun left out."""
        self._events.did(outcomes)
        for action, outcome in outcomes.items():
            if isinstance(outcome, Done):
                self._did(action)
            else:
                self.warn(_told(action, outcome))
        self._under_way |= any(not isinstance(outcome, (Done, Failed)) for outcome in outcomes.values())

    def _did(self, action: Action) -> None:
        if action.kind != PRUNE:
            self._connected.append(action)
            return
        self._pruned.append(action)
        if self._rules and self._rules.comes_back:
            self.warn(f"{action.node} was pruned: {action.detail}")

    @property
    def has_asked(self) -> bool:
        """Whether there was a discovery, successful or not."""
        return self._discovery is not None

    @property
    def islands(self) -> Optional[Sequence[Sequence[str]]]:
        """The islands that the run saw last; those from before it if no member answered; None if there were none."""
        return self._events.islands

    @property
    def outstanding(self) -> frozenset[str]:
        """The nodes that the last plan would connect or prune, or refuses to."""
        actions = self._plan.actions if self._plan else ()
        return frozenset(action.node for action in actions if action.kind != KEEP)

    @property
    def could_connect(self) -> bool:
        """Whether a connect is outstanding that may still work."""
        return bool(self._plan and self._plan.connects)

    @property
    def changed(self) -> bool:
        return bool(self._connected or self._pruned)

    @property
    def changed_clause(self) -> str:
        """A clause for the message of a run that ends early."""
        return "so nothing more was changed" if self.changed else "so nothing was changed"

    def unreachable(self, state: str) -> bool:
        """Whether a desired node in this state gave no answer."""
        nodes = self._discovery.nodes if self._discovery else ()
        return any(node.name in self._observation.unreachable for node in nodes if node.state == state)

    def unreachable_text(self) -> str:
        return "; ".join(f"{few(names)}: {reason}" for names, reason in causes(self._unreachable()))

    def _unreachable(self) -> dict[str, str]:
        return {name: why.reason for name, why in sorted(self._observation.unreachable.items())}

    def inspected(self) -> InfoResult:
        """The result of ``membership_info``: the current state, and the plan that would heal it."""
        plan = self._plan or Plan()
        actions: list[PlannedAction] = [
            {"action": action.kind, "node": action.node, "observer": action.observer, "reason": action.reason}
            for action in plan.actions
        ]
        return {"changed": False, **self._seen(plan), "plan": actions}

    def done(self) -> MembershipResult:
        """The result of ``membership``, in check mode a prediction; also for a run that ended early."""
        plan = self._plan or Plan()
        actions = self._predicted or Plan((*self._connected, *self._pruned))
        return {
            "changed": bool(actions.connects or actions.prunes),
            **self._seen(plan),
            "connected": [_link(action) for action in actions.connects],
            "pruned": [_link(action) for action in actions.prunes],
            "events": [] if self._check_mode else self._events.all(),
            "rounds": self.rounds,
            "diff": self._diff(),
        }

    @property
    def warnings(self) -> list[str]:
        """What users are warned of beside either result."""
        plan = self._plan or Plan()
        discovery = self._discovery or _NOT_ASKED
        texts = list(self._warnings)
        if discovery.status not in (COMPLETE, FAILED):
            texts.append(f"the discovery is {discovery.status}: {'; '.join(discovery.reasons)}")
        texts += plan.doubts
        texts += discovery.notes
        texts += _refusals(plan)
        texts += [f"{few(names)} gave no answer: {reason}" for names, reason in causes(self._unreachable())]
        return [f"topology {self._topology!r}: {text}" for text in texts]

    @property
    def verdicts(self) -> Sequence[str]:
        """All verdicts that hold, the one that counts first; none if the run ended before its source answered."""
        return verdicts(self._discovery, self._observation, self._plan, self._under_way)

    def _seen(self, plan: Plan) -> Seen:
        discovery = self._discovery or _NOT_ASKED
        return {
            "time": utc_now(),
            "verdict": next(iter(self.verdicts), None),
            "verdict_reasons": list(self.verdicts),
            "converged": self._plan is not None and plan.converged and not self._under_way,
            "status": discovery.status,
            "reasons": [*discovery.reasons, *plan.doubts],
            "desired": sorted(discovery.names),
            "members": sorted(self._observation.members),
            "views": self._views(),
            "islands": [list(island) for island in plan.islands],
            "refused": [
                {"node": action.node, "action": action.refused, "reason": action.reason} for action in plan.refusals
            ],
            "unreachable_nodes": self._unreachable(),
            "timings": {
                **{phase: round(seconds, 3) for phase, seconds in self._timings.items()},
                "total": round(time.monotonic() - self._start, 3),
            },
            "picture": self._picture(self._observation),
        }

    def _views(self) -> dict[str, list[str]]:
        views = self._observation.views
        chosen = sorted(views)
        if len(views) > SUMMARY_ABOVE and not self._full:
            everyone = self._observation.members
            chosen = [name for name in chosen if views[name].peers != everyone - {name}]
        return {name: sorted(views[name].peers) for name in chosen}

    def _picture(self, observation: Observation) -> list[str]:
        desired = self._discovery.names if self._discovery else frozenset()
        return picture(self._topology, desired, observation)

    def _diff(self) -> Diff:
        after = self._observation
        if self._predicted and self._rules:
            after = self._rules.predict(self._predicted, after)
        return {
            "before_header": self._topology,
            "after_header": self._topology,
            "before": _text(self._before or []),
            "after": _text(self._picture(after)),
        }


def _refusals(plan: Plan) -> Iterator[str]:
    """Each refusal, with all nodes that have the same one."""
    by_reason: dict[tuple[Optional[str], str], dict[str, str]] = {}
    for action in plan.refusals:
        by_reason.setdefault((action.refused, action.reason), {})[action.node] = action.detail
    for (refused, reason), details in by_reason.items():
        for names, detail in causes(details):
            yield f"{refused} of {few(names)} refused ({reason}): {detail}"


def _told(action: Action, outcome: Union[Failed, Pending, Unknown]) -> str:
    """What users are told of an action that is not done."""
    if isinstance(outcome, Failed):
        if action.kind == PRUNE:
            return f"{action.node} was not pruned: {outcome.reason}"
        return f"{action.observer} could not connect {action.node}: {outcome.reason}"
    what = f"{action.kind} of {action.node}"
    if isinstance(outcome, Pending):
        return f"{what} is under way: {outcome.reason}" + (f" ({outcome.progress})" if outcome.progress else "")
    return f"{what} may have been carried out or not, so nothing more is changed in this run: {outcome.reason}"


def _link(action: Action) -> Link:
    return {"observer": action.observer, "node": action.node}


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
