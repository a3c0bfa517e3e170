# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the API server: one list, page by page, each answer bounded in time and size.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, TypeVar
from urllib.parse import urlencode

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError, TopologyError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.answers import message_of, root_of
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.auth import Connection
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.resources import (
    RESOURCES,
    Resource,
    page_of,
)

MAX_BYTES = 256 * 1024 * 1024
MAX_PAGES = 10_000
MAX_RESTARTS = 3
_CHUNK = 1024 * 1024
_ERROR_BYTES = 64 * 1024
_GONE = 410

T = TypeVar("T")


class ApiError(DiscoveryError):
    """One request got no usable answer. ``status`` is None where there was no HTTP answer at all."""

    def __init__(self, problem: str, status: Optional[int] = None) -> None:
        super().__init__(problem)
        self.status = status

    @property
    def concerns_all(self) -> bool:
        """The next namespace would only wait for the same."""
        return self.status in (None, 401, 429)


@dataclass(frozen=True)
class Listing:
    """One list request. ``timeout`` (seconds) is for each page, from the name look-up to the last byte."""

    lookup: str
    namespace: str
    label_selector: Optional[str]
    field_selector: Optional[str]
    page_size: int
    timeout: float

    @property
    def resource(self) -> Resource:
        return RESOURCES[self.lookup]

    @property
    def what(self) -> str:
        return f"list {self.resource.plural} in namespace {self.namespace!r}"

    def path(self, continue_token: str) -> str:
        # Without resourceVersion the server reads what is true now; with 0 it may answer from a stale cache.
        query = {"limit": str(self.page_size)}
        if self.label_selector:
            query["labelSelector"] = self.label_selector
        if self.field_selector:
            query["fieldSelector"] = self.field_selector
        if continue_token:
            query["continue"] = continue_token
        return f"{self.resource.prefix}/namespaces/{self.namespace}/{self.resource.plural}?{urlencode(query)}"


def list_all(
    topology: str,
    connection: Connection,
    config: Mapping[str, Any],
    listing: Listing,
    take: Callable[[list[Any]], T],
) -> list[T]:
    """Read a list to its end.

    :param config: names the selectors as the user gave them, for the error about a bad one.
    :param take: turns the items of one page into what is kept, so that no more than a page is held raw.
    :raises ApiError: any page failed.
    :raises TopologyError: the API server refuses a selector.
    """
    budget = MAX_BYTES
    for _ in range(MAX_RESTARTS + 1):
        taken: list[T] = []
        token = ""
        for _ in range(MAX_PAGES):
            status, body, headers = _get(connection, listing, listing.path(token), budget)
            if status == _GONE and token:
                break
            if status != 200:
                raise _refusal(topology, connection, config, listing, status, body, headers)
            budget -= len(body)
            items, token = _page(listing, body, headers)
            taken.append(take(items))
            if not token:
                return taken
        else:
            raise ApiError(f"{listing.what}: more than {MAX_PAGES} pages; raise config.page_size", 200)
    raise ApiError(
        f"{listing.what}: {MAX_RESTARTS + 1} times in a row the list expired before it was read to its end (410 Gone); "
        "raise config.page_size",
        _GONE,
    )


def _get(connection: Connection, listing: Listing, path: str, budget: int) -> tuple[int, bytes, Mapping[str, str]]:
    import urllib3

    deadline = time.monotonic() + listing.timeout

    def ask() -> tuple[int, bytes, Mapping[str, str]]:
        response = connection.pool.request(
            "GET",
            connection.host + path,
            headers=dict(connection.headers),
            timeout=urllib3.Timeout(total=listing.timeout),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        with response:
            limit = budget if response.status == 200 else _ERROR_BYTES
            body = _body(response, limit, deadline)
            if len(body) > limit and response.status == 200:
                raise ApiError(
                    f"{listing.what}: the answer is larger than {MAX_BYTES >> 20} MiB; narrow config.selector", 200
                )
            return response.status, body, response.headers

    try:
        return _within(listing.timeout, ask)
    except urllib3.exceptions.NewConnectionError as error:
        raise ApiError(f"{listing.what}: {connection.host}: {root_of(error)}; check config.host") from None
    except (TimeoutError, urllib3.exceptions.TimeoutError):
        raise ApiError(
            f"{listing.what}: {connection.host} gave no whole answer within {listing.timeout:g} s (config.timeout)"
        ) from None
    except urllib3.exceptions.SSLError as error:
        raise ApiError(
            f"{listing.what}: TLS with {connection.host} failed: {root_of(error)}; check config.ca_cert (or the "
            "kubeconfig's certificates) and the name in config.host"
        ) from None
    except urllib3.exceptions.HTTPError as error:
        raise ApiError(f"{listing.what}: {connection.host} broke off: {root_of(error)}") from None


def _body(response: Any, limit: int, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while size <= limit:
        if time.monotonic() > deadline:
            raise TimeoutError
        # What was not asked for compressed is not unpacked, so that the limit is a limit.
        chunk = response.read(min(_CHUNK, limit + 1 - size), decode_content=False)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def _within(seconds: float, work: Callable[[], T]) -> T:
    """In a thread of its own: a name look-up, a handshake or a server that drips bytes heeds no socket time-out."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="kubernetes-list", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]


def _page(listing: Listing, body: bytes, headers: Mapping[str, str]) -> tuple[list[Any], str]:
    try:
        return page_of(json.loads(body), listing.resource)
    except DiscoveryError as error:
        raise ApiError(f"{listing.what}: {error}", 200) from None
    except (ValueError, RecursionError):
        content = headers.get("Content-Type") or "no content type"
        raise ApiError(
            f"{listing.what}: the answer is not JSON ({content[:80]!r}, {len(body)} bytes); is config.host the API "
            "server, and not a proxy?",
            200,
        ) from None


def _refusal(
    topology: str,
    connection: Connection,
    config: Mapping[str, Any],
    listing: Listing,
    status: int,
    body: bytes,
    headers: Mapping[str, str],
) -> Exception:
    message = message_of(connection, body, headers)
    selectors = [option for option in ("selector", "field_selector") if config[option]]
    if status == 400 and selectors:
        option = selectors[-1] if "field" in message else selectors[0]
        return TopologyError(
            topology, f"config.{option}", f"{config[option]!r} is refused by the API server: {message}"
        )
    problem = f"{listing.what}: {connection.host} answered {status}: {message}"
    return ApiError(problem + _advice(listing, status, headers), status)


def _advice(listing: Listing, status: int, headers: Mapping[str, str]) -> str:
    resource = listing.resource
    if status == 401:
        return "; the token (config.api_key, the kubeconfig's or the service account's) is missing, wrong or expired"
    if status == 403:
        return (
            f"; its RBAC must allow the verb 'list' on {resource.plural!r} of apiGroup {resource.group!r} in namespace "
            f"{listing.namespace!r}"
        )
    if status == 404:
        return f"; does this server have {resource.prefix}, and does config.host need a path?"
    if status == 429:
        after = headers.get("Retry-After")
        return "; the server is overloaded" + (f" and asks to wait {after[:20]} s" if after else "")
    return ""
