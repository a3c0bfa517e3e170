# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines for people from the file of a loop's events, as they come."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

_EVERY = 0.2
_MOST = 1 << 20
"""Bytes that are read at once; the rest comes with the next look."""


class Follower:
    """Used as a context: from its beginning to its end each event that is appended is shown.

    :param show: called with a line, from a thread.
    """

    def __init__(self, path: Path, show: Callable[[str], None]) -> None:
        self._path = path
        self._show = show
        self._at = path.stat().st_size if path.exists() else 0
        self._rest = b""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._over.wait(_EVERY):
            self._read()
        while self._read():
            pass

    def _read(self) -> bool:
        """:returns: whether there was something."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                data = file.read(_MOST)
        except OSError:
            return False
        self._at += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            text = shown(line)
            if text:
                self._show(text)
        return bool(data)


def shown(line: bytes) -> str | None:
    """
    :returns: what a person reads of an event, without what a terminal would take for a command; None if it is none.
    """
    try:
        event: Any = json.loads(line)
        clock = event["time"][11:19]
        what = f"{event['event']} {event['node']}" if event["node"] else event["event"]
        text = f"{event['topology']} {clock} {what}: {event['reason']}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return "".join(character if character.isprintable() else "?" for character in text)
