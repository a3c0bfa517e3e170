# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an interruption may fall: between atomic parts, never inside one.

An interruption is the cancellation of :meth:`Driver.perform`. Each part that has begun is finished, and no other one is
begun. A second interruption ends them at once.
"""

from __future__ import annotations

import asyncio
from typing import Awaitable, Callable, Iterable, TypeVar

T = TypeVar("T")


async def atomic(part: Callable[[], Awaitable[T]]) -> T:
    """Run one part to its end, and only then be interrupted."""
    task = asyncio.ensure_future(part())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


async def side_by_side(parts: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """Run all of it at the same time. An interruption is one of each, and waits for all of them to end."""
    tasks = [asyncio.ensure_future(part()) for part in parts]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        while not all(task.done() for task in tasks):
            try:
                await asyncio.wait(tasks)
            except asyncio.CancelledError:
                for task in tasks:
                    task.cancel()


async def finished(begin: Callable[[], Awaitable[None]], finish: Callable[[], Awaitable[None]]) -> None:
    """Begin many parts that have one end in common, such as a look at the members, and finish those that were begun.

    :param begin: an interruption falls between its parts.
    :param finish: runs to its end in any case; it knows which parts were begun.
    """
    try:
        await begin()
    except asyncio.CancelledError:
        await finish()
        raise
    await atomic(finish)
