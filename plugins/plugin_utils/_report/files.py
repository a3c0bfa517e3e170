# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes files atomically: a reader sees the old or the new file, never a part of one."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MOST_DIFF = 100_000


@dataclass(frozen=True)
class ReportFile:
    """A file to write. ``timeless`` removes the parts of a text that differ in each run, such as times."""

    path: Path
    text: str
    mode: int
    timeless: Callable[[str], str]

    def write(self, check_mode: bool) -> tuple[bool, dict[str, Any]]:
        """Write the file even if only its times change, since they have to be those of this run.

        :returns: whether more than times changed, or would in check mode; and the diff of that.
        :raises OSError: it cannot be written. An existing file stays as it was.
        """
        path = Path(os.path.realpath(self.path))
        before, mode = _read(path)
        changed = before is None or mode != self.mode or self.timeless(before) != self.timeless(self.text)
        if not check_mode:
            self._replace(path)
        return changed, _diff(str(self.path), before or "", self.text) if changed else {}

    def _replace(self, path: Path) -> None:
        # The suffix must not be .prom: the collector reads each file with that suffix, even a hidden one.
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_encoded(self.text))
                os.fchmod(file.fileno(), self.mode)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def _read(path: Path) -> tuple[str | None, int]:
    """
    :raises OSError: it exists and cannot be read.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            return file.read().decode(errors="replace"), mode
    except FileNotFoundError:
        return None, 0


def _encoded(text: str) -> bytes:
    """The text in UTF-8. Names can contain surrogates, as file names in Python do."""
    return text.encode(errors="backslashreplace")


def _diff(path: str, before: str, after: str) -> dict[str, Any]:
    if max(len(before), len(after)) > _MOST_DIFF:
        return {"before_header": path, "after_header": path, "src_larger": _MOST_DIFF, "dst_larger": _MOST_DIFF}
    return {"before_header": path, "after_header": path, "before": before, "after": after}
