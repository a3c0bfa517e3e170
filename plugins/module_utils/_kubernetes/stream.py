# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes of a watch -> its events, and the delay before the next attempt (pure).

Only the fact of a change matters, not its content: no object is kept.
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional

MAX_LINE = 8 * 1024 * 1024
FIRST_DELAY = 1.0
LONGEST_DELAY = 30.0
BOOKMARK, ERROR = "BOOKMARK", "ERROR"
_TYPES = ("ADDED", "MODIFIED", "DELETED", BOOKMARK, ERROR)
# The API calls it opaque, but it has to fit into the next request.
_VERSION = re.compile(r"[\x21-\x7e]{1,256}")


class GarbledError(Exception):
    """The data is not a watch stream. The text says why, and quotes nothing of the data."""


class WatchEvent(NamedTuple):
    """``version`` is where the next watch continues, empty in an error. ``status`` is an error's, else empty."""

    type: str
    version: str
    status: Mapping[str, Any]

    @property
    def code(self) -> Optional[int]:
        """The HTTP status that an error stands for."""
        code = self.status.get("code")
        return code if isinstance(code, int) else None


class WatchDecoder:
    """Chunks of any size in, events out. A line that is longer than the limit is an error."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._line = bytearray()

    def feed(self, data: bytes) -> Iterator[WatchEvent]:
        """
        :raises GarbledError: a line is too long or not an event. Nothing more can be fed then.
        """
        *ends, rest = data.split(b"\n")
        for end in ends:
            self._add(end)
            line, self._line = self._line, bytearray()
            if line.strip():
                yield event_of(line)
        self._add(rest)

    def _add(self, part: bytes) -> None:
        if len(self._line) + len(part) > self._limit:
            raise GarbledError(f"an event is longer than {self._limit >> 20} MiB")
        self._line += part


def event_of(line: bytearray) -> WatchEvent:
    """
    :raises GarbledError: the line is not an event of a watch.
    """
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        raise GarbledError("what came is not JSON") from None
    type_, object_ = (event.get("type"), event.get("object")) if isinstance(event, dict) else (None, None)
    if type_ not in _TYPES or not isinstance(object_, dict):
        raise GarbledError("what came is JSON, but no event of a watch")
    if type_ == ERROR:
        return WatchEvent(type_, "", object_)
    version = version_in(object_.get("metadata"))
    if version is None:
        raise GarbledError("an event has no proper 'resourceVersion'")
    return WatchEvent(type_, version, {})


def version_in(metadata: Any) -> Optional[str]:
    """The resourceVersion of an object or a list, None where there is none from which a watch can start."""
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) and _VERSION.fullmatch(version) else None


class Backoff:
    """The seconds before each attempt: doubled from the first to the longest, each reduced at random by up to half, so
    that clients which lost the same server do not come back at the same time."""

    def __init__(self, random: Callable[[], float]) -> None:
        """
        :param random: gives a number from 0 to 1.
        """
        self._random = random
        self.reset()

    def reset(self) -> None:
        self._next = FIRST_DELAY

    def delay(self, requested: float = 0.0) -> float:
        """
        :param requested: the seconds that the server asks for, the minimum.
        """
        delay, self._next = self._next, min(2 * self._next, LONGEST_DELAY)
        return max(delay * (1 - self._random() / 2), requested)
