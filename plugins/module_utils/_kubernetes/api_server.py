# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server as port-forwards reach it: its addresses, credentials, TLS and proxy, shared by any number of them.

A port-forward is a WebSocket of the subprotocol v4.channel.k8s.io, which the API server passes on to the kubelet as it
is. The kubernetes client's own (``kubernetes.stream.portforward``) is not used: it opens without any time-out, cannot
be interrupted, waits with select(), which ends at 1,024 files, and keeps what is not read in memory without a limit.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import socket
import ssl
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence
from urllib.parse import urlsplit

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import (
    ClusterError,
    MissingLibraryError,
    UnreachableError,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._io.net import (
    Address,
    DeadlinePassed,
    addresses_of,
    dial,
    shared_out,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._io.text import one_line
from ansible_collections.selfheal.cluster.plugins.module_utils._io.to_thread import to_thread
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.advice import about_tls, explanation
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.answers import message_of
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.auth import (
    USER_AGENT,
    ApiConnection,
    connect,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.pods import Pod

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection
    from websockets.asyncio.client import connect as Connect

CLOSING = 1.0
"""Seconds for the peer's closing handshake of a WebSocket."""
NOT_READY = "the credentials and the address of the API server could not be had in time"
_MAX_MESSAGE = 1 << 20

# The websockets library logs the headers, and one of them is the token. This logger discards everything.
_silent_logger = logging.getLogger(f"{__name__}.websocket")
_silent_logger.propagate = False
_silent_logger.setLevel(logging.CRITICAL + 1)


class PortForwardError(UnreachableError):
    """A port-forward cannot be opened, and the reason lies before the pod: credentials, API server or proxy."""


def require_library() -> None:
    """:raises MissingLibraryError: this Python cannot open a WebSocket."""
    try:
        from websockets.asyncio import client
        from websockets.exceptions import ProxyError  # new in 15, and so is what else is needed
    except ImportError:
        raise MissingLibraryError("websockets >= 15", traceback.format_exc()) from None
    del client, ProxyError


@dataclass(frozen=True)
class ApiServer:
    """``addresses`` are those of the API server; they are empty where a proxy is used."""

    connection: ApiConnection
    proxy: Optional[str]
    addresses: Sequence[Address]

    @classmethod
    async def open(cls, config: Mapping[str, Any], deadline: float) -> ApiServer:
        """
        :param config: that of strategy ``kubernetes``.
        :param deadline: a time of the running loop.
        :raises PortForwardError: there are no credentials, or the API server's name has no address.
        """
        connecting = to_thread(lambda: connect(config))
        try:
            connection = await asyncio.wait_for(connecting, _left(deadline))
        except asyncio.TimeoutError:
            raise PortForwardError(NOT_READY) from None
        except ClusterError as error:
            raise PortForwardError(str(error)) from None
        proxy = _proxy(connection)
        host = urlsplit(connection.host).hostname or ""
        return cls(connection, proxy, [] if proxy else await addresses_of(host, deadline, _unresolved))

    async def websocket(self, pod: Pod, port: int, deadline: float) -> ClientConnection:
        """Start the port-forward of one port; nothing has been read from it yet.

        :param deadline: a time of the running loop.
        :raises PortForwardError: the API server cannot be reached, or refuses it.
        """
        from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidStatus

        host = self.connection.host
        try:
            return await asyncio.wait_for(self._connected(pod, port, deadline), _left(deadline))
        except (asyncio.TimeoutError, DeadlinePassed):
            problem = f"{host} did not open it in time"
        except InvalidStatus as error:
            problem = self._refusal(pod, error.response)
        except ssl.SSLError as error:
            problem = f"TLS with {host} failed: {error}; {about_tls(self.connection, error)}"
        except OSError as error:
            way = "the proxy" if self.proxy else host
            problem = f"{way} takes no connection: {error.strerror or type(error).__name__}; check config.host"
        except InvalidHandshake as error:
            problem = f"{host} opens no WebSocket ({one_line(str(error))}); is it the API server, and not a proxy?"
        except ImportError:
            problem = "a SOCKS proxy takes the Python library python-socks[asyncio], which is missing"
        except InvalidProxy:
            problem = "the proxy of the kubeconfig or the environment is not one that a WebSocket can go through"
        raise PortForwardError(f"port-forward to {pod}: {problem}")

    async def _connected(self, pod: Pod, port: int, deadline: float) -> ClientConnection:
        from websockets.typing import Subprotocol

        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/portforward?ports={port}"
        options: dict[str, Any] = {"proxy": self.proxy} if self.proxy else {"sock": await self._socket(deadline)}
        if self.connection.tls:
            options["ssl"] = self.connection.tls
            if self.connection.configuration.tls_server_name:
                options["server_hostname"] = self.connection.configuration.tls_server_name
        headers = self.connection.headers
        return await _connector()(
            f"ws{self.connection.host[len('http') :]}{path}",
            subprotocols=[Subprotocol("v4.channel.k8s.io")],
            compression=None,
            additional_headers=[header for header in headers if header[0] not in ("Accept", "User-Agent")],
            user_agent_header=USER_AGENT,
            open_timeout=None,  # the deadline is ours
            ping_interval=None,  # a node's own ticks keep it alive
            close_timeout=CLOSING,
            max_size=_MAX_MESSAGE,
            logger=_silent_logger,
            **options,
        )

    async def _socket(self, deadline: float) -> socket.socket:
        place = urlsplit(self.connection.host)
        port = place.port or (443 if self.connection.tls else 80)
        failure: Exception = OSError("it has no address")
        for address, address_deadline in shared_out(self.addresses, deadline):
            try:
                return await dial(address, port, address_deadline)
            except (OSError, DeadlinePassed) as error:
                failure = error
        raise failure

    def _refusal(self, pod: Pod, response: Any) -> str:
        status = response.status_code
        problem = f"{self.connection.host} answered {status}: "
        body = bytes(response.body or b"")
        problem += message_of(self.connection, body, response.headers)
        if explained := explanation(self.connection, status, body):
            return f"{problem}; {explained}"
        if status == 403:
            return (
                f"{problem}; its RBAC must allow the verbs 'get' and 'create' on 'pods/portforward' of apiGroup '' in "
                f"namespace {pod.namespace!r}"
            )
        if status == 404:
            return f"{problem}; is the pod gone?"
        return problem


@functools.lru_cache
def _connector() -> type[Connect]:
    from websockets.asyncio.client import connect

    class WithoutRedirects(connect):
        def process_redirect(self, exc: Exception) -> Exception:
            """Never follow a redirect: another host must not get the token."""
            return exc

    return WithoutRedirects


def _proxy(connection: ApiConnection) -> Optional[str]:
    """The client's proxy; None where NO_PROXY exempts this host."""
    pool = connection.pool
    used = getattr(pool, "proxy", None) or getattr(pool, "proxy_url", None)
    return connection.configuration.proxy if used else None


def _unresolved(problem: str) -> PortForwardError:
    return PortForwardError(f"the API server cannot be found: {problem}; check config.host")


def _left(deadline: float) -> float:
    return max(0.0, deadline - asyncio.get_running_loop().time())
