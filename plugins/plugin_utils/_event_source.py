# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source ``membership``: one watcher per topology, which discovers, emits the differences, and waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import AUTO
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import ClusterError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.to_thread import to_thread
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, FAILED, PARTIAL, Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._run.pace import (
    Pace,
    Retries,
    pace_of,
    wait_until_due,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Source
from ansible_collections.selfheal.cluster.plugins.plugin_utils._cluster_files import source_of_topology, sources_in
from ansible_collections.selfheal.cluster.plugins.plugin_utils._membership_events import (
    LISTS_NOBODY,
    MembershipDiff,
    SourceEvent,
)
from ansible_collections.selfheal.cluster.plugins.plugin_utils._never_ending_watch import NeverEndingWatch
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import (
    PluginError,
    discovery_from,
    masked,
    plain,
)

SPEC: dict[str, dict[str, Any]] = {
    "interval": {"type": "str", "default": "30"},
    "inventory": {"type": "list", "elements": "path"},
    "pause": {"type": "float", "default": 5.0},
    "repeat": {"type": "float", "default": 0.0},
    "topologies": {"type": "dict"},
    "watch": {"type": "str", "default": AUTO},
}
_EITHER = ["inventory", "topologies"]
_A_DAY = 86400.0
_EMPTY = "empty"

log = logging.getLogger(__name__)


class Queue(Protocol):
    async def put(self, event: SourceEvent) -> None: ...


@dataclass(frozen=True)
class Timing:
    """The timing of one topology's events. ``pause`` and ``repeat`` are in seconds; 0 means never to repeat."""

    pace: Pace
    pause: float
    repeat: float


async def emit_events(queue: Queue, args: Mapping[str, Any]) -> None:
    """Put an event for each change of each topology into the queue, until cancelled.

    It never returns: ansible-rulebook ends all sources and rules with exit code 0 when one source returns, and with 1
    when one raises (measured on ansible-rulebook 1.3.2).

    :raises PluginError: the arguments are wrong.
    """
    watchers = await to_thread(lambda: _watchers(queue, args))
    await _side_by_side(watcher.go_on() for watcher in watchers)


async def _side_by_side(coroutines: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run them until one raises, which ends the others. Its exception is raised as it is, not in an exception group:
    ansible-rulebook shows only the text, and a group's text hides those in it."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _watchers(queue: Queue, args: Mapping[str, Any]) -> list[TopologyWatcher]:
    options = _checked(args)
    sources = sources_in(options["inventory"]) if options["inventory"] else _inline(options["topologies"])
    return [TopologyWatcher(source, _timing_of(source, options), queue) for source in sources]


def _checked(args: Mapping[str, Any]) -> dict[str, Any]:
    validator = ArgumentSpecValidator(SPEC, mutually_exclusive=[_EITHER], required_one_of=[_EITHER])
    result = validator.validate(plain(args))
    if result.error_messages:
        raise PluginError("; ".join(result.error_messages))
    options: dict[str, Any] = result.validated_parameters
    for key in _EITHER:
        if options[key] is not None and not options[key]:
            raise PluginError(f"{key}: is empty, name at least one")
    for key in ("pause", "repeat"):
        if not 0 <= options[key] <= _A_DAY:
            raise PluginError(f"{key}: {options[key]!r} is not between 0 and {_A_DAY:.0f} seconds")
    return options


def _inline(topologies: Mapping[str, Any]) -> list[Source]:
    return [source_of_topology(name, options) for name, options in topologies.items()]


def _timing_of(source: Source, options: Mapping[str, Any]) -> Timing:
    try:
        pace = pace_of(source, {"duration": 0.0, "interval": options["interval"], "watch": options["watch"]})
    except ClusterError as error:
        raise PluginError(f"topology {source.topology!r}: {error}") from None
    return Timing(pace, options["pause"], options["repeat"])


class TopologyWatcher:
    """Emits the events of one topology. No fault of its source ends it, so that other topologies are not affected."""

    def __init__(self, source: Source, timing: Timing, queue: Queue) -> None:
        self._source = source
        self._timing = timing
        self._queue = queue
        self._diff = MembershipDiff(source.topology, source.authoritative)
        self._changed = asyncio.Event()
        self._status: str | None = None

    async def go_on(self) -> None:
        coroutines = [self._discover_repeatedly()]
        if self._timing.pace.watch:
            watch = NeverEndingWatch(self._source, self._changed.set, self._warn)
            coroutines.append(watch.go_on(self._timing.pace.pause(None)))
        await _side_by_side(coroutines)

    async def _discover_repeatedly(self) -> None:
        now = asyncio.get_running_loop().time
        last_event, retries = now(), Retries()
        while True:
            began = now()
            # A change from here on may be missing from this discovery, so it has to trigger the next one.
            self._changed.clear()
            discovery = await self._discover()
            event = self._diff.update(discovery)
            self._log(discovery)
            if event is None and self._timing.repeat and now() >= last_event + self._timing.repeat:
                event = self._diff.unchanged()
            if event is not None:
                await self._queue.put(event)
                last_event = now()
                await asyncio.sleep(self._timing.pause)
            due = began + retries.pause(discovery.status == COMPLETE, self._timing.pace.pause(discovery.ttl))
            if self._timing.repeat and not self._diff.is_failing:
                due = min(due, last_event + self._timing.repeat)
            await wait_until_due(self._changed, began, due)

    async def _discover(self) -> Discovery:
        try:
            return await to_thread(lambda: discovery_from(self._source))
        except PluginError as error:
            return Discovery.failed([str(error)], self._source.authoritative)

    def _log(self, discovery: Discovery) -> None:
        """Log a problem of the discovery once when it begins, and once when it is over."""
        before, self._status = self._status, _EMPTY if self._diff.is_empty else discovery.status
        if self._status == before:
            return
        if self._status == FAILED:
            log.error("%s", "; ".join(discovery.reasons))
        elif self._status == PARTIAL:
            self._warn(f"the discovery is partial: {'; '.join(discovery.reasons)}")
        elif self._status == _EMPTY:
            self._warn(LISTS_NOBODY)
        elif before == _EMPTY:
            self._warn("the source lists nodes again")
        elif before is not None:
            self._warn("the discovery is complete again")

    def _warn(self, text: str) -> None:
        source = self._source
        log.warning("%s", masked(source.topology, text, {"strategy": source.strategy, "config": source.config}))
