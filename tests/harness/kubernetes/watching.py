# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A watch of a source, in an event loop of its own, and what it tells.

    with watching({"strategy": "kubernetes", "config": {…}}) as heard:
        heard.await_change()          # that it watches
        …
        heard.await_change()          # something has changed since
        heard.await_line("refused")   # and there was trouble

As a program it is the judge of a connection that dies without a word, for whom it needs a network of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes import watch as kubernetes_watch
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import watch

from tests.harness.kubernetes.api import KubeApi
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.kubernetes.server import Request
from tests.harness.waiting import wait_until

PODS = {"apiGroups": [""], "resources": ["pods"]}
"""A rule of a Role, without its verbs."""
PATIENCE = 30
"""Seconds for what comes at once where nothing else is going on."""


class Heard:
    """``changes``: how often the source is said to have changed."""

    def __init__(self) -> None:
        self.changes = 0
        self.lines: list[str] = []
        self.error: BaseException | None = None
        self.task: asyncio.Task[Any]
        self._seen = 0
        self._changed = threading.Event()

    def changed(self) -> None:
        self.changes += 1
        self._changed.set()

    def await_change(self) -> None:
        """One that was not awaited yet."""
        self._wait_until(lambda: self.changes > self._seen, "a change")
        self._seen = self.changes

    def await_line(self, text: str) -> str:
        """One that holds the text; it and those before it are not found again."""

        def among_them() -> bool:
            return any(text in line for line in self.lines)

        self._wait_until(among_them, repr(text))
        found, line = next((index, line) for index, line in enumerate(self.lines) if text in line)
        del self.lines[: found + 1]
        return line

    def await_change_at_once(self) -> None:
        """As :meth:`await_change`, without the slack of asking now and then."""
        self._changed.clear()
        if self.changes == self._seen and not self._changed.wait(PATIENCE):
            raise AssertionError(f"no change; told: {json.dumps(self.lines)}")
        self._seen = self.changes

    def _wait_until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            wait_until(lambda: condition() or self.error is not None, PATIENCE, what)
            assert condition()
        except AssertionError as error:
            raise AssertionError(f"{error}; told: {json.dumps(self.lines)}; ended with {self.error!r}") from self.error


@contextmanager
def watching(params: Mapping[str, Any]) -> Iterator[Heard]:
    """
    :param params: ``strategy`` and ``config`` of a topology.
    """
    heard = Heard()
    source = source_of({"topology": "t", **params})
    started = threading.Event()

    async def main() -> None:
        task = asyncio.current_task()
        assert task
        heard.task = task
        started.set()
        await watch(source, heard.changed, heard.lines.append)

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            heard.error = error

    thread = threading.Thread(target=run, name="watching")
    thread.start()
    started.wait()
    try:
        yield heard
    finally:
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            heard.task.get_loop().call_soon_threadsafe(heard.task.cancel)
        thread.join()


@contextmanager
def api_with_a_pod() -> Iterator[KubeDouble]:
    with kube_api() as api:
        api.add_pod("a", "10.1.0.1", labels={"app": "chat"})
        yield api


@contextmanager
def opened(api: KubeDouble, **config: Any) -> Iterator[Heard]:
    """A watch that has proved to be one."""
    with watching(params_of(api, **config)) as heard:
        heard.await_change()
        wait_until(lambda: api.watches > 0, PATIENCE, "a watch")
        time.sleep(2 * kubernetes_watch.SHORTEST)
        yield heard


def requests(api: KubeDouble) -> tuple[list[Request], list[Request]]:
    """Lists and watches."""
    lists = [request for request in api.requests if not request.is_watch]
    return lists, [request for request in api.requests if request.is_watch]


def params_of(api: KubeApi, **config: Any) -> dict[str, Any]:
    if "namespaces" not in config:
        config.setdefault("namespace", api.namespace)
    config = {"node_basename": "chat", "lookup": "pods", **api.auth, **config}
    return {"strategy": "kubernetes", "config": config}


def _main() -> None:
    """The loopback of this network goes down under an open stream, and up again."""
    from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes import abortable_connection

    abortable_connection.KEEPALIVE.update(TCP_KEEPIDLE=1, TCP_KEEPINTVL=1, TCP_KEEPCNT=2)
    json.load(sys.stdin)
    _loopback("up")
    with kube_api() as api, watching(params_of(api, timeout=2)) as heard:
        heard.await_change()
        _loopback("down")
        lost = heard.await_line("trying again")
        _loopback("up")
        back = heard.await_line("works again")
        heard.await_change()
        json.dump({"lost": lost, "back": back}, sys.stdout)


def _loopback(state: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


if __name__ == "__main__":
    _main()
