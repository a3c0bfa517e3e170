# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes of a watch, and the seconds between two attempts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.answers import requested_delay
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.listing import ApiError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.stream import (
    Backoff,
    GarbledError,
    WatchDecoder,
    WatchEvent,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.watch import Troubles
from hypothesis import given
from hypothesis import strategies as st


def line(type_: str, version: Any = "5", **more: Any) -> bytes:
    return json.dumps({"type": type_, "object": {"metadata": {"resourceVersion": version}, **more}}).encode() + b"\n"


def events(*chunks: bytes, limit: int = 1000) -> list[WatchEvent]:
    decoder = WatchDecoder(limit)
    return [event for chunk in chunks for event in decoder.feed(chunk)]


class TestDecoder:
    def test_each_line_is_an_event(self) -> None:
        data = line("ADDED", "1") + line("MODIFIED", "2") + b"\r\n\n" + line("DELETED", "3") + line("BOOKMARK", "4")
        assert [(event.type, event.version) for event in events(data)] == [
            ("ADDED", "1"),
            ("MODIFIED", "2"),
            ("DELETED", "3"),
            ("BOOKMARK", "4"),
        ]

    def test_a_line_that_has_no_end_yet_is_none_yet(self) -> None:
        assert events(line("ADDED", "1") + line("ADDED", "2")[:-1]) == [WatchEvent("ADDED", "1", {})]

    @given(st.lists(st.integers(1, 60)))
    def test_chunks_may_end_anywhere(self, sizes: list[int]) -> None:
        data = b"".join(line("ADDED", str(number)) for number in range(1, 6))
        chunks = []
        for size in sizes:
            chunks.append(data[:size])
            data = data[size:]
        assert [event.version for event in events(*chunks, data)] == ["1", "2", "3", "4", "5"]

    def test_an_error_has_a_status(self) -> None:
        status = {"kind": "Status", "code": 410, "message": "too old resource version"}
        [event] = events(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
        assert (event.type, event.version, event.code) == ("ERROR", "", 410)
        [event] = events(b'{"type": "ERROR", "object": {"code": "410"}}\n')
        assert event.code is None

    @pytest.mark.parametrize("chunks", [[b" " * 101], [b"x" * 50] * 3, [b" " * 100, b" \n"], [b"\n" + b"x" * 101]])
    def test_a_line_is_not_longer_than_the_limit(self, chunks: list[bytes]) -> None:
        with pytest.raises(GarbledError, match="longer than 0 MiB"):
            events(*chunks, limit=100)

    def test_many_lines_are(self) -> None:
        assert len(events(line("ADDED") * 1000, limit=100)) == 1000

    def test_what_came_before_the_garbage_counts(self) -> None:
        decoder = WatchDecoder()
        found = decoder.feed(line("ADDED", "1") + b"<html>\n" + line("ADDED", "2"))
        assert next(found).version == "1"
        with pytest.raises(GarbledError):
            next(found)

    @pytest.mark.parametrize(
        "data",
        [
            b"<html>\n",
            b"\xff\xfe\n",
            b"[" * 900 + b"\n",
            b"null\n",
            b"[]\n",
            b'"ADDED"\n',
            b"{}\n",
            b'{"type": "ADDED"}\n',
            b'{"type": "ADDED", "object": []}\n',
            b'{"type": ["ADDED"], "object": {}}\n',
            line("REPLACED"),
            line("ADDED", None),
            line("ADDED", 5),
            line("ADDED", ""),
            line("ADDED", "5 6"),
            line("ADDED", "5\n"),
            line("ADDED", "9" * 257),
            b'{"type": "ADDED", "object": {"metadata": "5"}}\n',
            b'{"type": "ERROR", "object": "gone"}\n',
        ],
    )
    def test_what_is_no_event_is_refused(self, data: bytes) -> None:
        with pytest.raises(GarbledError):
            events(data)


class TestBackoff:
    def test_it_doubles_to_a_limit(self) -> None:
        backoff = Backoff(lambda: 0.0)
        assert [backoff.delay() for _try in range(8)] == [1, 2, 4, 8, 16, 30, 30, 30]
        backoff.reset()
        assert backoff.delay() == 1

    def test_it_is_cut_by_up_to_its_half(self) -> None:
        backoff = Backoff(lambda: 1.0)
        assert [backoff.delay() for _try in range(4)] == [0.5, 1, 2, 4]

    def test_it_is_never_less_than_what_is_asked_for(self) -> None:
        backoff = Backoff(lambda: 1.0)
        assert [backoff.delay(requested) for requested in (3, 0.5, 60)] == [3, 1, 60]

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            (None, 0),
            ("7", 7),
            ("0", 0),
            ("86400", 300),
            ("9" * 400, 0),
            ("-1", 0),
            ("Wed, 21 Oct 2026 07:28:00 GMT", 0),
        ],
    )
    def test_what_is_asked_for(self, header: str | None, seconds: float) -> None:
        assert requested_delay({"Retry-After": header} if header else {}) == seconds


class TestTroubles:
    def test_one_is_told_once_and_its_end(self) -> None:
        lines: list[str] = []
        troubles = Troubles(lines.append)
        troubles.ends("a")
        for text in ("is away", "is still away"):
            troubles.begins("a", ApiError(text))
        troubles.ends("a")
        troubles.ends("a")
        troubles.begins("a", ApiError("is away"))
        assert lines == ["is away; trying again", "a: works again", "is away; trying again"]

    def test_another_one_is_told_as_well(self) -> None:
        lines: list[str] = []
        troubles = Troubles(lines.append)
        for error in (ApiError("is away"), ApiError("forbids it", 403), ApiError("forbids it", 403), ApiError("away")):
            troubles.begins("a", error)
        troubles.begins("a", OptionError("config.kubeconfig", "can't be read"))
        troubles.ends("a")
        assert len(lines) == 4
        assert lines[-1] == "a: works again"

    @pytest.mark.parametrize("status", [None, 401, 429, 500, 503])
    def test_what_all_have_is_one_and_ends_with_the_last(self, status: int | None) -> None:
        lines: list[str] = []
        troubles = Troubles(lines.append)
        for what in ("a", "b"):
            troubles.begins(what, ApiError(f"{what} is away", status))
        for what in ("a", "b"):
            troubles.ends(what)
        assert lines == ["a is away; trying again", "b: works again"]

    def test_what_is_forbidden_in_one_namespace_is_its_own(self) -> None:
        lines: list[str] = []
        troubles = Troubles(lines.append)
        for what in ("a", "b"):
            troubles.begins(what, ApiError(f"{what} is forbidden", 403))
        assert lines == ["a is forbidden; trying again", "b is forbidden; trying again"]
