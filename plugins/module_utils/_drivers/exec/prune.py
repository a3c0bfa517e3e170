# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pruning by command, for systems where one call is enough and for those where each member needs its own."""

from __future__ import annotations

from typing import Collection, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Report, report_problems
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.atomic import finished
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.until import until, until_it_lasts
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.members import POLL, ExecMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.templates import Template
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Node, View

_SPREAD = 3.0
"""Seconds for a removal to spread by itself before the command runs for the other observers as well."""
_OUT = 5.0
"""Seconds until no observer may list the node any more."""
_STAYS_OUT = 1.0
"""Seconds for which the views are then watched, in case the node comes back."""

_MAY_BE_DESIRED = "a desired node answers by another name than discovery gives it, and this may be that name"

_ALIVE = "nothing was done: it is alive by now"

_SILENT = "nothing was done: {} no longer says whom it lists"


class ExecPruner:
    """
    :param spreads: a removal on one member spreads to the others.
    :param only_dead: a live node must not be pruned.
    """

    def __init__(self, members: ExecMembers, disconnect: Template, spreads: bool, only_dead: bool) -> None:
        self._members = members
        self._disconnect = disconnect
        self._spreads = spreads
        self._only_dead = only_dead

    async def prune(self, actions: Sequence[Action], desired: Sequence[Node], report: Report) -> None:
        """Run the command for one observer of each node, then for the observers that still list it, and then watch all
        of them. The views of the members that stay decide whether it worked, whatever the commands report."""
        kept = [action for action in actions if self._members.may_be_desired(action.node)]
        refused: dict[Action, Optional[str]] = dict.fromkeys(kept, _MAY_BE_DESIRED)
        if self._only_dead:
            refused.update(await self._doubts([action for action in actions if action not in refused], desired))
        report_problems(refused, report)
        await self._prune([action for action in actions if action not in refused], desired, report)

    async def _doubts(self, actions: Sequence[Action], desired: Sequence[Node]) -> dict[Action, Optional[str]]:
        """Check once more that the nodes are dead, since some commands make members forget a live one.

        :returns: the actions to refuse, and why: those whose node is alive by now, or all of them where a member that
            was observed for the plan no longer answers.
        """
        gone = {action.node for action in actions}
        witnesses = self._members.observed - gone
        views = await self._members.views(gone.union(witnesses, (node.name for node in desired)))
        silent = sorted(witnesses.difference(views))
        why = _SILENT.format(silent[0]) if silent else None
        alive = gone.intersection(views).union(*(view.linked for view in views.values()))
        doubts = {action: _ALIVE if action.node in alive else why for action in actions}
        return {action: doubt for action, doubt in doubts.items() if doubt}

    async def _prune(self, actions: Sequence[Action], desired: Sequence[Node], report: Report) -> None:
        problems: dict[Action, Optional[str]] = {}
        begun: Collection[Action] = problems

        async def run_commands() -> None:
            nonlocal begun
            first = list({action.node: action for action in reversed(actions)}.values())
            await self._members.run_each(self._disconnect, first, problems)
            others = [action for action in actions if action not in first]
            succeeded = not any(problems.values())
            remaining = await self._still_listing(others, _SPREAD * (self._spreads and succeeded))
            await self._members.run_each(self._disconnect, remaining, problems)
            begun = actions

        async def verify() -> None:
            if not begun:
                return
            gone = frozenset(action.node for action in begun)
            observers = {str(action.observer) for action in begun}.union(node.name for node in desired)
            views = await self._watch(gone, observers - gone or observers)
            found = {action: _problem(action, problems.get(action), views, gone) for action in begun}
            report_problems(found, report)

        await finished(run_commands, verify)

    async def _still_listing(self, actions: Sequence[Action], seconds: float) -> Sequence[Action]:
        """The actions whose observers still list the node after so many seconds, or don't answer."""
        left = actions

        async def nobody_lists_it() -> bool:
            nonlocal left
            views = await self._members.views({str(action.observer) for action in left})
            left = [
                action
                for action in left
                if action.observer not in views or _lists(views, str(action.observer), action.node)
            ]
            return not left

        await until(nobody_lists_it, seconds, POLL)
        return left

    async def _watch(self, gone: frozenset[str], observers: set[str]) -> Mapping[str, View]:
        """The last views: those of the end of a short time in which no observer listed a node of ``gone``, or those in
        which one is still listed, or listed again."""
        views: Mapping[str, View] = {}

        async def all_are_out() -> bool:
            nonlocal views
            views = await self._members.views(observers)
            return not any(view.peers & gone for view in views.values())

        await until_it_lasts(all_are_out, _OUT, _STAYS_OUT, POLL)
        return views


def _lists(views: Mapping[str, View], observer: str, node: str) -> bool:
    return observer in views and node in views[observer].peers


def _problem(action: Action, problem: Optional[str], views: Mapping[str, View], gone: frozenset[str]) -> Optional[str]:
    """Why the prune did not work, or None. An observer that is pruned itself need not answer if another one does."""
    listing = [observer for observer in sorted(views) if _lists(views, observer, action.node)]
    if listing:
        return problem or f"{listing[0]} lists it still or again: the command does not remove it, or it is alive"
    if action.observer not in views and not (action.observer in gone and views):
        return problem or f"{action.observer} no longer says whom it lists, so nobody saw it gone"
    return None
