# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._run.events_file import EventsFile

pytestmark = pytest.mark.timeout(60)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file gets larger than that, as on a disk that is full then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_event_that_found_no_room_spoils_no_other_one(tmp_path: Path) -> None:
    file = tmp_path / "events"
    events = EventsFile("chat", str(file), lambda event: event)
    events.append({"event": "first"})
    with room_for(file.stat().st_size + 10):
        events.append({"event": "cut off"})
        events.append({"event": "not at all"})
    assert len(events.problems) == 1
    assert events.problems[0].startswith("not every event could be written to events_file: ")
    events.append({"event": "second"})
    events.append({"event": "third"})
    first, _cut_off, *others = file.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in (first, *others)] == ["first", "second", "third"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OptionError, match="events_file: '.*pipe': No such device or address"):
        EventsFile("chat", str(pipe), lambda event: event)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    events = EventsFile("chat", str(pipe), lambda event: event)
    events.append({"event": "joined"})
    assert json.loads(os.read(reader, 1000)) == {"topology": "chat", "event": "joined"}
    os.close(reader)
    events.append({"event": "left"})
    assert events.problems == ["not every event could be written to events_file: No such device or address"]
