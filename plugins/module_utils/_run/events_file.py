# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file to which each event of a loop is appended, as a line of JSON."""

from __future__ import annotations

import errno
import json
import os
from typing import Any, Callable, Mapping, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError


class EventsFile:
    """The file is opened anew for each event, so that it can be rotated. A missing file is created with mode 0600.

    ``problems``: the warnings for the user. A full disk does not end a loop.

    :param path: None for no file.
    :param mask: masks the secrets in an event.
    :raises OptionError: the file cannot be opened.
    """

    def __init__(self, topology: str, path: Optional[str], mask: Callable[[Any], Any]) -> None:
        self.problems: list[str] = []
        self._topology = topology
        self._path = path
        self._mask = mask
        self._is_torn = False
        try:
            self._append(b"")
        except OSError as error:
            raise OptionError("events_file", f"{path!r}: {error.strerror}") from error

    def append(self, event: Mapping[str, Any]) -> None:
        line = json.dumps(self._mask({"topology": self._topology, **event})) + "\n"
        # An incomplete line, left by a full disk, must not merge with this one.
        beginning = "\n" if self._is_torn else ""
        try:
            self._append((beginning + line).encode())
        except OSError as error:
            self.problems = [f"not every event could be written to events_file: {error.strerror}"]

    def _append(self, data: bytes) -> None:
        if self._path is None:
            return
        # Without O_NONBLOCK, opening a FIFO would block until the other end is opened.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        file = os.open(self._path, flags, 0o600)
        try:
            written = os.write(file, data)
        finally:
            os.close(file)
        self._is_torn = written < len(data)
        if self._is_torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
