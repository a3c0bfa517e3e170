# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics' text, and the files: whole or not there, and changed only if more than times is new."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._planner.verdict import VERDICTS
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.files import ReportFile
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.metrics import metrics, timeless
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import reading

from tests.harness.report.results import TIME, names, result

NAMES = names(5)


def samples(*readings):
    lines = (line for line in metrics(readings).splitlines() if not line.startswith("#"))
    return {key.removeprefix("selfheal_cluster_"): value for key, value in (line.rsplit(" ", 1) for line in lines)}


def test_of_a_split_cluster() -> None:
    plan = [{"action": "connect", "node": name, "observer": NAMES[0], "reason": "island"} for name in NAMES[3:]]
    refused = [{"action": "prune", "node": "x", "reason": "max_prune"}]
    given = result([NAMES[:3], NAMES[3:]], plan=plan, refused=refused)
    assert samples(reading("chat", given)) == {
        'failed{topology="chat"}': "0",
        'converged{topology="chat"}': "0",
        **{f'verdict{{topology="chat",verdict="{one}"}}': str(int(one == "split")) for one in VERDICTS},
        'discovery_status{topology="chat",status="complete"}': "1",
        'discovery_status{topology="chat",status="partial"}': "0",
        'discovery_status{topology="chat",status="failed"}': "0",
        'desired_nodes{topology="chat"}': "5",
        'actual_nodes{topology="chat"}': "5",
        'islands{topology="chat"}': "2",
        'missing_links{topology="chat"}': "6",
        'unreachable_nodes{topology="chat"}': "0",
        'planned_nodes{topology="chat",action="connect"}': "2",
        'planned_nodes{topology="chat",action="prune"}': "0",
        'refused_nodes{topology="chat",action="connect"}': "0",
        'refused_nodes{topology="chat",action="prune"}': "1",
        'reading_timestamp_seconds{topology="chat"}': "1795356187",
    }


def test_of_a_run_that_did_something() -> None:
    given = result([NAMES], connected=[{"node": "a"}, {"node": "a"}], pruned=[{"node": "b"}])
    del given["plan"]
    found = samples(reading("chat", given))
    assert found['connected_nodes{topology="chat"}'] == "1"
    assert found['pruned_nodes{topology="chat"}'] == "1"
    assert not any(key.startswith("planned") for key in found)


@pytest.mark.parametrize("given", [{}, {"unreachable": True}, {"failed": True, "msg": "x"}])
def test_what_is_not_known_has_no_sample(given) -> None:
    assert samples(reading("chat", given)) == {'failed{topology="chat"}': "1", 'converged{topology="chat"}': "0"}


def test_of_a_failed_discovery_the_status_alone_is_known() -> None:
    given = result(
        [],
        verdict="discovery_failed",
        status="failed",
        converged=False,
        failed=True,
        msg="x",
        connected=[],
        pruned=[],
    )
    assert {key.split("{")[0] for key in samples(reading("chat", given))} == {
        "failed",
        "converged",
        "verdict",
        "discovery_status",
        "connected_nodes",
        "pruned_nodes",
    }


def test_labels_are_escaped_and_each_metric_is_one_family() -> None:
    readings = [reading(name, result([NAMES])) for name in ('a"b\\c\nd', "plain")]
    text = metrics(readings)
    assert 'topology="a\\"b\\\\c\\nd"' in text
    families = re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)
    assert families
    assert len(families) == len(set(families))
    assert metrics([]) == ""


def test_a_file_is_changed_if_more_than_its_times_is_new(tmp_path: Path) -> None:
    path = tmp_path / "selfheal.prom"

    def write(islands, time=TIME, mode=0o644, check_mode=False):
        text = metrics([reading("chat", result(islands, time=time))])
        return ReportFile(path, text, mode, timeless).write(check_mode)

    assert write([NAMES], check_mode=True)[0]
    assert not path.exists()
    changed, diff = write([NAMES])
    assert changed
    assert diff["before"] == ""
    assert diff["after"] == path.read_text()
    assert write([NAMES], time="2026-11-22T15:00:00Z") == (False, {})
    assert "1795359600" in path.read_text(), "its time is that of the last run all the same"
    assert write([NAMES[:2], NAMES[2:]], check_mode=True)[0]
    assert 'islands{topology="chat"} 1\n' in path.read_text()
    assert write([NAMES[:2], NAMES[2:]])[0]
    assert write([NAMES[:2], NAMES[2:]], mode=0o600)[0]
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["selfheal.prom"]


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    ReportFile(tmp_path / "link", "new", 0o644, str).write(False)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fchmod", _full)
        with pytest.raises(OSError, match="full"):
            ReportFile(path, "new", 0o644, str).write(False)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["page.html"]
    with pytest.raises(FileNotFoundError):
        ReportFile(tmp_path / "none" / "page.html", "new", 0o644, str).write(False)
    with pytest.raises(IsADirectoryError):
        ReportFile(tmp_path, "new", 0o644, str).write(False)


def _full(*_arguments) -> None:
    raise OSError("the disk is full")


def test_a_text_that_is_no_unicode_can_be_written(tmp_path: Path) -> None:
    ReportFile(tmp_path / "page", "\udce9", 0o644, str).write(False)
    assert (tmp_path / "page").read_text() == "\\udce9"
