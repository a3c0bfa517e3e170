# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real nodes that send libcluster's heartbeat, and hosts on one network segment that hear each other's multicasts.

with heartbeats(node, port, secret="…"):      # on loopback
    ...
with lan(3) as net:                           # hosts 10.65.0.1 … 10.65.0.3 on a bridge
    with members(net.hosts[1:]) as nodes:     # app@10.65.0.2 …, each alone
        net.hosts[0].run("discover", {…})     # the strategy, or the whole round, run on that host
"""

from __future__ import annotations

import itertools
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of, topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import ClusterError
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.harness.erlang.beam import BASENAME, Beam, running
from tests.harness.erlang.clusters import outcome
from tests.harness.erlang.hosts import Namespace
from tests.harness.paths import ROOT
from tests.harness.pipes import pipe

GROUP = "233.252.1.32"
PORT = 45892
LOOPBACK = "127.0.0.1"

# What OTP 21 to 25 and OTP 26 and later write of themselves.
LATIN_1_ATOMS, UTF_8_ATOMS = "[{minor_version, 1}]", "[{minor_version, 2}]"

# The socket, the packet and the encryption are those of libcluster 3.5's lib/strategy/gossip.ex, but that it sends
# every 1 to 5000 ms and takes what comes in.
_SENDER = """
    {{ok, Socket}} = gen_udp:open({port}, [
        binary, {{active, false}}, {{ip, {{0, 0, 0, 0}}}}, {{reuseaddr, true}}, {{broadcast, true}}
    ] ++ {multicast} ++ [{{raw, 16#ffff, 16#0200, <<1:32/native>>}}]),
    Message = <<"heartbeat::", (term_to_binary(#{{node => {name}}}, {options}))/binary>>,
    Size = 16 - byte_size(Message) rem 16,
    Padded = <<Message/binary, (binary:copy(<<Size>>, Size))/binary>>,
    Packet = fun
        (none) -> Message;
        (Secret) ->
            Vector = crypto:strong_rand_bytes(16),
            Key = crypto:hash(sha256, Secret),
            [Vector, crypto:crypto_one_time(aes_256_cbc, Key, Vector, Padded, true)]
    end,
    Sender = spawn(fun() ->
        (fun Loop() ->
            ok = gen_udp:send(Socket, {address}, {port}, Packet({secret})),
            receive stop -> gen_udp:close(Socket) after {every} -> Loop() end
        end)()
    end),
    ok = gen_udp:controlling_process(Socket, Sender),
    {{text, pid_to_list(Sender)}}
"""


@contextmanager
def heartbeats(
    node: Beam,
    port: int = PORT,
    *,
    address: str = GROUP,
    interface: str | None = LOOPBACK,
    broadcast: bool = False,
    secret: str | None = None,
    atoms: str = "[]",
    name: str = "node()",
    every: int = 20,
) -> Iterator[None]:
    """The node sends its heartbeat.

    :param interface: on which, None for the system's choice.
    :param atoms: the options of ``term_to_binary``.
    :param name: an expression, for a name that is not its own.
    :param every: milliseconds.
    """
    options = [f"{{multicast_if, {_tuple(interface)}}}"] if interface else []
    options += ["{multicast_ttl, 1}", "{multicast_loop, true}"]
    options += [f"{{add_membership, {{{_tuple(address)}, {_tuple(interface or '0.0.0.0')}}}}}"]
    sender = node.eval(
        " ".join(_SENDER.split()).format(
            port=port,
            multicast=f"[{', '.join([] if broadcast else options)}]",
            address=_tuple(address),
            secret=f'<<"{secret}">>' if secret else "none",
            options=atoms,
            name=name,
            every=every,
        )
    )
    try:
        yield
    finally:
        node.eval(f'list_to_pid("{sender}") ! stop')


@contextmanager
def all_send(nodes: Sequence[Beam], port: int = PORT, **options: Any) -> Iterator[None]:
    with ExitStack() as stack:
        for node in nodes:
            stack.enter_context(heartbeats(node, port, **options))
        yield


class Host(Namespace):
    """One host on the bridge."""

    def __init__(self, switch: Namespace, number: int) -> None:
        super().__init__(within=switch)
        self.address = f"10.65.0.{number}"
        switch.ip(
            4,
            f"link add name port{number} type veth peer name eth0 netns {self.pid}",
            f"link set port{number} master bridge0",
            f"link set port{number} up",
        )
        self.ip(4, "link set lo up", "link set eth0 up", f"address add {self.address}/24 brd + dev eth0")

    def add_route(self) -> None:
        """To everywhere, and so to the groups."""
        self.ip(4, "route add default dev eth0")

    def remove_route(self) -> None:
        self.ip(4, "route del default dev eth0")

    def run(self, what: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """
        :param what: ``discover`` or ``converge``, of the topology in ``params``.
        """
        with tempfile.TemporaryDirectory(prefix="controller-") as home:
            order = {"topology": "chat", "strategy": "gossip", **params}
            return self.python(["-m", "tests.harness.sources.gossip", what], order, Path(home), timeout=60)


class Lan:
    broadcast = "10.65.0.255"

    def __init__(self, stack: ExitStack, size: int) -> None:
        switch = Namespace()
        stack.callback(switch.close)
        switch.ip(4, "link add name bridge0 type bridge", "link set bridge0 up")
        self.hosts: list[Host] = []
        for number in range(1, size + 1):
            host = Host(switch, number)
            stack.callback(host.close)
            host.add_route()
            self.hosts.append(host)


@contextmanager
def lan(size: int) -> Iterator[Lan]:
    with ExitStack() as stack:
        yield Lan(stack, size)


@contextmanager
def members(hosts: Sequence[Host], port: int = 9100) -> Iterator[list[Beam]]:
    """A node on each host, alone, on one fixed port and without epmd."""

    def start(home: Path) -> Iterator[Beam]:
        return (Beam(f"{BASENAME}@{host.address}", host.address, home, port=port, prefix=host.prefix) for host in hosts)

    with running(start) as nodes:
        yield nodes


@contextmanager
def flood(
    port: int = PORT,
    *,
    address: str = GROUP,
    interface: str | None = LOOPBACK,
    host: Host | None = None,
    valid: bool = False,
) -> Iterator[None]:
    """Somebody sends hostile packets as fast as it goes.

    :param valid: heartbeats instead, of ever the same node.
    """
    process = subprocess.Popen(
        [*(host.prefix if host else []), sys.executable, "-m", "tests.harness.sources.gossip", "flood"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / ".build" / "collections")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        pipe(process.stdin).write(json.dumps([port, address, None if host else interface, valid]).encode() + b"\n")
        pipe(process.stdin).flush()
        assert pipe(process.stdout).readline() == b"flooding\n"
        yield
        assert process.poll() is None, "it went on until the end"
    finally:
        process.kill()
        process.communicate()


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def is_open(port: int, address: str = GROUP) -> bool:
    """Whether a socket on this machine is bound to exactly this UDP address and port."""
    packed = int.from_bytes(socket.inet_aton(address), sys.byteorder)
    return f" {packed:08X}:{port:04X} " in Path("/proc/net/udp").read_text()


def listing(params: Mapping[str, Any]) -> dict[str, Any]:
    """What the strategy says, or the error, as plain data."""
    try:
        found = discover(source_of(params))
    except ClusterError as error:
        return {"error": str(error)}
    return {
        "status": found.status,
        "reasons": list(found.reasons),
        "nodes": {node.name: node.address for node in found.nodes},
        "heard_from": {node.name: node.attributes["heard_from"] for node in found.nodes},
        "authoritative": found.authoritative,
    }


def _tuple(address: str) -> str:
    return "{{{}}}".format(address.replace(".", ","))


def _flood(port: int, address: str, interface: str | None, valid: bool) -> None:
    parent, chance = os.getppid(), random.Random(1)
    heartbeat = b"heartbeat::\x83t\x00\x00\x00\x01d\x00\x04nodew"
    packets = [
        b"",
        chance.randbytes(64),
        chance.randbytes(64 * 16),
        chance.randbytes(9000),
        b"heartbeat::",
        heartbeat,
        heartbeat + b"\x05a@{{1",
        b"heartbeat::\x83" + b"h\x01" * 900,
        b"heartbeat::\x83" + b"l\x00\x00\x00\x01" * 400,
        b"heartbeat::\x83l\xff\xff\xff\xff",
        b"heartbeat::\x83P\xff\xff\xff\xffx\x9c",
        b"heartbeat::\x83h\xff" + b"".join(b"w\x05" + f"{number:05}".encode() for number in range(255)),
    ]
    if valid:
        packets = [heartbeat + b"\x09fake@host"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if interface:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        print("flooding", flush=True)
        for number, packet in enumerate(itertools.cycle(packets)):
            sock.sendto(packet, (address, port))
            if number % 1000 == 0 and os.getppid() != parent:
                return


def _main() -> None:
    if sys.argv[1] == "flood":
        _flood(*json.loads(sys.stdin.readline()))
        return
    params = json.load(sys.stdin)
    result = listing(params) if sys.argv[1] == "discover" else outcome(topology_of(params))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    _main()
