# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The streams of a process that was started with pipes."""

from __future__ import annotations

from typing import IO, AnyStr


def pipe(stream: IO[AnyStr] | None) -> IO[AnyStr]:
    """:raises AssertionError: the process was started without a pipe there."""
    assert stream is not None
    return stream
