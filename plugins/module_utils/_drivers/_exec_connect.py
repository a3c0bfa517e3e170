# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connecting by command. A command that ends well may have linked nothing, or somebody by another name."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._base import Outcome
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._exec_members import Members
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._exec_templates import Template
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, View

_LISTED = 5.0
"""Seconds in which an observer lists whom it was told to connect."""
_POLL = 0.25


class Connector:
    def __init__(self, members: Members, connect: Template) -> None:
        self._members = members
        self._connect = connect

    async def connect(self, actions: Sequence[Action]) -> Outcome:
        """First those who answer us, then the others: a Serf agent makes one join after the other, so those behind one
        that hangs would not be made in time. What comes of it shows in the observers' views."""
        near = [action for action in actions if self._members.answers(action.node)]
        far = [action for action in actions if not self._members.answers(action.node)]
        outcome: dict[Action, Optional[str]] = {}
        for some in (near, far):
            reasons = await self._members.together(partial(self._tell, action) for action in some)
            outcome.update(zip(some, reasons))
        outcome.update(await self._unlisted([action for action in actions if outcome[action] is None]))
        return outcome

    async def _tell(self, action: Action) -> Optional[str]:
        try:
            await self._members.run(self._connect, str(action.observer), action.node)
        except UnreachableError as error:
            return error.reason
        return None

    async def _unlisted(self, actions: Sequence[Action]) -> dict[Action, str]:
        """Those whose observers don't list the node in time, and why."""
        now = asyncio.get_running_loop().time
        deadline = now() + _LISTED
        views: Mapping[str, View] = {}
        while actions:
            views = await self._members.views({str(action.observer) for action in actions})
            actions = [action for action in actions if not _is_linked(action, views)]
            if now() > deadline:
                break
            await asyncio.sleep(_POLL if actions else 0)
        return {action: _problem(action, views) for action in actions}


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
