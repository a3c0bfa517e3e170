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


def to_thread(function: Callable[[], T]) -> asyncio.Future[T]:
    """Start the work in a thread of its own.

    The loop's own threads are few, and the loop waits for them at its end, so that work which never ends would delay
    other work and then the exit. The caller may cancel the future, set a result or an exception itself, and close the
    loop before the work ends.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def deliver(done: concurrent.futures.Future[T]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, nobody waits any more
            loop.call_soon_threadsafe(_copy, done, future)

    in_a_thread(function).add_done_callback(deliver)
    return future


def _copy(done: concurrent.futures.Future[Any], future: asyncio.Future[Any]) -> None:
    if future.done():
        return
    error = done.exception()
    if error:
        future.set_exception(error)
    else:
        future.set_result(done.result())
