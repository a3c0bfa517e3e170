# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches of the Kubernetes double: what was written to its objects, in order, told as an API server tells it.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aiohttp import web

from tests.harness.kubernetes.objects import RESOURCES, uid_of
from tests.harness.kubernetes.selectors import Matches, field_selector, label_selector

FIRST_VERSION = 1000
_LONGEST = 1800
_POLL = 0.1  # seconds in which a client that went away is noticed

Body = Mapping[str, Any]


class Change(NamedTuple):
    """``before`` is None for what was created, ``after`` for what was removed."""

    version: int
    plural: str
    namespace: str
    before: Body | None
    after: Body | None


class Journal:
    """Each change of the emulator's objects, with the resourceVersion that it got.

    :param objects: the emulator's, by key.
    """

    def __init__(self, objects: Any) -> None:
        self.version = FIRST_VERSION
        self.oldest = FIRST_VERSION
        self._objects = objects
        self._changes: list[Change] = []
        self._seen: dict[Any, tuple[Any, int]] = {}
        self._bodies: dict[Any, Body] = {}

    def note(self) -> bool:
        """Write down what happened since the last time, and say whether something did."""
        before = self.version
        for key, item in self._objects.items():
            last, seen = self._seen.get(key, (item, 0))
            for state in item.history[seen if last is item else 0 :]:
                self._add(key, state)
            self._seen[key] = item, len(item.history)
        return self.version != before

    def bodies(self, plural: str, namespace: str | None) -> list[Body]:
        """What is there, by namespace and name."""
        self.note()
        return [
            body
            for (resource, its_namespace, _name), body in sorted(self._bodies.items(), key=lambda pair: pair[0][1:])
            if resource.plural == plural and namespace in (None, its_namespace)
        ]

    def after(self, version: int) -> Iterable[Change]:
        if version >= self.version:
            return []
        return [change for change in self._changes[version - self.version :] if change.version > version]

    def compact(self) -> None:
        """Forget what happened until now: no watch can start from before."""
        self.note()
        self.version += 1
        self.oldest = self.version
        self._changes.clear()

    def _add(self, key: Any, state: Any) -> None:
        resource, namespace, name = key
        before = self._bodies.get(key)
        after = None if state is None else _body(namespace, name, state.raw, self.version + 1)
        if (before is None and after is None) or _same(before, after):
            return
        self.version += 1
        self._changes.append(Change(self.version, resource.plural, namespace, before, after))
        if after is None:
            del self._bodies[key]
        else:
            self._bodies[key] = after


class Watches:
    """The open watches of one server."""

    def __init__(self, objects: Any, stopping: asyncio.Event) -> None:
        self.journal = Journal(objects)
        self.open: set[_Watch] = set()
        self.frozen = False
        self._stopping = stopping

    def wake(self) -> None:
        if self.journal.note():
            for watch in self.open:
                watch.woken.set()

    async def serve(self, raw: web.BaseRequest, plural: str, namespace: str | None) -> web.StreamResponse:
        """
        :raises ValueError: with the text of a real server's 400.
        """
        self.journal.note()
        watch = _Watch(self, raw, plural, namespace)
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        with contextlib.suppress(ConnectionError):
            await response.prepare(raw)
            self.open.add(watch)
            try:
                await watch.run(response)
            finally:
                self.open.discard(watch)
            await response.write_eof()
        return response

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()


