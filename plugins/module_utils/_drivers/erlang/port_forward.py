# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""To the members through port-forwards of Kubernetes."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import Source
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.reach import Reach
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import Connection
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import EpmdUnreachable, NodeUnreachable
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import (
    DiscoveryError,
    TopologyError,
    UnreachableError,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._io.net import Address
from ansible_collections.selfheal.cluster.plugins.module_utils._io.to_thread import to_thread
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.forward import Forward
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.gateway import (
    NOT_READY,
    ForwardError,
    Gateway,
    require_library,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.pods import (
    Pod,
    is_pod_name,
    pod_with,
    trace_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node

_LOCALHOST = "127.0.0.1"
"""Where the far end of a port-forward is, in the pod's own network."""


class PortForward(Reach):
    """Through the API server that strategy ``kubernetes`` lists from, to the network of the node's pod."""

    def __init__(self, source: Source) -> None:
        require_library()
        self._topology = source.topology
        self._config = source.config
        self._gateway: Optional[asyncio.Task[Gateway]] = None
        self._forwards: set[Forward] = set()

    async def look_up(self, nodes: Sequence[Node], epmd_port: int) -> None:
        """Nothing: each pod has an epmd of its own."""

    async def open(self, node: Node, *, timeout: float, cookie: str, port: Optional[int], **options: Any) -> Connection:
        deadline = asyncio.get_running_loop().time() + timeout
        opened: list[Forward] = []
        try:
            gateway = await self._ready(deadline)
            pod = await self._pod_of(node, gateway, deadline)
        except ForwardError as error:
            raise ForwardError(f"{node.name}: {error.reason}") from None

        async def dial(_address: Address, port: int, its_deadline: float) -> socket.socket:
            forward = await self._forward(gateway, pod, port, its_deadline)
            opened.append(forward)
            return forward.socket

        left = round(deadline - asyncio.get_running_loop().time(), 1)
        try:
            there = {"dial": dial, "timeout": left, **options}
            return await Connection.open(node.name, _LOCALHOST, cookie=cookie, port=port, **there)
        except ForwardError as error:
            raise ForwardError(f"{node.name}: {error.reason}") from None
        except UnreachableError as error:
            raise _explained(error, node.name, pod, opened, port is None) from None

    def renew(self) -> None:
        # Tokens are short-lived, those of credential plugins above all.
        if self._gateway and self._gateway.done():
            self._gateway = None

    async def close(self) -> None:
        ending: list[asyncio.Task[Any]] = [forward.task for forward in self._forwards]
        for forward in self._forwards:
            forward.close()
        if self._gateway:
            self._gateway.cancel()
            ending.append(self._gateway)
        if ending:
            await asyncio.wait(ending)

    async def _ready(self, deadline: float) -> Gateway:
        """The one for all members of a round."""
        if not self._gateway:
            self._gateway = asyncio.ensure_future(Gateway.open(self._topology, self._config, deadline))
            self._gateway.add_done_callback(_heed)
        gateway = self._gateway
        await asyncio.wait([gateway], timeout=deadline - asyncio.get_running_loop().time())
        if not gateway.done():
            raise ForwardError(NOT_READY)
        problem = gateway.exception()
        if isinstance(problem, ForwardError):
            raise ForwardError(problem.reason)
        return gateway.result()

    async def _forward(self, gateway: Gateway, pod: Pod, port: int, deadline: float) -> Forward:
        forward = await Forward.open(gateway, pod, port, deadline)
        self._forwards.add(forward)
        forward.task.add_done_callback(lambda _task: self._forwards.discard(forward))
        return forward

    async def _pod_of(self, node: Node, gateway: Gateway, deadline: float) -> Pod:
        if not node.attributes:
            return await self._pod_of_stray(node.name, gateway, deadline)
        pod_name, namespace = node.attributes.get("pod_name"), node.attributes.get("namespace")
        if not is_pod_name(pod_name) or not is_pod_name(namespace):
            raise ForwardError("discovery does not say which pod it is, so that no port-forward leads there")
        return Pod(str(namespace), str(pod_name))

    async def _pod_of_stray(self, name: str, gateway: Gateway, deadline: float) -> Pod:
        """Of a peer that discovery does not list, its name alone is known; the members could list any."""
        trace = trace_of(name.partition("@")[2], self._config["mode"], self._config["cluster_domain"])
        namespaces = trace.within(gateway.connection.namespaces(self._config)) if trace else []
        if not trace or not namespaces:
            raise ForwardError("discovery does not list it, and its name says of no pod where it is")
        if trace.pod_name:
            return Pod(namespaces[0], trace.pod_name)
        ip, left = str(trace.ip), deadline - asyncio.get_running_loop().time()
        search = to_thread(lambda: pod_with(self._topology, gateway.connection, ip, namespaces, left))
        try:
            pod = await asyncio.wait_for(search, left)
        except asyncio.TimeoutError:
            raise ForwardError("discovery does not list it, and its pod was not found in time") from None
        except (DiscoveryError, TopologyError) as error:
            raise ForwardError(f"discovery does not list it, and its pod cannot be sought: {error}") from None
        if not pod:
            raise ForwardError(f"discovery does not list it, and no pod in {_listed(namespaces)} has its address")
        return pod


def _heed(gateway: asyncio.Task[Gateway]) -> None:
    """Everyone who waited for it may have gone at the same moment; then nobody is left to see how it failed."""
    if not gateway.cancelled():
        gateway.exception()


def _listed(namespaces: list[str]) -> str:
    return "namespace " + " or ".join(map(repr, namespaces))


def _explained(
    error: UnreachableError, name: str, pod: Pod, forwards: list[Forward], has_epmd: bool
) -> UnreachableError:
    """What went wrong in the pod, where the far end of a port-forward says so after it was opened."""
    problem = next((forward.problem for forward in forwards if forward.problem), None)
    if not problem:
        return type(error)(f"{error.reason} (port-forward to {pod})", error.silent, error.answers_as)
    where = f"{_LOCALHOST}:{forwards[-1].port} of {pod}"
    if has_epmd and len(forwards) == 1:
        return EpmdUnreachable(f"no epmd for {name} on {where}: {problem}")
    return NodeUnreachable(f"{name} ({where}) takes no connection: {problem}")
