# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the events of a loop as lines for people, from the file that they are appended to."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._io.text import printable
from ansible_collections.selfheal.cluster.plugins.plugin_utils._signal_masked_thread import SignalMaskedThread

_EVERY = 0.2
_MOST = 1 << 20
"""The most bytes of one read; the rest is read next."""


class EventTailer:
    """A context manager that shows each event which is appended meanwhile, even if the file is rotated.

    :param show: called with a line, from a thread.
    :raises OSError: the file cannot be opened at its current end.
    """

    def __init__(self, path: Path, show: Callable[[str], None]) -> None:
        self._path = path
        self._show = show
        self._file = self._opened(os.SEEK_END) if path.exists() else None
        self._rest = b""
        self._over = threading.Event()
        self._thread = SignalMaskedThread(target=self._follow)

    def __enter__(self) -> EventTailer:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        self._close()

    def _follow(self) -> None:
        while not self._over.wait(_EVERY):
            self._read()
        while self._read():
            pass

    def _read(self) -> bool:
        """:returns: whether there may be more."""
        try:
            file = self._file = self._file or self._opened(os.SEEK_SET)
            # Checked before the read, so that the rest of a rotated file is shown before its successor.
            is_over = self._is_over(file)
            data = file.read(_MOST)
        except OSError:
            return False
        if is_over and not data:
            self._close()
            return True
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            text = shown(line)
            if text:
                self._show(text)
        return bool(data)

    def _opened(self, whence: int) -> io.FileIO:
        # Without O_NONBLOCK, opening a FIFO would block until the other end is opened. Its seek fails below.
        file = io.FileIO(self._path, opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK))
        try:
            file.seek(0, whence)
        except OSError:
            file.close()
            raise
        return file

    def _is_over(self, file: io.FileIO) -> bool:
        """Whether the file was replaced or truncated."""
        try:
            now = self._path.stat()
        except OSError:
            return False
        return not os.path.samestat(now, os.fstat(file.fileno())) or now.st_size < file.tell()

    def _close(self) -> None:
        if self._file:
            self._file.close()
        self._file, self._rest = None, b""


def shown(line: bytes) -> str | None:
    """
    :returns: an event as a line for people, without control characters; None if the line is not an event.
    """
    try:
        event: Any = json.loads(line)
        clock = event["time"][11:19]
        what = f"{event['event']} {event['node']}" if event["node"] else event["event"]
        text = f"{event['topology']} {clock} {what}: {event['reason']}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return printable(text)