class _Watch:
    def __init__(self, watches: Watches, raw: web.BaseRequest, plural: str, namespace: str | None) -> None:
        query = raw.query
        self.woken = asyncio.Event()
        self.raw_lines: list[bytes] = []
        self.is_ending = False
        self.transport = raw.transport
        self._watches = watches
        self._journal = watches.journal
        self._plural = plural
        self._namespace = namespace
        self._matches: list[Matches] = [
            label_selector(query.get("labelSelector", "")),
            field_selector(query.get("fieldSelector", ""), plural),
        ]
        self._version = query.get("resourceVersion", "")
        if self._version and not self._version.isdigit():
            raise ValueError(f'resourceVersion: Invalid value: "{self._version}": invalid syntax')
        self._seconds = float(query.get("timeoutSeconds", _LONGEST))
        self._bookmarks = query.get("allowWatchBookmarks") in ("true", "1")

    def bookmark(self) -> None:
        if self._bookmarks:
            metadata = {"resourceVersion": str(self._journal.version), "creationTimestamp": None}
            self.raw_lines.append(_line("BOOKMARK", {**_type_of(self._plural), "metadata": metadata}))
            self.woken.set()

    async def run(self, response: web.StreamResponse) -> None:
        ends = asyncio.get_running_loop().time() + self._seconds
        position = int(self._version or 0)
        if not position:
            position = self._journal.version
            for body in self._journal.bodies(self._plural, self._namespace):
                if self._takes(body):
                    await response.write(_line("ADDED", {**_type_of(self._plural), **body}))
        elif position < self._journal.oldest:
            await response.write(_line("ERROR", _expired(position, self._journal.oldest)))
            return
        while not (self.is_ending or self._watches.is_stopping or self._is_left()):
            self.woken.clear()
            if not self._watches.frozen:
                position = await self._tell(response, position)
                if asyncio.get_running_loop().time() >= ends:
                    self.bookmark()
                    await self._tell(response, position)
                    return
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.woken.wait(), _POLL)

    def _is_left(self) -> bool:
        return self.transport is None or self.transport.is_closing()

    async def _tell(self, response: web.StreamResponse, position: int) -> int:
        for change in self._journal.after(position):
            position = change.version
            if line := self._line_of(change):
                await response.write(line)
        while self.raw_lines:
            await response.write(self.raw_lines.pop(0))
        return position

    def _line_of(self, change: Change) -> bytes | None:
        """To a watch, what begins to match is added, and what matches no more is deleted."""
        if change.plural != self._plural or self._namespace not in (None, change.namespace):
            return None
        before = change.before if self._takes(change.before) else None
        after = change.after if self._takes(change.after) else None
        body = after or before
        if body is None:
            return None
        type_ = "DELETED" if after is None else "ADDED" if before is None else "MODIFIED"
        metadata = {**body["metadata"], "resourceVersion": str(change.version)}
        return _line(type_, {**_type_of(self._plural), **body, "metadata": metadata})

    def _takes(self, body: Body | None) -> bool:
        return body is not None and all(matches(body) for matches in self._matches)


def plural_of(path: str) -> tuple[str, str | None] | None:
    """What the path of a list, and so of a watch, names, and in which namespace (None: in all)."""
    for plural, (prefix, _kind) in RESOURCES.items():
        if path == f"{prefix}/{plural}":
            return plural, None
        start, end = f"{prefix}/namespaces/", f"/{plural}"
        if path.startswith(start) and path.endswith(end) and path.count("/") == prefix.count("/") + 3:
            return plural, path[len(start) : -len(end)]
    return None


def _body(namespace: str, name: str, raw: Mapping[str, Any], version: int) -> Body:
    body = {key: value for key, value in raw.items() if key not in ("apiVersion", "kind")}
    return {**body, "metadata": {"uid": uid_of(namespace, name), **body["metadata"], "resourceVersion": str(version)}}


def _same(one: Body | None, other: Body | None) -> bool:
    """But for the version: a write that changes nothing makes none."""
    if one is None or other is None:
        return False
    return {**one, "metadata": {**one["metadata"], "resourceVersion": ""}} == {
        **other,
        "metadata": {**other["metadata"], "resourceVersion": ""},
    }


def _type_of(plural: str) -> dict[str, str]:
    prefix, kind = RESOURCES[plural]
    return {"kind": kind.removesuffix("List"), "apiVersion": prefix.removeprefix("/apis/").removeprefix("/api/")}


def _line(type_: str, object_: Mapping[str, Any]) -> bytes:
    return json.dumps({"type": type_, "object": object_}).encode() + b"\n"


def _expired(position: int, oldest: int) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"too old resource version: {position} ({oldest})",
        "reason": "Expired",
        "code": 410,
    }
