# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelet's end of a port-forward: subprotocol v4.channel.k8s.io, and a connection inside the pod's own network.

    with pod_network(host.prefix) as connect:       # sockets made in that network namespace
        api.forward("chat-0", connect)

Each message starts with the number of its channel: data 2n and errors 2n+1 for the n-th port, each opened by a message
with the port as two bytes, little endian (k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go). Errors are worded
as containerd words them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

from aiohttp import WSMsgType, web

PROTOCOL = "v4.channel.k8s.io"

Connect = Callable[[int], socket.socket]
"""A connection to a port of a pod's localhost; :raises OSError: nothing takes it."""

_HELPER = """
import os, socket, sys
channel = socket.socket(fileno=0)
while port := channel.recv(8):
    try:
        with socket.create_connection(("127.0.0.1", int(port)), 5) as sock:
            socket.send_fds(channel, [b"0"], [sock.fileno()])
    except OSError as error:
        channel.send(b"%d" % (error.errno or 110))
"""


@contextlib.contextmanager
def pod_network(prefix: Sequence[str]) -> Iterator[Connect]:
    """
    :param prefix: what runs a command inside the pod's network namespace.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        # It ends with us: what it reads comes to its end.
        process = subprocess.Popen([*prefix, sys.executable, "-S", "-c", _HELPER], stdin=theirs.fileno())
        theirs.close()

        def connect(port: int) -> socket.socket:
            ours.send(b"%d" % port)
            answer, descriptors, _flags, _address = socket.recv_fds(ours, 8, 1)
            if not descriptors:
                number = int(answer)
                raise OSError(number, os.strerror(number))
            return socket.socket(fileno=descriptors[0])

        try:
            yield connect
        finally:
            ours.close()
            process.wait(10)


def on_loopback(address: str) -> Connect:
    """A pod whose processes listen on this loopback address."""
    return lambda port: socket.create_connection((address, port), 5)


async def port_forward(request: web.BaseRequest, connect: Connect, pod: str) -> web.StreamResponse:
    """Serve one request; it returns when the port-forward is over."""
    websocket = web.WebSocketResponse(protocols=(PROTOCOL,))
    await websocket.prepare(request)
    ports = [int(port) for value in request.query.getall("ports") for port in value.split(",")]
    for index, port in enumerate(ports):
        for channel in (2 * index, 2 * index + 1):
            await websocket.send_bytes(bytes((channel,)) + port.to_bytes(2, "little"))
    inputs: list[asyncio.Queue[bytes]] = [asyncio.Queue(1) for _port in ports]
    pipes = [
        asyncio.ensure_future(_forward(websocket, 2 * index, port, connect, pod, inputs[index]))
        for index, port in enumerate(ports)
    ]
    tasks = [asyncio.ensure_future(_read(websocket, inputs)), asyncio.ensure_future(asyncio.wait(pipes)), *pipes]
    try:
        await asyncio.wait(tasks[:2], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await websocket.close()
    return websocket


async def _read(websocket: web.WebSocketResponse, inputs: Sequence[asyncio.Queue[bytes]]) -> None:
    async for message in websocket:
        assert message.type == WSMsgType.BINARY, message
        assert message.data[0] % 2 == 0, "only the kubelet writes to an error channel"
        await inputs[message.data[0] // 2].put(message.data[1:])


async def _forward(
    websocket: web.WebSocketResponse, channel: int, port: int, connect: Connect, pod: str, data: asyncio.Queue[bytes]
) -> None:
    try:
        sock = await asyncio.get_running_loop().run_in_executor(None, connect, port)
    except OSError as error:
        text = (
            f"error forwarding port {port} to pod {pod}, uid : failed to execute portforward in network namespace "
            f'"/var/run/netns/cni-0": failed to connect to localhost:{port} inside namespace "{pod}", IPv4: dial tcp4 '
            f"127.0.0.1:{port}: connect: {os.strerror(error.errno or 0).lower()} IPv6 dial tcp6 [::1]:{port}: connect: "
            "cannot assign requested address"
        )
        await websocket.send_bytes(bytes((channel + 1,)) + text.encode())
        return
    reader, writer = await asyncio.open_connection(sock=sock)
    sending = asyncio.ensure_future(_send(writer, data))
    try:
        with contextlib.suppress(OSError):
            while received := await reader.read(32768):
                await websocket.send_bytes(bytes((channel,)) + received)
    finally:
        sending.cancel()
        writer.close()


async def _send(writer: asyncio.StreamWriter, data: asyncio.Queue[bytes]) -> None:
    with contextlib.suppress(OSError):
        while True:
            writer.write(await data.get())
            await writer.drain()
