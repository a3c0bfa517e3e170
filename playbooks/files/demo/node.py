# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One real Erlang node on a loopback address of its own, without epmd."""

from __future__ import annotations

import os
import secrets
import select
import subprocess
import time
from pathlib import Path

# Answers each line of its input with the names that it is connected to, and those that it lost since it was last asked;
# the end of its input is its own end.
_ASK = """
net_kernel:monitor_nodes(true),
Lost = fun Next() -> receive {nodedown, Name} -> [Name | Next()] after 0 -> [] end end,
Text = fun(Names) -> lists:join(" ", [atom_to_list(Name) || Name <- Names]) end,
io:format("ready~n"),
(fun Loop() ->
    case io:get_line("") of
        Line when is_list(Line) ->
            io:format("~ts|~ts~n", [Text(nodes()), Text(Lost())]),
            Loop();
        _ -> erlang:halt(0, [{flush, false}])
    end
end)().
"""


class Node:
    def __init__(self, name: str, address: str, port: int, home: Path) -> None:
        """:param home: holds the ``.erlang.cookie``; a cookie in the arguments would show in the process list."""
        self.name = name
        self.address = address
        command = ["erl", "-noshell", "+S", "1:1", "+sbwt", "none", "+A", "1", "-name", name]
        command += ["-start_epmd", "false", "-erl_epmd_port", str(port)]
        command += ["-kernel", "inet_dist_use_interface", f"{{{address.replace('.', ',')}}}"]
        # What a node logs would come between the answers.
        command += ["-kernel", "logger", "[{handler, default, undefined}]"]
        flags = dict.fromkeys(("ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS"), "")
        self._process = subprocess.Popen(
            [*command, "-eval", " ".join(_ASK.split())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **flags, "HOME": str(home), "ERL_CRASH_DUMP_SECONDS": "0"},
            cwd=home,
        )

    @staticmethod
    def write_cookie(home: Path) -> None:
        descriptor = os.open(home / ".erlang.cookie", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(16))

    def wait_ready(self, timeout: float) -> None:
        """:raises RuntimeError: the node did not come up."""
        line = self._line(timeout)
        if line != "ready":
            raise RuntimeError(f"node {self.name} did not start: {line!r}")

    def says(self) -> dict[str, list[str]]:
        """``peers``: what the node itself lists; ``lost``: each connection that went down since it was last asked."""
        self._process.stdin.write(b"?\n")
        self._process.stdin.flush()
        peers, lost = self._line(10).split("|")
        return {"peers": sorted(peers.split()), "lost": sorted(lost.split())}

    def end(self) -> None:
        self._process.kill()
        self._process.wait()

    def _line(self, timeout: float) -> str:
        """The next line, without its end; read byte by byte, so that none is left in a buffer that select can't see."""
        deadline = time.monotonic() + timeout
        descriptor = self._process.stdout.fileno()
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise RuntimeError(f"node {self.name} gave no answer in {timeout:g} s")
            byte = os.read(descriptor, 1)
            if not byte:
                raise RuntimeError(f"node {self.name} ended with code {self._process.wait()}: {line!r}")
            line += byte
        return line.decode().strip()
