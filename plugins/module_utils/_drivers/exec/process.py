# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one command, and ends it with everything that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from typing import Optional, Sequence, cast

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.output import in_one_line
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError

MOST_OUTPUT = 4 << 20
"""Bytes; about 15,000 members as Serf prints them in JSON."""
_MOST_ERRORS = 4096
_END = 1.0
"""Seconds to wait for a killed process to be gone."""


async def run(label: str, argv: Sequence[str], timeout: float) -> bytes:
    """Run a command in a process group of its own, with the module's environment and no input.

    After the time-out or a cancellation, the whole group is killed.

    :param label: the command's name in messages.
    :param timeout: seconds.
    :returns: what it printed.
    :raises UnreachableError: it could not be started, did not end in time, printed too much, or failed.
    """
    try:
        command = await _start(argv)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreachableError(f"{label} could not be started: {reason}") from None
    try:
        await asyncio.wait_for(command.ended, timeout)
    except asyncio.TimeoutError:
        raise UnreachableError(f"{label} {command.unfinished()} within {timeout:g} s") from None
    finally:
        await command.close()
    problem = command.problem()
    if problem:
        raise UnreachableError(f"{label} {problem}")
    return bytes(command.output)


class _RunningCommand(asyncio.SubprocessProtocol):
    """``ended`` is done once the process is gone and its output is closed, or once it printed too much."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.output = bytearray()
        self._errors = bytearray()
        self._gone = loop.create_future()
        self._open = {1, 2}
        self._transport: Optional[asyncio.SubprocessTransport] = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self._errors += data[: _MOST_ERRORS - len(self._errors)]
        elif not self._too_much():
            self.output += data
            if self._too_much():
                self._end()

    def pipe_connection_lost(self, fd: int, exc: Optional[Exception]) -> None:
        self._open.discard(fd)
        self._check()

    def process_exited(self) -> None:
        if not self._gone.done():
            self._gone.set_result(None)
        self._check()

    def unfinished(self) -> str:
        if self._gone.done():
            return "ended, but something that it started did not close its output"
        return "did not end"

    def problem(self) -> Optional[str]:
        """Why a command that has ended failed, or None."""
        code = self._transport.get_returncode() if self._transport else None
        if self._too_much():
            return f"printed more than {MOST_OUTPUT >> 20} MB"
        if code is None or code == 0:
            return None
        how = f"ended with exit code {code}" if code > 0 else f"was ended by {_signal_name(abs(code))}"
        reason = in_one_line(bytes(self._errors)) or in_one_line(bytes(self.output))
        return f"{how}: {reason}" if reason else how

    async def close(self) -> None:
        """Kill what still runs. Safe to call twice."""
        if self._transport is None:
            return
        if self._open or not self._gone.done():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._transport.get_pid(), signal.SIGKILL)
        self._transport.close()
        await asyncio.wait([self._gone], timeout=_END)

    def _too_much(self) -> bool:
        return len(self.output) > MOST_OUTPUT

    def _check(self) -> None:
        if self._gone.done() and not self._open:
            self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


async def _start(argv: Sequence[str]) -> _RunningCommand:
    """
    :raises OSError, ValueError: it does not start.
    """
    starting = asyncio.ensure_future(
        asyncio.get_running_loop().subprocess_exec(
            _RunningCommand, *argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
    )
    try:
        _transport, command = await asyncio.shield(starting)
    except asyncio.CancelledError:
        _transport, command = await starting  # asyncio itself would kill the process, and not its group
        await command.close()
        raise
    return command


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
