# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``rancher``: the containers of the service that this host is a container of, from Rancher's metadata."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
from typing import Any, Mapping, Optional
from urllib.parse import urlsplit

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError, OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.threads import within
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.rancher.parse import parse

_PATH = "/latest/self/service"
_MAX_BYTES = 32 * 1024 * 1024
_REDIRECTED = "; a redirect is not followed, since the service tells by who asks which containers are meant"
_HINTS = {
    **dict.fromkeys((301, 302, 303, 307, 308), _REDIRECTED),
    404: "; it knows the service only of those who ask from a container in Rancher's managed network",
}


def discover(config: Mapping[str, Any], attempt: int) -> Discovery:
    """
    :param attempt: has no effect: there is one metadata service.
    :raises OptionError: ``host`` is no URL of a metadata service.
    :raises DiscoveryError: it gives no answer, or not that of a metadata service.
    """
    _check(config["host"])
    url = config["host"].rstrip("/") + _PATH
    try:
        return parse(config["node_basename"], _decoded(_RancherExchange(url).body(config["timeout"])))
    except DiscoveryError as error:
        raise DiscoveryError(f"{url}: {error}") from None


def _check(host: str) -> None:
    try:
        parts = urlsplit(host)
        is_url = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if "@" in host:
        raise OptionError("config.host", "has a user in it, and the metadata service knows none")
    if not is_url or not re.fullmatch(r"[!-~]+", host) or "?" in host or "#" in host:
        raise OptionError("config.host", f"{host!r} is not a URL such as 'http://rancher-metadata'")


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise DiscoveryError(
            f"the answer is not JSON ({len(body)} bytes): is this Rancher's metadata service?"
        ) from None


class _RancherExchange:
    """One request and its answer.

    It uses no proxy and follows no redirect: the service derives from the client's address which containers are meant.
    """

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._sock: Optional[socket.socket] = None

    def body(self, timeout: float) -> bytes:
        """
        :raises DiscoveryError: there is no whole answer in so many seconds, or it is not 200.
        """
        try:
            return within(timeout, lambda: self._ask(timeout), self._abandon)
        except (TimeoutError, socket.timeout):
            raise DiscoveryError(f"no whole answer within {timeout:g} s (config.timeout)") from None
        except http.client.IncompleteRead:
            raise DiscoveryError("the answer is cut off") from None
        except http.client.HTTPException as error:
            raise DiscoveryError(f"what answers does not speak HTTP ({type(error).__name__})") from None
        except UnicodeError:
            raise DiscoveryError("this is not the name of a host; check config.host") from None
        except OSError as error:
            raise DiscoveryError(f"{error.strerror or error}; check config.host") from None

    def _ask(self, timeout: float) -> bytes:
        connection = http.client.HTTPConnection(str(self._url.hostname), self._url.port or 80, timeout=timeout)
        with contextlib.closing(connection):
            connection.connect()
            self._sock = connection.sock
            connection.request("GET", self._url.path, headers={"Accept": "application/json"})
            with connection.getresponse() as response:
                return _body(response)

    def _abandon(self) -> None:
        """Wake the thread, should it still wait for a byte."""
        if self._sock is not None:
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)


def _body(response: http.client.HTTPResponse) -> bytes:
    if response.status != 200:
        raise DiscoveryError(f"answered {response.status}{_HINTS.get(response.status, '')}")
    body = response.read(_MAX_BYTES + 1)
    if len(body) > _MAX_BYTES:
        raise DiscoveryError(f"the answer is larger than {_MAX_BYTES >> 20} MiB")
    # A read of so many bytes does not tell that the answer ended before its length.
    missing: Optional[int] = response.length
    if missing:
        raise http.client.IncompleteRead(body, missing)
    return body
