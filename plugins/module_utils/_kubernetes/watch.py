# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watching lists of the API server: reports each change as it happens, and recovers from every fault by itself."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Any, Callable, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import ClusterError, DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.to_thread import to_thread
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.abortable_connection import (
    AbortableConnection,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.auth import ApiConnection, connect
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.listing import ApiError, ListRequest
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.stream import LONGEST_DELAY, Backoff
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.watch_attempt import (
    SilentError,
    WatchAttempt,
)

SHORTEST = 1.0
"""Seconds that a stream must last to count as working. What ended a shorter one would end the next one at once too."""
_CLOSING = 1.0
_GONE = 410

Callback = Callable[[], None]
OnMessage = Callable[[str], None]


async def watch_lists(
    config: Mapping[str, Any],
    listings_of: Callable[[ApiConnection], Sequence[ListRequest]],
    changed: Callback,
    on_message: OnMessage,
) -> None:
    """Watch until cancelled. See ``_strategies.registry.watch`` for ``changed``, ``on_message`` and the exceptions."""
    troubles = Troubles(on_message)
    listings = await _listings(config, listings_of, troubles)
    watches = [asyncio.ensure_future(_Watch(config, one, changed, troubles).run()) for one in listings]
    try:
        finished, _others = await asyncio.wait(watches, return_when=asyncio.FIRST_EXCEPTION)
        for watch in finished:
            watch.result()
    finally:
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)


async def _listings(
    config: Mapping[str, Any],
    listings_of: Callable[[ApiConnection], Sequence[ListRequest]],
    troubles: Troubles,
) -> Sequence[ListRequest]:
    what, backoff = "watch", Backoff(random.SystemRandom().random)
    while True:
        try:
            connection = await to_thread(lambda: connect(config))
            break
        except DiscoveryError as error:
            troubles.begins(what, error)
        await asyncio.sleep(backoff.delay())
    troubles.ends(what)
    return listings_of(connection)


class Troubles:
    """Reports each trouble once, however many watches have it, and once when it is over."""

    def __init__(self, on_message: OnMessage) -> None:
        self._on_message = on_message
        self._of: dict[str, set[tuple[Any, ...]]] = {}

    def begins(self, what: str, error: ClusterError) -> None:
        status = error.status if isinstance(error, ApiError) else None
        of_all = status is None or status >= 500 or isinstance(error, ApiError) and error.concerns_all
        # Without the error's text, parts of which may differ each time.
        trouble = (type(error), status) if of_all else (type(error), status, what)
        known = any(trouble in troubles for troubles in self._of.values())
        self._of.setdefault(what, set()).add(trouble)
        if not known:
            self._on_message(f"{error}; trying again")

    def ends(self, what: str) -> None:
        over = self._of.pop(what, set()).difference(*self._of.values())
        if over:
            self._on_message(f"{what}: works again")


class _Watch:
    """The watch of one list. The caller discovers what the list held before, so the start is reported as a change."""

    def __init__(self, config: Mapping[str, Any], listing: ListRequest, changed: Callback, troubles: Troubles) -> None:
        self._config = config
        self._listing = listing
        self._changed = changed
        self._troubles = troubles
        self._backoff = Backoff(random.SystemRandom().random)
        self._version = ""
        self._missed = True
        self._has_worked = False

    async def run(self) -> None:
        while True:
            signals = _Signals(self._opened, self._changed, self._works)
            attempt = WatchAttempt(
                self._config,
                self._listing,
                self._version,
                signals.connection,
                signals.opened,
                signals.changed,
            )
            error = await _outcome(attempt, signals)
            self._version = attempt.version
            await asyncio.sleep(self._next_delay(attempt, error))

    def _opened(self) -> None:
        if self._missed:
            self._missed = False
            self._changed()

    def _works(self) -> None:
        self._has_worked = True
        self._troubles.ends(self._listing.what("watch"))

    def _next_delay(self, attempt: WatchAttempt, error: Optional[ClusterError]) -> float:
        """Decide how to go on after an attempt.

        :returns: the seconds until the next one.
        :raises ClusterError: another attempt would be pointless.
        """
        status = error.status if isinstance(error, ApiError) else None
        if attempt.lasted >= SHORTEST:
            self._works()
            if attempt.lasted >= LONGEST_DELAY:
                self._backoff.reset()
            # Servers, load balancers and proxies end streams every few minutes, and nothing is missed by that.
            is_routine = isinstance(error, ApiError) and not isinstance(error, SilentError) and status is None
            if error is None or is_routine:
                return 0.0
        if status == _GONE and (attempt.lasted >= SHORTEST or not attempt.listed):
            self._version, self._missed = "", True
            return 0.0
        if error is None:
            error = ApiError(f"{self._listing.what('watch')}: it was ended at once; is there a proxy that can't watch?")
        if not isinstance(error, DiscoveryError) and not self._has_worked:
            raise error
        if status is not None:
            self._version = ""
        self._missed = True
        self._troubles.begins(self._listing.what("watch"), error)
        return self._backoff.delay(error.delay if isinstance(error, ApiError) else 0.0)


class _Signals:
    """Passes callbacks of an attempt's thread on to the loop's thread, until the attempt is over. Changes that arrive
    before the loop handles the first one are merged. ``connection`` is aborted at its time limit, and at the end."""

    def __init__(self, opened: Callback, changed: Callback, works: Callback) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_opened = opened
        self._on_changed = changed
        self._on_proof = works
        self._proof: Optional[asyncio.TimerHandle] = None
        self._timer: Optional[asyncio.TimerHandle] = None
        self._is_over = False
        self._has_changed = False
        self.connection = AbortableConnection(lambda seconds: self._call(lambda: self._allow(seconds)))

    def opened(self) -> None:
        self._call(self._open)

    def changed(self) -> None:
        if not self._has_changed:
            self._has_changed = True
            self._call(self._change)

    def end(self) -> None:
        self._is_over = True
        for timer in (self._proof, self._timer):
            if timer:
                timer.cancel()
        self.connection.abort()

    def _call(self, callback: Callback) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is already closed
            self._loop.call_soon_threadsafe(callback)

    def _allow(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        if not self._is_over:
            self._timer = self._loop.call_later(seconds, self.connection.abort)

    def _open(self) -> None:
        if not self._is_over:
            self._proof = self._loop.call_later(SHORTEST, self._on_proof)
            self._on_opened()

    def _change(self) -> None:
        # Reset first: a change that arrives from now on must be reported again.
        self._has_changed = False
        if not self._is_over:
            self._on_changed()


async def _outcome(attempt: WatchAttempt, signals: _Signals) -> Optional[ClusterError]:
    """Run the attempt to its end; a cancellation ends it at once.

    :returns: why it failed, if it did.
    """
    future = to_thread(attempt.run)
    future.add_done_callback(lambda done: done.cancelled() or done.exception())  # or asyncio logs it as never retrieved
    try:
        await asyncio.wait([future])
    finally:
        signals.end()
        await asyncio.wait([future], timeout=_CLOSING)
        future.cancel()
    try:
        future.result()
    except ClusterError as error:
        return error
    return None
