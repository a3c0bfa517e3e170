# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source alone, with a queue that holds one event, as that of ansible-rulebook."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.plugin_utils._event_source import emit_events
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import PluginError

from tests.harness.dns.nameserver import Nameserver
from tests.harness.kubernetes.double import KubeDouble

QUERY = "app.example.test"
SOON = 60
QUIET = 1.5
_COLLECTION = "ansible_collections.selfheal.cluster."


class Events:
    """What a running source puts into its queue."""

    def __init__(self, queue: asyncio.Queue[dict[str, Any]], source: asyncio.Task[None]) -> None:
        self._queue = queue
        self._source = source

    async def next(self) -> dict[str, Any]:
        taken = asyncio.ensure_future(self._queue.get())
        await asyncio.wait({taken, self._source}, timeout=SOON, return_when=asyncio.FIRST_COMPLETED)
        if self._source.done():
            taken.cancel()
            self._source.result()
        assert taken.done(), "no event came"
        return taken.result()

    async def are_over(self) -> None:
        """There is none for a while."""
        await asyncio.sleep(QUIET)
        assert self._queue.empty(), json.dumps(self._queue.get_nowait())


def run_source(test: Callable[[Events], Awaitable[None]], **args: Any) -> None:
    async def run() -> None:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1)
        source = asyncio.ensure_future(emit_events(queue, {"pause": 0, **args}))
        try:
            await test(Events(queue, source))
        finally:
            source.cancel()
            await asyncio.wait({source}, timeout=SOON)
            assert source.done(), "it did not end"
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert all(task.cancelling() for task in left), f"it left tasks behind: {left}"

    asyncio.run(run())


def refusal(**args: Any) -> str:
    """What the source says of arguments that it does not take."""

    async def test(events: Events) -> None:
        await events.next()

    with pytest.raises(PluginError) as error:
        run_source(test, **args)
    return str(error.value)


def web_topology(server: Nameserver) -> dict[str, Any]:
    config = {"query": QUERY, "node_basename": "web", "types": ["A"], "timeout": 2, **server.config}
    return {"strategy": "dns", "config": config}


def chat_topology(api: KubeDouble, **config: Any) -> dict[str, Any]:
    config = {"namespace": api.namespace, "node_basename": "chat", "lookup": "pods", **api.auth, **config}
    return {"strategy": "kubernetes", "config": config}


def names_of(nodes: Sequence[dict[str, Any]]) -> list[str]:
    return [node["name"] for node in nodes]


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the collection warned of. The doubles run in the same process, and their libraries log too."""
    records = [record for record in caplog.records if record.name.startswith(_COLLECTION)]
    return [record.getMessage() for record in records if record.levelno >= logging.WARNING]
