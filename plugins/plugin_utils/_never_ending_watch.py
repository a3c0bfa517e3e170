# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A watch that is restarted whenever it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ansible_collections.selfheal.cluster.plugins.module_utils._run.pace import Retries
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import watch
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Source


class NeverEndingWatch:
    """Watches a source, restarts the watch when it has ended, and reports each trouble once, and its end."""

    def __init__(self, source: Source, changed: Callable[[], None], on_message: Callable[[str], None]) -> None:
        """
        :param changed: called as by :func:`registry.watch`, so also when a watch begins.
        :param on_message: called with a line for the user.
        """
        self._source = source
        self._on_change = changed
        self._on_message = on_message
        self._has_worked = False
        self._trouble: str | None = None

    async def go_on(self, longest: float) -> None:
        """Run until cancelled.

        :param longest: the most seconds from the end of one watch to the beginning of the next.
        """
        retries = Retries()
        while True:
            self._has_worked = False
            try:
                await watch(self._source, self._changed, self._on_message)
                self._begins("it has ended")
            except Exception as error:  # without a watch, the source is still polled at each interval
                self._begins(str(error))
            if self._has_worked:
                retries = Retries()
            await asyncio.sleep(retries.pause(False, longest))

    def _begins(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._on_message(f"{trouble}; not watched until the next attempt")

    def _changed(self) -> None:
        self._has_worked = True
        if self._trouble is not None:
            self._trouble = None
            self._on_message("it is watched again")
        self._on_change()
