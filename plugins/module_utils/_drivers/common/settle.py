# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until a mesh has completed itself."""

from __future__ import annotations

import asyncio
from typing import Awaitable, Callable

from ansible_collections.selfheal.cluster.plugins.module_utils._model import Observation

SETTLE = 15.0
"""Seconds in which a mesh completes itself or does not; 20 Erlang nodes took up to 3.7, 50 up to 2.9."""
UNCHANGED = 5.0
"""Seconds without any change after which waiting on is pointless."""


async def settled(
    observe: Callable[[], Awaitable[Observation]], done: Callable[[Observation], bool], poll: float
) -> Observation:
    """Observe every ``poll`` seconds until ``done`` holds, the views no longer change, or the time is over.

    :returns: the last observation.
    """
    now = asyncio.get_running_loop().time
    deadline = now() + SETTLE
    last_change, last = now(), None
    while True:
        observation = await observe()
        if observation != last:
            last_change, last = now(), observation
        if done(observation) or now() > deadline or now() - last_change > UNCHANGED:
            return observation
        await asyncio.sleep(poll)
