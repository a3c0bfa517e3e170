# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocking work in threads that never delay the end of the process."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from typing import Any, Callable, TypeVar

T = TypeVar("T")


def in_a_thread(function: Callable[[], T]) -> Future[T]:
    """Start the work. Unlike an executor's threads, this one delays neither the end of an event loop nor that of the
    process: an interrupted run must not wait for a source that never answers."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()
    threading.Thread(target=_run, args=(future, function), daemon=True).start()
    return future


def within(seconds: float, function: Callable[[], T], abort: Callable[[], None]) -> T:
    """Do the work in a thread, and wait for it: a socket's time-out does not limit a name look-up, a handshake, or a
    server that drips bytes.

    :param abort: ends the work that is not done in time, so that a loop does not accumulate such threads.
    :raises TimeoutError: it is not done in time.
    """
    future = in_a_thread(function)
    try:
        wait([future], seconds)
        if not future.done():
            raise TimeoutError
        return future.result()
    finally:
        if not future.done():
            abort()


def _run(future: Future[Any], function: Callable[[], Any]) -> None:
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
