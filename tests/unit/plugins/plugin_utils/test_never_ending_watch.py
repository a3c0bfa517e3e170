# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch that is begun again, where a real one would not end on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._run import pace
from ansible_collections.selfheal.cluster.plugins.plugin_utils import _never_ending_watch
from ansible_collections.selfheal.cluster.plugins.plugin_utils._never_ending_watch import NeverEndingWatch

SOURCE = source_of({"topology": "chat", "strategy": "static", "config": {"nodes": []}})
_SOON = 30
RARELY = 3600

Begin = Callable[[int, Callable[[], None]], Awaitable[None]]


def _told_until(monkeypatch: pytest.MonkeyPatch, times: int, begin: Begin) -> list[str]:
    """What a watch tells until it has begun so many times; ``begin`` is each, with its number from 1."""
    monkeypatch.setattr(pace, "SPACING", 0.01)
    told: list[str] = []
    begun = 0
    enough = asyncio.Event()

    async def watch(_source: Any, changed: Callable[[], None], _told: Callable[[str], None]) -> None:
        nonlocal begun
        begun += 1
        if begun == times:
            enough.set()
        await begin(begun, changed)

    async def run() -> None:
        monkeypatch.setattr(_never_ending_watch, "watch", watch)
        watching = asyncio.ensure_future(NeverEndingWatch(SOURCE, lambda: None, told.append).go_on(RARELY))
        await asyncio.wait_for(enough.wait(), _SOON)
        await asyncio.sleep(0)
        watching.cancel()
        await asyncio.wait({watching})

    asyncio.run(run())
    return told


def test_one_that_cannot_begin_is_tried_again_long_before_the_interval_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """K17: the same as a discovery that failed."""

    async def begin(number: int, changed: Callable[[], None]) -> None:
        if number < 4:
            raise RuntimeError("no kubeconfig")
        changed()
        await asyncio.Event().wait()

    told = _told_until(monkeypatch, 4, begin)
    assert told == ["no kubeconfig; not watched until the next attempt", "it is watched again"]


def test_one_that_ends_again_and_again_after_it_has_worked_is_begun_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    async def begin(_number: int, changed: Callable[[], None]) -> None:
        changed()

    # With 1, 2, 4 and so on hundredths of a second between them, so many would take hours.
    told = _told_until(monkeypatch, 25, begin)
    assert told[:2] == ["it has ended; not watched until the next attempt", "it is watched again"]
