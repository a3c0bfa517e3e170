# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocking work in threads, and who waits for it."""

from __future__ import annotations

import asyncio
import threading

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._io.threads import within
from ansible_collections.selfheal.cluster.plugins.module_utils._io.to_thread import to_thread

PATIENCE = 60.0


def failing(error):
    def work() -> None:
        raise error

    return work


def test_what_is_over_in_time_is_not_cut() -> None:
    cuts = []
    assert within(PATIENCE, lambda: 7, lambda: cuts.append(1)) == 7
    with pytest.raises(KeyError, match="gone"):
        within(PATIENCE, failing(KeyError("gone")), lambda: cuts.append(1))
    assert not cuts


def test_what_is_not_over_in_time_is_cut() -> None:
    cut = threading.Event()
    ended = threading.Event()

    def work() -> None:
        assert cut.wait(PATIENCE)
        ended.set()

    with pytest.raises(TimeoutError):
        within(0.01, work, cut.set)
    assert ended.wait(PATIENCE)


def test_a_loop_gets_what_the_thread_returns_or_raises() -> None:
    async def both() -> None:
        assert await to_thread(threading.get_ident) != threading.get_ident()
        with pytest.raises(KeyError, match="gone"):
            await to_thread(failing(KeyError("gone")))

    asyncio.run(both())


@pytest.mark.parametrize("give_up", ["cancel", "set_exception"])
def test_a_thread_that_nobody_waits_for_any_more_harms_nobody(give_up, caplog: pytest.LogCaptureFixture) -> None:
    leave = threading.Event()

    async def abandon(then) -> None:
        future = to_thread(lambda: leave.wait(PATIENCE))
        if give_up == "cancel":
            future.cancel()
        else:
            future.set_exception(OSError("too late"))
            assert future.exception()
        if then:
            then()
            # The thread ends after its outcome is handed over, or was to be.
            await asyncio.get_running_loop().run_in_executor(None, join_others, before)

    before = set(threading.enumerate())
    asyncio.run(abandon(leave.set))
    leave.clear()
    asyncio.run(abandon(None))
    leave.set()  # its loop is closed by now
    join_others(before)
    assert not caplog.records


def join_others(before) -> None:
    for thread in set(threading.enumerate()) - before - {threading.current_thread()}:
        if thread.daemon:
            thread.join(PATIENCE)
            assert not thread.is_alive()
