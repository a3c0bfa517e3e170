# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connecting by command. A command that succeeds may have linked nothing, or the node under another name."""

from __future__ import annotations

from typing import Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.base import Report, report_problems
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.atomic import finished
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.until import until
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.members import POLL, ExecMembers
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.templates import Template
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, View

_LISTED = 5.0
"""Seconds until an observer has to list the node that it was told to connect."""


class ExecConnector:
    def __init__(self, members: ExecMembers, connect: Template) -> None:
        self._members = members
        self._connect = connect

    async def connect(self, actions: Sequence[Action], report: Report) -> None:
        """Connect the nodes that answer us, then the others: a Serf agent joins one node after the other, so a join
        that hangs would delay those behind it. The observers' views show whether it worked."""
        near = [action for action in actions if self._members.answers(action.node)]
        far = [action for action in actions if not self._members.answers(action.node)]
        problems: dict[Action, Optional[str]] = {}

        async def run_commands() -> None:
            for some in (near, far):
                await self._members.run_each(self._connect, some, problems)

        async def verify() -> None:
            worked = [action for action, problem in problems.items() if problem is None]
            report_problems({**problems, **await self._unlisted(worked)}, report)

        await finished(run_commands, verify)

    async def _unlisted(self, actions: Sequence[Action]) -> dict[Action, str]:
        """The actions whose observers don't list the node in time, and why."""
        left = actions
        views: Mapping[str, View] = {}

        async def all_are_linked() -> bool:
            nonlocal left, views
            views = await self._members.views({str(action.observer) for action in left})
            left = [action for action in left if not _is_linked(action, views)]
            return not left

        await until(all_are_linked, _LISTED, POLL)
        return {action: _problem(action, views) for action in left}


def _is_linked(action: Action, views: Mapping[str, View]) -> bool:
    observer = str(action.observer)
    return observer in views and action.node in views[observer].linked


def _problem(action: Action, views: Mapping[str, View]) -> str:
    observer = str(action.observer)
    if observer not in views:
        return f"{observer} no longer says whom it lists, so nobody saw it connected"
    if action.node in views[observer].down:
        return f"the command ended well and {observer} still reports {action.node} unreachable"
    return f"the command ended well and {action.node} is not listed by {observer}: does the cluster call it otherwise?"
