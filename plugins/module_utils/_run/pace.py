# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timing of a loop: its duration, its interval, its retries, and the wait for the next round."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any, Mapping, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import check_watchable, watch_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import options_of
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Source

TTL = "ttl"
INTERVAL = 30.0
"""Seconds between two full rounds by default, and with ``ttl`` where the source gave no time to live."""
SPACING = 1.0
"""The least seconds from the beginning of one round to that of the next, however often the source changes."""
_SHORTEST_TTL, _LONGEST_TTL = 1.0, 300.0
_LEAST_INTERVAL, _A_DAY, _A_YEAR = 0.1, 86400.0, 366 * 86400.0
_MOST_TRIES = 18  # 2 ** 17 s are more than a day


@dataclass(frozen=True)
class Pace:
    """``duration`` and ``interval`` in seconds; an ``interval`` of None follows the time to live of what was found."""

    duration: float = 0.0
    interval: Optional[float] = INTERVAL
    watch: bool = False

    def pause(self, ttl: Optional[float]) -> float:
        """Seconds from the beginning of one full round to that of the next.

        :param ttl: the time to live of the last discovery in seconds, None if the source gave none.
        """
        if self.interval is not None:
            return self.interval
        return INTERVAL if ttl is None else min(max(ttl, _SHORTEST_TTL), _LONGEST_TTL)


class Retries:
    """The delays of retries: 1, 2, 4 seconds and so on. A success starts them over."""

    def __init__(self) -> None:
        self._tries = 0

    def pause(self, worked: bool, longest: float) -> float:
        """Seconds from the beginning of one try to that of the next.

        :param worked: whether the last try succeeded, so that the next one is due after ``longest`` seconds.
        :param longest: the most seconds.
        """
        if worked:
            self._tries = 0
            return longest
        self._tries = min(self._tries + 1, _MOST_TRIES)
        return min(longest, SPACING * 2.0 ** (self._tries - 1))


async def wait_until_due(changed: asyncio.Event, began: float, due: float) -> float:
    """Wait until the next round is due, or until SPACING after the last one began if the source changes.

    :param began: when the last round began. This and ``due`` are times of the running loop.
    :returns: when the next round was due in the end.
    """
    now = asyncio.get_running_loop().time
    with contextlib.suppress(asyncio.TimeoutError):
        if not changed.is_set():
            await asyncio.wait_for(changed.wait(), max(0.0, due - now()))
        due = min(due, began + SPACING)
    await asyncio.sleep(max(0.0, due - now()))
    return due


def pace_of(source: Source, params: Mapping[str, Any]) -> Pace:
    """
    :param params: ``duration``, ``interval`` and ``watch``, as the argument spec returns them.
    :raises OptionError: a value is out of its range, or the strategy does not support it.
    """
    duration = params["duration"]
    if not 0 <= duration <= _A_YEAR:
        raise OptionError("duration", f"{duration!r} is not between 0 and {_A_YEAR:.0f} seconds")
    watch = watch_of(params["watch"])
    if watch is None:
        watch = options_of(source.strategy).watchable
    elif watch:
        check_watchable(source.strategy)
    return Pace(duration, _interval(source, params["interval"]), watch)


def _interval(source: Source, given: str) -> Optional[float]:
    if given == TTL:
        if not options_of(source.strategy).has_ttl:
            raise OptionError(
                "interval",
                f"'{TTL}' is for records of DNS, and strategy {source.strategy!r} has none: give seconds",
            )
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not _LEAST_INTERVAL <= seconds <= _A_DAY:
        raise OptionError("interval", f"{given!r} is neither {_LEAST_INTERVAL} to {_A_DAY:.0f} seconds nor '{TTL}'")
    return seconds
