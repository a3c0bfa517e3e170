# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Erlang nodes on loopback, each with an address of its own.

    with beams(5) as nodes:                       # app@127.x.y.1 … app@127.x.y.5, each alone, no epmd, one fixed port
        join(nodes)                               # a full mesh, steady
        nodes[0].peers()                          # the names that it lists
        nodes[0].eval("erlang:system_info(otp_release)")
        nodes[0].downs()                          # every nodedown since the start or the last forget()

A node ends when its handle is stopped, or when the process that started it is gone: it reads its standard input.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tests.harness.loopback import free_port, loopback_addresses
from tests.harness.pipes import pipe
from tests.harness.waiting import wait_until

COOKIE = "a-cookie-of-the-tests"
BASENAME = "app"

_CONTROL = r"""
Recorder = spawn(fun() ->
    net_kernel:monitor_nodes(true),
    (fun Loop(Seen) ->
        receive
            {nodeup, Node} -> Loop([{up, Node} | Seen]);
            {nodedown, Node} -> Loop([{down, Node} | Seen]);
            {read, From} -> From ! {seen, lists:reverse(Seen)}, Loop(Seen);
            forget -> Loop([])
        end
    end)([])
end),
register(recorder, Recorder),
io:format("ready~n"),
(fun Loop() ->
    case io:get_line("") of
        Line when is_list(Line) ->
            {ok, Tokens, _} = erl_scan:string(Line),
            {ok, Expressions} = erl_parse:parse_exprs(Tokens),
            Answer = try erl_eval:exprs(Expressions, []) of
                {value, {text, Text}, _} -> ["ok ", Text];
                {value, Value, _} -> ["ok ", io_lib:format("~0tp", [Value])]
            catch Class:Reason -> ["error ", io_lib:format("~0tp", [{Class, Reason}])]
            end,
            io:format("~ts~n", [lists:flatten(Answer)]),
            Loop();
        _ -> erlang:halt(0, [{flush, false}])
    end
end)().
"""


