# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads of a loop's events, and what a terminal must not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.selfheal.cluster.plugins.plugin_utils._events_shown import EventTailer, shown

from tests.harness.waiting import wait_until

EVENT = {
    "topology": "chat",
    "time": "2026-11-22T14:03:07Z",
    "event": "joined",
    "node": "app@10.0.0.3",
    "reason": "it is in the largest island now",
    "observer": "app@10.0.0.1",
}


def line(**changes):
    return json.dumps({**EVENT, **changes}).encode()


def test_an_event_is_a_line() -> None:
    assert shown(line()) == "chat 14:03:07 joined app@10.0.0.3: it is in the largest island now"
    assert shown(line(event="recovered", node=None)) == "chat 14:03:07 recovered: it is in the largest island now"


def test_nothing_in_it_is_a_command_for_a_terminal() -> None:
    assert shown(line(reason="\x1b[2J\rgone\n\u202e")) == "chat 14:03:07 joined app@10.0.0.3: ?[2J?gone??"


@pytest.mark.parametrize("other", [b"", b"{", b"[]", b"{}", line(time=7), line(event=None)[:-3], b"[" * 100_000])
def test_what_is_no_event_is_passed_over(other) -> None:
    assert shown(other) is None


def test_what_is_appended_is_shown_once_and_in_whole_lines(tmp_path: Path) -> None:
    reason = "x" * 30_000  # so that it takes more than one read
    file = tmp_path / "events"
    file.write_bytes(line(node="before") + b"\n")
    lines: list[str] = []
    with EventTailer(file, lines.append), file.open("ab") as appended:
        for number in range(50):
            appended.write(line(node=str(number), reason=reason) + b"\n")
        appended.write(line(node="half")[:40])
        appended.flush()
        assert appended.tell() > 1 << 20
    assert lines == [shown(line(node=str(number), reason=reason)) for number in range(50)]


@pytest.mark.parametrize("rotate", ["away", "in place"])
def test_a_file_that_is_rotated_is_followed(tmp_path: Path, rotate) -> None:
    file = tmp_path / "events"
    lines: list[str] = []

    def append(*nodes) -> None:
        with file.open("ab") as appended:
            appended.write(b"".join(line(node=node) + b"\n" for node in nodes))
        wait_until(lambda: lines[-1:] == [shown(line(node=nodes[-1]))], 30, f"{nodes} after {lines}")

    with EventTailer(file, lines.append):
        append("1", "2", "3")
        if rotate == "away":
            file.rename(tmp_path / "events.1")
        else:
            os.truncate(file, 0)
        append("4")
        append("5")
    assert lines == [shown(line(node=number)) for number in "12345"]


@pytest.mark.timeout(60)
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    with EventTailer(pipe, pytest.fail):
        os.mkfifo(pipe)
    with pytest.raises(OSError, match="seek"):
        EventTailer(pipe, pytest.fail)
