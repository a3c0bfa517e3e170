# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocking work that an event loop waits for."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from typing import Any, Callable, TypeVar

from ansible_collections.selfheal.cluster.plugins.module_utils._io.threads import in_a_thread

T = TypeVar("T")


def to_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """Start it in a thread of its own.

    Not in one of the loop's own: they are few, and the end of the loop waits for them, so that some work that never
    ends would hold up the others and then the exit. Whoever no longer waits may cancel the future, give it an outcome
    of their own, and close the loop.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def deliver(done: concurrent.futures.Future[T]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, nobody waits any more
            loop.call_soon_threadsafe(_copy, done, future)

    in_a_thread(work).add_done_callback(deliver)
    return future


def _copy(done: concurrent.futures.Future[Any], future: asyncio.Future[Any]) -> None:
    if future.done():
        return
    error = done.exception()
    if error:
        future.set_exception(error)
    else:
        future.set_result(done.result())
