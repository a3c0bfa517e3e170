# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an interruption falls, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.atomic import (
    atomic,
    finished,
    side_by_side,
)

from tests.harness.simulation import virtual_time


class Log:
    """Parts of 10 seconds each, and what became of them."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []

    async def part(self, name: str) -> None:
        self.begun.append(name)
        await asyncio.sleep(10)
        self.ended.append(name)


def interrupted(work: Callable[[], Awaitable[object]], *at: float) -> float:
    """
    :returns: the second at which the work ended.
    """

    async def run() -> float:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work())
        for second in at:
            loop.call_at(second, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
        return loop.time()

    return virtual_time.run(run())


@pytest.mark.parametrize(("at", "end", "ended"), [((5,), 10, ["a"]), ((5, 6), 6, []), ((15,), 20, ["a", "b"])])
def test_a_part_is_finished_and_no_other_is_begun(at: tuple[float, ...], end: float, ended: list[str]) -> None:
    log = Log()

    async def one_after_the_other() -> None:
        for name in "abc":
            await atomic(partial(log.part, name))

    assert interrupted(one_after_the_other, *at) == end
    assert log.ended == ended
    assert "c" not in log.begun


@pytest.mark.parametrize(("at", "end", "ended"), [((5,), 10, ["a", "b"]), ((5, 6), 6, [])])
def test_those_that_run_are_finished_and_those_that_wait_are_not_begun(
    at: tuple[float, ...], end: float, ended: list[str]
) -> None:
    log = Log()

    async def two_at_a_time() -> None:
        places = asyncio.Semaphore(2)

        async def one(name: str) -> None:
            async with places:
                await atomic(partial(log.part, name))

        await side_by_side(partial(one, name) for name in "abcd")

    assert interrupted(two_at_a_time, *at) == end
    assert (log.begun, log.ended) == (["a", "b"], ended)


@pytest.mark.parametrize(
    ("at", "end", "ended"),
    [
        ((5,), 20, ["a", "end of a"]),
        ((5, 15), 15, ["a"]),
        ((25,), 30, ["a", "b", "end of ab"]),
        ((25, 26), 26, ["a", "b"]),
    ],
)
def test_what_has_begun_is_brought_to_the_end_that_all_have_in_common(
    at: tuple[float, ...], end: float, ended: list[str]
) -> None:
    log = Log()
    begun: list[str] = []

    async def one(name: str) -> None:
        await log.part(name)
        begun.append(name)

    async def begin() -> None:
        for name in "ab":
            await atomic(partial(one, name))

    async def finish() -> None:
        await log.part("end of " + "".join(begun))

    assert interrupted(partial(finished, begin, finish), *at) == end
    assert log.ended == ended


def test_what_is_not_interrupted_gives_what_its_parts_give() -> None:
    async def double(number: int) -> int:
        await asyncio.sleep(3 - number)
        return 2 * number

    async def run() -> list[int]:
        return await side_by_side(partial(atomic, partial(double, number)) for number in (1, 2))

    assert virtual_time.run(run()) == [2, 4]
