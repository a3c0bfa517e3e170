# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One attempt at a watch: a list, where no version to watch from is known yet, and the stream of events after it.

It blocks, so it has a thread of its own. Another thread ends it by aborting its connection.
https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import http.client
import random
import time
from typing import Any, Callable, Mapping, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.abortable_connection import (
    AbortableConnection,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.answers import cleared, root_of
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.auth import ApiConnection, connect
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.listing import (
    MAX_BYTES,
    ApiError,
    ListRequest,
    in_words,
    read_answer,
    read_page,
    refusal,
    send,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.resources import version_of
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.stream import (
    BOOKMARK,
    ERROR,
    GarbledError,
    WatchDecoder,
    WatchEvent,
)

SECONDS = (120, 240)
"""How long the server is to keep a stream open: at random, so that many of them do not come back at the same time."""
_CHUNK = 64 * 1024


class SilentError(ApiError):
    """The API server sent nothing within the time limit."""


class WatchAttempt:
    """
    ``version`` is where the next attempt continues. ``listed``: this attempt lists first, to get a version.
    ``opened_at`` is a time of ``time.monotonic``, None where there was no stream.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        listing: ListRequest,
        version: str,
        abortable: AbortableConnection,
        opened: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        """
        :param version: the resourceVersion to watch from; empty for the current one.
        :param opened: called when the stream begins.
        :param changed: called at each event.
        """
        self.version = version
        self.listed = not version
        self.opened_at: Optional[float] = None
        self._abortable = abortable
        self._config = config
        self._listing = listing
        self._opened = opened
        self._changed = changed

    @property
    def lasted(self) -> float:
        """Seconds since the stream began."""
        return 0.0 if self.opened_at is None else time.monotonic() - self.opened_at

    def run(self) -> None:
        """Watch until the server ends the stream or the connection is aborted.

        :raises ApiError: it failed in any other way; with status 410 when ``version`` is too old.
        :raises DiscoveryError: there are no credentials.
        :raises OptionError: an option turns out to be wrong.
        :raises MissingLibraryError: the kubernetes client is not installed.
        """
        # A new connection each time, since tokens and certificates are replaced while a watch lasts.
        connection = connect(self._config)
        with in_words(connection, self._listing.what("watch"), self._listing.timeout):
            pool = connection.pool.connection_from_url(connection.host)
        try:
            self._abortable.guard(pool)
            if self.listed:
                self.version = self._list(connection)
            self._watch(connection)
        except ApiError:
            if self._abortable.is_late:
                raise self._silent(connection) from None
            raise
        finally:
            pool.close()
            self._abortable.close()

    def _list(self, connection: ApiConnection) -> str:
        import urllib3

        listing = self._listing
        self._abortable.allow(listing.timeout)
        deadline = time.monotonic() + listing.timeout
        timeout = urllib3.Timeout(total=listing.timeout)
        in_our_words = in_words(connection, listing.what(), listing.timeout)
        with in_our_words, send(connection, listing.path(), timeout) as response:
            answer = read_answer(listing, response, MAX_BYTES, deadline)
        if answer.status != 200:
            raise refusal(connection, self._config, listing, answer)
        return read_page(listing, answer, version_of)

    def _watch(self, connection: ApiConnection) -> None:
        import urllib3

        listing = self._listing
        seconds = random.SystemRandom().randint(*SECONDS)
        whole = seconds + listing.timeout
        self._abortable.allow(listing.timeout)
        with in_words(connection, listing.what("watch"), listing.timeout):
            path = listing.watch_path(self.version, seconds)
            response = send(connection, path, urllib3.Timeout(connect=listing.timeout, read=whole))
        with response:
            if response.status != 200:
                raise self._refusal(connection, response)
            self._abortable.allow(whole)
            self.opened_at = time.monotonic()
            self._opened()
            self._read(connection, response)

    def _refusal(self, connection: ApiConnection, response: Any) -> Exception:
        listing = self._listing
        deadline = time.monotonic() + listing.timeout
        with in_words(connection, listing.what("watch"), listing.timeout):
            answer = read_answer(listing, response, MAX_BYTES, deadline)
        return refusal(connection, self._config, listing, answer, "watch")

    def _read(self, connection: ApiConnection, response: Any) -> None:
        import urllib3

        decoder, read = WatchDecoder(), _reader(response)
        what = f"{self._listing.what('watch')}: {connection.host}"
        try:
            while data := read():
                for event in decoder.feed(data):
                    self._handle(connection, event)
        except GarbledError as error:
            raise ApiError(f"{what}: {error}; is config.host the API server, and not a proxy?", 200) from None
        except (OSError, ValueError, http.client.HTTPException, urllib3.exceptions.HTTPError) as error:
            raise ApiError(f"{what} broke off: {root_of(error)}") from None

    def _handle(self, connection: ApiConnection, event: WatchEvent) -> None:
        if event.type == ERROR:
            problem = f"{self._listing.what('watch')}: {connection.host} ended it with {event.code}: "
            raise ApiError(problem + cleared(connection, event.status.get("message")), event.code or 500)
        self.version = event.version
        if event.type != BOOKMARK:
            self._changed()

    def _silent(self, connection: ApiConnection) -> SilentError:
        if self.opened_at is None:
            return SilentError(
                f"{self._listing.what('watch')}: {connection.host} gave no answer within {self._listing.timeout:g} s "
                "(config.timeout)"
            )
        return SilentError(
            f"{self._listing.what('watch')}: {connection.host} did not end it when it had to; the connection is dead"
        )


def _reader(response: Any) -> Callable[[], bytes]:
    """Reads what has arrived, without waiting for more. Compressed data was not asked for and is not decompressed."""
    if hasattr(response, "read1"):
        return lambda: bytes(response.read1(_CHUNK, decode_content=False))
    return lambda: bytes(response._fp.read1(_CHUNK))  # urllib3 before 2.2
