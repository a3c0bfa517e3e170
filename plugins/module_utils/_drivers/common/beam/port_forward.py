# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport through port-forwards of Kubernetes."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.transport import Transport
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import EpmdUnreachable, NodeUnreachable
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import (
    DiscoveryError,
    OptionError,
    UnreachableError,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._io.net import Address
from ansible_collections.selfheal.cluster.plugins.module_utils._io.to_thread import to_thread
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.api_server import (
    NOT_READY,
    ApiServer,
    PortForwardError,
    require_library,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.pods import (
    Pod,
    is_pod_name,
    pod_with,
    trace_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.port_forward import PortForward
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Source

_LOCALHOST = "127.0.0.1"
"""The address of a port-forward's far end, inside the pod's network."""


class PortForwardTransport(Transport):
    """Connections through the API server of strategy ``kubernetes`` into the network of the node's pod."""

    def __init__(self, source: Source) -> None:
        require_library()
        self._config = source.config
        self._server: Optional[asyncio.Task[ApiServer]] = None
        self._forwards: set[PortForward] = set()

    async def look_up(self, nodes: Sequence[Node], epmd_port: int) -> None:
        """Do nothing: no two pods share an epmd."""

    async def open(
        self, node: Node, *, timeout: float, cookie: str, port: Optional[int], **options: Any
    ) -> NodeConnection:
        deadline = asyncio.get_running_loop().time() + timeout
        opened: list[PortForward] = []
        try:
            server = await self._ready(deadline)
            pod = await self._pod_of(node, server, deadline)
        except PortForwardError as error:
            raise PortForwardError(f"{node.name}: {error.reason}") from None

        async def dial(_address: Address, port: int, address_deadline: float) -> socket.socket:
            forward = await self._forward(server, pod, port, address_deadline)
            opened.append(forward)
            return forward.socket

        left = round(deadline - asyncio.get_running_loop().time(), 1)
        try:
            there = {"dial": dial, "timeout": left, **options}
            return await NodeConnection.open(node.name, _LOCALHOST, cookie=cookie, port=port, **there)
        except PortForwardError as error:
            raise PortForwardError(f"{node.name}: {error.reason}") from None
        except UnreachableError as error:
            raise _explained(error, node.name, pod, opened, port is None) from None

    def renew(self) -> None:
        # Tokens are short-lived, those of credential plugins above all.
        if self._server and self._server.done():
            self._server = None

    async def close(self) -> None:
        ending: list[asyncio.Task[Any]] = [forward.task for forward in self._forwards]
        for forward in self._forwards:
            forward.close()
        if self._server:
            self._server.cancel()
            ending.append(self._server)
        if ending:
            await asyncio.wait(ending)

    async def _ready(self, deadline: float) -> ApiServer:
        """The API server, opened once for all members of a round."""
        if not self._server:
            self._server = asyncio.ensure_future(ApiServer.open(self._config, deadline))
            self._server.add_done_callback(_retrieve_exception)
        server = self._server
        await asyncio.wait([server], timeout=deadline - asyncio.get_running_loop().time())
        if not server.done():
            raise PortForwardError(NOT_READY)
        problem = server.exception()
        if isinstance(problem, PortForwardError):
            raise PortForwardError(problem.reason)
        return server.result()

    async def _forward(self, server: ApiServer, pod: Pod, port: int, deadline: float) -> PortForward:
        forward = await PortForward.open(server, pod, port, deadline)
        self._forwards.add(forward)
        forward.task.add_done_callback(lambda _task: self._forwards.discard(forward))
        return forward

    async def _pod_of(self, node: Node, server: ApiServer, deadline: float) -> Pod:
        if not node.attributes:
            return await self._pod_of_undesired(node.name, server, deadline)
        pod_name, namespace = node.attributes.get("pod_name"), node.attributes.get("namespace")
        if not is_pod_name(pod_name) or not is_pod_name(namespace):
            raise PortForwardError("discovery does not say which pod it is, so that no port-forward leads there")
        return Pod(str(namespace), str(pod_name))

    async def _pod_of_undesired(self, name: str, server: ApiServer, deadline: float) -> Pod:
        """The pod of an undesired member. Only its name is known, and members could list any name."""
        trace = trace_of(name.partition("@")[2], self._config["mode"], self._config["cluster_domain"])
        namespaces = trace.within(server.connection.namespaces(self._config)) if trace else []
        if not trace or not namespaces:
            raise PortForwardError("discovery does not list it, and its name says of no pod where it is")
        if trace.pod_name:
            return Pod(namespaces[0], trace.pod_name)
        ip, left = str(trace.ip), deadline - asyncio.get_running_loop().time()
        search = to_thread(lambda: pod_with(server.connection, ip, namespaces, left))
        try:
            pod = await asyncio.wait_for(search, left)
        except asyncio.TimeoutError:
            raise PortForwardError("discovery does not list it, and its pod was not found in time") from None
        except (DiscoveryError, OptionError) as error:
            raise PortForwardError(f"discovery does not list it, and its pod cannot be sought: {error}") from None
        if not pod:
            raise PortForwardError(f"discovery does not list it, and no pod in {_listed(namespaces)} has its address")
        return pod


def _retrieve_exception(server: asyncio.Task[ApiServer]) -> None:
    """Keep asyncio from logging an exception as never retrieved where all tasks that waited for it are cancelled."""
    if not server.cancelled():
        server.exception()


def _listed(namespaces: list[str]) -> str:
    return "namespace " + " or ".join(map(repr, namespaces))


def _explained(
    error: UnreachableError, name: str, pod: Pod, forwards: list[PortForward], has_epmd: bool
) -> UnreachableError:
    """The same error with the problem in the pod, if the far end of a port-forward reported one after it was opened."""
    problem = next((forward.problem for forward in forwards if forward.problem), None)
    if not problem:
        return type(error)(f"{error.reason} (port-forward to {pod})", error.silent, error.answers_as)
    where = f"{_LOCALHOST}:{forwards[-1].port} of {pod}"
    if has_epmd and len(forwards) == 1:
        return EpmdUnreachable(f"no epmd for {name} on {where}: {problem}")
    return NodeUnreachable(f"{name} ({where}) takes no connection: {problem}")