class Beam:
    """One running node and the pipe that evaluates expressions on it.

    :param tls: its ``ssl_dist_optfile``; with one it speaks TLS, see ``erlang_tls``.
    :param interface: where it listens, if not on its address alone.
    """

    def __init__(
        self,
        name: str,
        address: str,
        home: Path,
        *,
        port: int | None,
        epmd_port: int | None = None,
        short: bool = False,
        pop: bool = True,
        connect_all: bool = True,
        tls: Path | None = None,
        arguments: Sequence[str] = (),
        prefix: Sequence[str] = (),
        interface: str | None = None,
    ) -> None:
        self.name = name
        self.address = address
        self.port = port
        self.synchronises = connect_all
        command = [*prefix, "erl", "-noshell", "+S", "1:1", "+sbwt", "none", "+A", "1"]
        command += ["-sname" if short else "-name", name]
        if port is not None:
            command += ["-start_epmd", "false", "-erl_epmd_port", str(port)]
        command += ["-kernel", "inet_dist_use_interface", _erlang_address(interface or address)]
        family = "inet6" if ":" in address else "inet"
        command += ["-proto_dist", f"{family}_tls" if tls else f"{family}_tcp"]
        if tls:
            command += ["-ssl_dist_optfile", str(tls)]
        if not pop:
            command += ["-kernel", "prevent_overlapping_partitions", "false"]
        if not connect_all:
            command += ["-kernel", "connect_all", "false"]
        environment = {
            **os.environ,
            "HOME": str(home),
            "ERL_CRASH_DUMP_SECONDS": "0",
            "ERL_AFLAGS": "",
            "ERL_FLAGS": "",
        }
        if epmd_port is not None:
            environment["ERL_EPMD_PORT"] = str(epmd_port)
        self.process = subprocess.Popen(
            [*command, *arguments, "-eval", " ".join(_CONTROL.split())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        self._unread = b""

    def wait_ready(self, timeout: float = 60) -> None:
        """Block until the node runs; :raises RuntimeError: it did not come up."""
        while True:
            line = self._line(timeout)
            if line == "ready":
                return

    def eval(self, expression: str, timeout: float = 30) -> str:
        """The value of an Erlang expression as ``~0tp`` prints it; ``{text, String}`` gives the bare string."""
        pipe(self.process.stdin).write(f"{expression.strip().rstrip('.')}.\n".encode())
        pipe(self.process.stdin).flush()
        while True:
            line = self._line(timeout)
            if line.startswith("ok "):
                return line[3:]
            if line.startswith("error "):
                raise RuntimeError(f"{self.name}: {expression}: {line[6:]}")

    def names(self, expression: str) -> frozenset[str]:
        """The value of an expression that is a list of atoms."""
        joined = self.eval(f'{{text, lists:join(" ", [atom_to_list(N) || N <- {expression}])}}')
        return frozenset(joined.split())

    def peers(self) -> frozenset[str]:
        return self.names("nodes()")

    def steady(self) -> bool:
        """``global`` has synchronised with everyone that this node is connected to, if it does so at all."""
        if not self.synchronises:
            return True
        return (
            self.eval("lists:sort(gen_server:call(global_name_server, get_synced)) =:= lists:sort(nodes())") == "true"
        )

    def connect(self, *others: Beam) -> None:
        for other in others:
            self.eval(f"net_kernel:connect_node('{other.name}')")

    def downs(self) -> list[str]:
        """Each nodedown that this node saw since its start or the last :meth:`forget`, in order."""
        return self._seen("down")

    def ups(self) -> list[str]:
        return self._seen("up")

    def forget(self) -> None:
        self.eval("recorder ! forget")

    def _seen(self, kind: str) -> list[str]:
        filtered = f"[atom_to_list(N) || {{{kind}, N}} <- Seen]"
        return self.eval(
            f'recorder ! {{read, self()}}, receive {{seen, Seen}} -> {{text, lists:join(" ", {filtered})}} end'
        ).split()

    def freeze(self) -> None:
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            pipe(stream).close()

    def _line(self, timeout: float) -> str:
        deadline = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(pipe(self.process.stdout), selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise RuntimeError(f"{self.name}: no answer in {timeout} s")
                chunk = os.read(pipe(self.process.stdout).fileno(), 1 << 16)
                if not chunk:
                    raise RuntimeError(f"{self.name}: ended with {self.process.wait()}: {self._unread!r}")
                self._unread += chunk
        line, self._unread = self._unread.split(b"\n", 1)
        return line.decode()


@contextmanager
def beams(
    count: int,
    *,
    basename: str = BASENAME,
    cookie: str = COOKIE,
    port: int | None = None,
    tls: Callable[[str], Path] | None = None,
    **options: Any,
) -> Iterator[list[Beam]]:
    """``count`` nodes of one basename, each alone, on loopback addresses of their own and one fixed port, without epmd.

    Options are those of :class:`Beam`.

    :param tls: makes the ``ssl_dist_optfile`` of the node on an address.
    """
    addresses = loopback_addresses(count)
    port = port or free_port(addresses[0])

    def start(home: Path) -> Iterator[Beam]:
        optfiles = ((address, tls(address) if tls else None) for address in addresses)
        return (Beam(f"{basename}@{at}", at, home, port=port, tls=file, **options) for at, file in optfiles)

    with running(start, cookie) as nodes:
        yield nodes


@contextmanager
def beam(name: str, address: str, *, port: int | None, cookie: str = COOKIE, **options: Any) -> Iterator[Beam]:
    """One node; options are those of :class:`Beam`."""
    with running(lambda home: [Beam(name, address, home, port=port, **options)], cookie) as (node,):
        yield node


@contextmanager
def running(start: Callable[[Path], Iterable[Beam]], cookie: str = COOKIE) -> Iterator[list[Beam]]:
    """The nodes that ``start`` starts with a home directory that holds the cookie, once all of them run."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(_directory()))
        write_cookie(home, cookie)
        nodes = []
        for node in start(home):
            stack.callback(node.kill)
            nodes.append(node)
        for node in nodes:
            node.wait_ready()
        yield nodes


@contextmanager
def epmd(address: str = "127.0.0.1") -> Iterator[int]:
    """An epmd in the foreground on a free port, which it yields."""
    port = free_port(address)
    process = subprocess.Popen(["epmd", "-address", address, "-port", str(port)], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens(address, port), 30, f"epmd on port {port}")
        yield port
    finally:
        process.kill()
        process.wait()


def join(nodes: Sequence[Beam], timeout: float = 60) -> None:
    """Make one full and steady mesh of them, and forget what the recorders saw until then."""
    nodes[0].connect(*nodes[1:])
    wait_whole(nodes, timeout)
    for node in nodes:
        node.forget()


def is_whole(nodes: Sequence[Beam], steady: bool = True) -> bool:
    """Each lists exactly all the others (and ``global`` is synchronised)."""
    everyone = {node.name for node in nodes}
    return all(node.peers() == everyone - {node.name} for node in nodes) and (
        not steady or all(node.steady() for node in nodes)
    )


def wait_whole(nodes: Sequence[Beam], timeout: float = 60, steady: bool = True) -> None:
    wait_until(lambda: is_whole(nodes, steady), timeout, "a whole mesh")


def write_cookie(home: Path, cookie: str) -> Path:
    """``~/.erlang.cookie`` below ``home``, as Erlang wants it: readable by its owner alone."""
    path = home / ".erlang.cookie"
    path.write_text(cookie)
    path.chmod(0o400)
    return path


def _erlang_address(address: str) -> str:
    if ":" in address:
        packed = socket.inet_pton(socket.AF_INET6, address)
        return "{{{}}}".format(",".join(str(packed[i] << 8 | packed[i + 1]) for i in range(0, 16, 2)))
    return "{{{}}}".format(address.replace(".", ","))


def _listens(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


@contextmanager
def _directory() -> Iterator[str]:
    path = tempfile.mkdtemp(prefix="beam-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Fresh(Protocol):
    """What :func:`fresh` needs of a node."""

    def wait_ready(self) -> None: ...

    def kill(self) -> None: ...


F = TypeVar("F", bound=Fresh)


@contextmanager
def fresh(kind: str, count: int, start: Callable[[str, int, Path], F]) -> Iterator[list[F]]:
    """``count`` nodes, each on an address of its own and all on one distribution port, once they are ready.

    :param start: starts one with its address, the port and their home, which holds the cookie.
    """
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix=f"{kind}-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        write_cookie(home, COOKIE)
        addresses = loopback_addresses(count)
        port = free_port(addresses[0])
        nodes = []
        for address in addresses:
            node = start(address, port, home)
            stack.callback(node.kill)
            nodes.append(node)
        for node in nodes:
            node.wait_ready()
        yield nodes
