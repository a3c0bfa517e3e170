# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking again until an answer is the right one, or the time is over."""

from __future__ import annotations

import asyncio
from typing import Awaitable, Callable

_POLL = 0.1


async def until(holds: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Ask at once, and every tenth of a second from then on.

    :returns: whether it held in time.
    """
    now = asyncio.get_running_loop().time
    deadline = now() + seconds
    while not await holds():
        if now() > deadline:
            return False
        await asyncio.sleep(_POLL)
    return True
