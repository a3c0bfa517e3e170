# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the API server: one list, page by page, each answer bounded in time and size.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional, TypeVar
from urllib.parse import urlencode

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import (
    ClusterError,
    DiscoveryError,
    TopologyError,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._io.threads import within
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.advice import (
    about_break,
    about_path,
    about_tls,
    explanation,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.answers import (
    message_of,
    requested_delay,
    root_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.auth import Connection
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.line import Line
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
    """One request got no usable answer. ``status`` is None where there was no HTTP answer at all; ``delay`` are the
    seconds that the server asks to wait."""

    def __init__(self, problem: str, status: Optional[int] = None, delay: float = 0.0) -> None:
        super().__init__(problem)
        self.status = status
        self.delay = delay

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

    def what(self, verb: str = "list") -> str:
        return f"{verb} {self.resource.plural} in namespace {self.namespace!r}"

    def path(self, continue_token: str = "") -> str:
        # Without resourceVersion the server reads what is true now; with 0 it may answer from a stale cache.
        return self._path({"limit": str(self.page_size)}, continue_token)

    def watch_path(self, version: str, seconds: int) -> str:
        """What is to be told after ``version``, for so many seconds."""
        query = {"watch": "true", "allowWatchBookmarks": "true"}
        return self._path({**query, "resourceVersion": version, "timeoutSeconds": str(seconds)})

    def _path(self, query: dict[str, str], continue_token: str = "") -> str:
        if self.label_selector:
            query["labelSelector"] = self.label_selector
        if self.field_selector:
            query["fieldSelector"] = self.field_selector
        if continue_token:
            query["continue"] = continue_token
        return f"{self.resource.prefix}/namespaces/{self.namespace}/{self.resource.plural}?{urlencode(query)}"


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: Mapping[str, str]


def list_all(
    topology: str,
    connection: Connection,
    config: Mapping[str, Any],
    listing: Listing,
    take: Callable[[list[Any]], T],
    pages: Optional[int] = None,
) -> list[T]:
    """Read a list to its end.

    :param config: names the selectors as the user gave them, for the error about a bad one.
    :param take: turns the items of one page into what is kept, so that no more than a page is held raw.
    :param pages: read no more than so many, where a part will do.
    :raises ApiError: any page failed.
    :raises TopologyError: the API server refuses a selector.
    """
    with _line_of(connection, listing) as line:
        return _list_all(topology, connection, config, listing, take, line, pages)


def _list_all(
    topology: str,
    connection: Connection,
    config: Mapping[str, Any],
    listing: Listing,
    take: Callable[[list[Any]], T],
    line: Line,
    pages: Optional[int],
) -> list[T]:
    budget = MAX_BYTES
    for _restart in range(MAX_RESTARTS + 1):
        taken: list[T] = []
        token = ""
        for _page in range(MAX_PAGES):
            answer = _get(connection, listing, listing.path(token), budget, line)
            if answer.status == _GONE and token:
                break
            if answer.status != 200:
                raise refusal(topology, connection, config, listing, answer)
            budget -= len(answer.body)
            items, token = read_page(listing, answer, page_of)
            taken.append(take(items))
            if not token or len(taken) == pages:
                return taken
        else:
            raise ApiError(f"{listing.what()}: more than {MAX_PAGES} pages; raise config.page_size", 200)
    raise ApiError(
        f"{listing.what()}: {MAX_RESTARTS + 1} times in a row the list expired before it was read to its end (410 "
        "Gone); raise config.page_size",
        _GONE,
    )


@contextlib.contextmanager
def _line_of(connection: Connection, listing: Listing) -> Iterator[Line]:
    """The way of one list, over a connection that is closed behind it."""
    line = Line()
    with in_words(connection, listing.what(), listing.timeout):
        line.guard(connection.pool.connection_from_url(connection.host))
    try:
        yield line
    finally:
        connection.pool.clear()
        line.close()


def _get(connection: Connection, listing: Listing, path: str, budget: int, line: Line) -> Answer:
    import urllib3

    deadline = time.monotonic() + listing.timeout

    def ask() -> Answer:
        with send(connection, path, urllib3.Timeout(total=listing.timeout)) as response:
            return read_answer(listing, response, budget, deadline)

    with in_words(connection, listing.what(), listing.timeout):
        return within(listing.timeout, ask, line.cut)


def send(connection: Connection, path: str, timeout: Any) -> Any:
    """
    :param timeout: a ``urllib3.Timeout``.
    :returns: the response, of which nothing but the head has been read.
    """
    return connection.pool.request(
        "GET",
        connection.host + path,
        headers=connection.headers_for_urllib3(),
        timeout=timeout,
        retries=False,
        redirect=False,
        preload_content=False,
    )


def read_answer(listing: Listing, response: Any, budget: int, deadline: float) -> Answer:
    """
    :param budget: the most bytes that a list may have.
    :param deadline: a time of ``time.monotonic``.
    :raises ApiError: it has more.
    :raises TimeoutError: it takes longer.
    """
    limit = budget if response.status == 200 else _ERROR_BYTES
    body = _body(response, limit, deadline)
    if len(body) > limit and response.status == 200:
        raise ApiError(
            f"{listing.what()}: the answer is larger than {MAX_BYTES >> 20} MiB; narrow config.selector", 200
        )
    return Answer(response.status, body, response.headers)


@contextlib.contextmanager
def in_words(connection: Connection, what: str, timeout: float) -> Iterator[None]:
    """
    :param what: is done here.
    :raises ApiError: for whatever there is on the way to the answer.
    """
    import urllib3

    try:
        yield
    except urllib3.exceptions.NewConnectionError as error:
        raise ApiError(f"{what}: {connection.host}: {root_of(error)}; check config.host") from None
    except (TimeoutError, urllib3.exceptions.TimeoutError):
        raise ApiError(
            f"{what}: {connection.host} gave no whole answer within {round(timeout, 1):g} s (config.timeout)"
        ) from None
    except urllib3.exceptions.SSLError as error:
        advice = about_tls(connection, root_of(error))
        raise ApiError(f"{what}: TLS with {connection.host} failed: {root_of(error)}; {advice}") from None
    except urllib3.exceptions.ProxyError as error:
        raise ApiError(
            f"{what}: the proxy on the way to {connection.host}: {root_of(error)}; check HTTPS_PROXY and NO_PROXY (or "
            "the kubeconfig's proxy-url)"
        ) from None
    except urllib3.exceptions.HTTPError as error:
        advice = about_break(connection, root_of(error))
        raise ApiError(f"{what}: {connection.host} broke off: {root_of(error)}{advice}") from None


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


def read_page(listing: Listing, answer: Answer, read: Callable[[Any, Resource], T]) -> T:
    """
    :param read: takes the payload apart, and raises DiscoveryError where it is none.
    :raises ApiError: it is no page of this list.
    """
    try:
        return read(json.loads(answer.body), listing.resource)
    except DiscoveryError as error:
        raise ApiError(f"{listing.what()}: {error}", 200) from None
    except (ValueError, RecursionError):
        content = answer.headers.get("Content-Type") or "no content type"
        raise ApiError(
            f"{listing.what()}: the answer is not JSON ({content[:80]!r}, {len(answer.body)} bytes); is config.host "
            "the API server, and not a proxy?",
            200,
        ) from None


def refusal(
    topology: str,
    connection: Connection,
    config: Mapping[str, Any],
    listing: Listing,
    answer: Answer,
    verb: str = "list",
) -> ClusterError:
    """
    :param answer: one with another status than 200.
    :returns: an ApiError, or a TopologyError about a selector.
    """
    message = message_of(connection, answer.body, answer.headers)
    explained = explanation(connection, answer.status, answer.body)
    selectors = [option for option in ("selector", "field_selector") if config[option]]
    if answer.status == 400 and selectors and not explained:
        option = selectors[-1] if "field" in message else selectors[0]
        return TopologyError(
            topology, f"config.{option}", f"{config[option]!r} is refused by the API server: {message}"
        )
    problem = f"{listing.what(verb)}: {connection.host} answered {answer.status}: {message}"
    advice = f"; {explained}" if explained else _advice(connection, listing, answer, verb)
    return ApiError(problem + advice, answer.status, requested_delay(answer.headers))


def _advice(connection: Connection, listing: Listing, answer: Answer, verb: str) -> str:
    resource, status = listing.resource, answer.status
    if status == 403:
        return (
            f"; its RBAC must allow the verb {verb!r} on {resource.plural!r} of apiGroup {resource.group!r} in "
            f"namespace {listing.namespace!r}"
        )
    if status == 404:
        return f"; does this server have {resource.prefix}, and {about_path(connection)}"
    if status == 429:
        after = answer.headers.get("Retry-After")
        return "; the server is overloaded" + (f" and asks to wait {after[:20]} s" if after else "")
    return ""
