# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the API server: one list, page by page, each answer bounded in time and size.

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
    OptionError,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._io.threads import within
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.abortable_connection import (
    AbortableConnection,
)
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
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.auth import ApiConnection
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
    """One request got no usable answer. ``status`` is None where there was no HTTP answer at all; ``delay`` is how many
    seconds the server asks to wait."""

    def __init__(self, problem: str, status: Optional[int] = None, delay: float = 0.0) -> None:
        super().__init__(problem)
        self.status = status
        self.delay = delay

    @property
    def concerns_all(self) -> bool:
        """Whether a request for another namespace would fail in the same way."""
        return self.status in (None, 401, 429)


@dataclass(frozen=True)
class ListRequest:
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
        # Without resourceVersion the server reads the current state; with 0 it may answer from a stale cache.
        return self._path({"limit": str(self.page_size)}, continue_token)

    def watch_path(self, version: str, seconds: int) -> str:
        """The path of a watch for changes after ``version``, for so many seconds."""
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


class ApiAnswer(NamedTuple):
    status: int
    body: bytes
    headers: Mapping[str, str]


def list_all(
    connection: ApiConnection,
    config: Mapping[str, Any],
    listing: ListRequest,
    take: Callable[[list[Any]], T],
    pages: Optional[int] = None,
) -> list[T]:
    """Read a list to its end.

    :param config: has the selectors as the user gave them, for the error about a bad one.
    :param take: turns the items of one page into what is kept, so that at most one raw page is in memory.
    :param pages: the most pages to read, where a part of the list is enough.
    :raises ApiError: any page failed.
    :raises OptionError: the API server refuses a selector.
    """
    with _abortable_of(connection, listing) as abortable:
        return _list_all(connection, config, listing, take, abortable, pages)


def _list_all(
    connection: ApiConnection,
    config: Mapping[str, Any],
    listing: ListRequest,
    take: Callable[[list[Any]], T],
    abortable: AbortableConnection,
    pages: Optional[int],
) -> list[T]:
    budget = MAX_BYTES
    for _restart in range(MAX_RESTARTS + 1):
        taken: list[T] = []
        token = ""
        for _page in range(MAX_PAGES):
            answer = _get(connection, listing, listing.path(token), budget, abortable)
            if answer.status == _GONE and token:
                break
            if answer.status != 200:
                raise refusal(connection, config, listing, answer)
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
def _abortable_of(connection: ApiConnection, listing: ListRequest) -> Iterator[AbortableConnection]:
    """A connection for the requests of one list, closed after the last one."""
    abortable = AbortableConnection()
    with in_words(connection, listing.what(), listing.timeout):
        abortable.guard(connection.pool.connection_from_url(connection.host))
    try:
        yield abortable
    finally:
        connection.pool.clear()
        abortable.close()


def _get(
    connection: ApiConnection, listing: ListRequest, path: str, budget: int, abortable: AbortableConnection
) -> ApiAnswer:
    import urllib3

    deadline = time.monotonic() + listing.timeout

    def ask() -> ApiAnswer:
        with send(connection, path, urllib3.Timeout(total=listing.timeout)) as response:
            return read_answer(listing, response, budget, deadline)

    with in_words(connection, listing.what(), listing.timeout):
        return within(listing.timeout, ask, abortable.abort)


def send(connection: ApiConnection, path: str, timeout: Any) -> Any:
    """
    :param timeout: a ``urllib3.Timeout``.
    :returns: the response; its body has not been read yet.
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


def read_answer(listing: ListRequest, response: Any, budget: int, deadline: float) -> ApiAnswer:
    """
    :param budget: the most bytes that the body of a list may have.
    :param deadline: a time of ``time.monotonic``.
    :raises ApiError: the body is larger.
    :raises TimeoutError: the deadline passed.
    """
    limit = budget if response.status == 200 else _ERROR_BYTES
    body = _body(response, limit, deadline)
    if len(body) > limit and response.status == 200:
        raise ApiError(
            f"{listing.what()}: the answer is larger than {MAX_BYTES >> 20} MiB; narrow config.selector", 200
        )
    return ApiAnswer(response.status, body, response.headers)


@contextlib.contextmanager
def in_words(connection: ApiConnection, what: str, timeout: float) -> Iterator[None]:
    """Translate every error of urllib3 into ours.

    :param what: what is requested here, for messages.
    :raises ApiError: there was no whole answer.
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
        # Compression was not asked for. Without decompressing, the limit holds for what is read.
        chunk = response.read(min(_CHUNK, limit + 1 - size), decode_content=False)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def read_page(listing: ListRequest, answer: ApiAnswer, read: Callable[[Any, Resource], T]) -> T:
    """
    :param read: parses the payload; it raises DiscoveryError where that is not possible.
    :raises ApiError: the answer is not a page of this list.
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
    connection: ApiConnection,
    config: Mapping[str, Any],
    listing: ListRequest,
    answer: ApiAnswer,
    verb: str = "list",
) -> ClusterError:
    """
    :param answer: its status is not 200.
    :returns: an ApiError, or a OptionError about a selector.
    """
    message = message_of(connection, answer.body, answer.headers)
    explained = explanation(connection, answer.status, answer.body)
    selectors = [option for option in ("selector", "field_selector") if config[option]]
    if answer.status == 400 and selectors and not explained:
        option = selectors[-1] if "field" in message else selectors[0]
        return OptionError(f"config.{option}", f"{config[option]!r} is refused by the API server: {message}")
    problem = f"{listing.what(verb)}: {connection.host} answered {answer.status}: {message}"
    advice = f"; {explained}" if explained else _advice(connection, listing, answer, verb)
    return ApiError(problem + advice, answer.status, requested_delay(answer.headers))


def _advice(connection: ApiConnection, listing: ListRequest, answer: ApiAnswer, verb: str) -> str:
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
