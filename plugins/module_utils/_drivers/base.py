# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract between the round and a driver."""

from __future__ import annotations

from typing import Callable, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._model import Action, Node, Observation
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules

Outcome = Mapping[Action, Optional[str]]
"""Each action that was tried -> None if it is done, or the reason why it failed."""


class Driver:
    """A driver keeps its connections open until it is closed, over any number of rounds."""

    @property
    def rules(self) -> Rules:
        """How the members that were observed last are joined and left."""
        raise NotImplementedError

    async def observe(self, desired: Sequence[Node], in_scope: Callable[[str], bool]) -> Observation:
        """Read the views of the desired nodes, and of the in-scope peers that they list. They are read concurrently: a
        node that never answers costs one time-out."""
        raise NotImplementedError

    async def settle(
        self, desired: Sequence[Node], in_scope: Callable[[str], bool], done: Callable[[Observation], bool]
    ) -> Observation:
        """Observe repeatedly until ``done`` holds or the driver's own limit is reached; return the last observation."""
        raise NotImplementedError

    async def prune(self, actions: Sequence[Action], desired: Sequence[Node]) -> Outcome:
        """Carry out prune actions, each verified on the members that stay."""
        raise NotImplementedError

    async def connect(self, actions: Sequence[Action], desired: Sequence[Node]) -> Outcome:
        """Carry out connect actions."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close every connection. Safe to call twice."""
        raise NotImplementedError
