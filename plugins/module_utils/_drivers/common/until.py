# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Polling a condition until it holds or the time is over."""

from __future__ import annotations

import asyncio
from typing import Awaitable, Callable

_POLL = 0.1


async def until(holds: Callable[[], Awaitable[bool]], seconds: float, poll: float = _POLL) -> bool:
    """Check the condition at once, and then every ``poll`` seconds.

    :returns: whether it held in time.
    """
    now = asyncio.get_running_loop().time
    deadline = now() + seconds
    while not await holds():
        if now() > deadline:
            return False
        await asyncio.sleep(poll)
    return True


async def until_it_lasts(
    holds: Callable[[], Awaitable[bool]], seconds: float, lasts: float, poll: float = _POLL
) -> None:
    """The same, and once it holds, check on for ``lasts`` seconds or until it is broken. The caller reads the outcome
    from the state that ``holds`` saw last."""

    async def broken() -> bool:
        return not await holds()

    if await until(holds, seconds, poll):
        await until(broken, lasts, poll)
