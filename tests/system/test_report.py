# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page and the metrics of real runs on real nodes: in a real browser, and before Prometheus' own judge."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.metrics import metrics
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.page import page
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.reading import reading

from tests.harness.ansible.command import Ansible, Run
from tests.harness.erlang.beam import COOKIE, Beam, beams, is_whole, join
from tests.harness.paths import ROOT
from tests.harness.report.browser import Page, browser
from tests.harness.report.results import TIME, names, result

CONVERGE = "selfheal.cluster.converge"
STATUS = "selfheal.cluster.status"
MEMBERSHIP = "selfheal.cluster.membership"
REPORT = "selfheal.cluster.report_files"
TABLE = "selfheal.cluster.report_table"
EXAMPLES = ROOT / "docs" / "examples" / "prometheus"
BROKEN = {
    "strategy": "dns",
    "config": {"query": "x.test", "node_basename": "x", "nameservers": ["127.0.0.1"], "port": 1},
    "driver_config": {"cookie": COOKIE},
}

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def _topology(nodes: list[Beam], **more: Any) -> dict[str, Any]:
    return {
        "strategy": "static",
        "config": {"nodes": [node.name for node in nodes]},
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
        **more,
    }


def _inventory(directory: Path, **topologies: Any) -> Path:
    file = directory / "app.cluster.yml"
    content = {"plugin": "selfheal.cluster.nodes", "discover": False, "topologies": topologies}
    file.write_text(yaml.safe_dump(content))
    return file


class Files:
    """The two files, and a run that writes them."""

    def __init__(self, ansible: Ansible, directory: Path) -> None:
        self.page, self.metrics = directory / "clusters.html", directory / "selfheal.prom"
        self._ansible = ansible

    def run(self, playbook: str, inventory: Path, *arguments: str) -> Run:
        asked = ["-e", f"report_page={self.page}", "-e", f"report_metrics={self.metrics}"]
        return self._ansible.playbook(playbook, "-i", str(inventory), *asked, *arguments)

    def samples(self) -> dict[str, float]:
        """After promtool has found nothing to say against them."""
        text = self.metrics.read_text()
        _promtool("check", "metrics", text=text)
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {key.removeprefix("selfheal_cluster_"): float(value) for key, value in lines}


def _promtool(*arguments: str, text: str = "") -> None:
    done = subprocess.run(
        ["promtool", *arguments],
        input=text,
        capture_output=True,
        text=True,
        cwd=EXAMPLES,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr.strip(), done.stderr


@pytest.fixture
def files(ansible: Ansible, tmp_path: Path) -> Files:
    return Files(ansible, tmp_path)


def _of(run: Run) -> dict[str, Any]:
    """The result of the task that wrote; it did so on one host."""
    (found,) = (
        line["result"] for line in run.results if line["action"] in (REPORT, TABLE) and "files" in line["result"]
    )
    return dict(found)


def _statuses(shown: Page) -> dict[str, str]:
    badges = shown.texts(".topology .badge")
    return dict(zip(shown.texts("h2 .name"), (badge[1:] for badge in badges)))


def test_a_split_a_whole_and_a_broken_one_are_seen(files: Files, chromium: Open, tmp_path: Path) -> None:
    with beams(5) as nodes, beams(2, basename="web") as web:
        join(nodes[:3])
        join(nodes[3:])
        join(web)
        inventory = _inventory(tmp_path, chat=_topology(nodes), web=_topology(web), pay=BROKEN)

        run = files.run(STATUS, inventory)
        assert run.code != 0, "a topology that fails fails the playbook, as without a report"
        assert "pay: discovery failed, so nothing was changed: " in run.stdout
        assert _of(run)["changed"] is True
        shown = chromium(files.page)
        assert _statuses(shown) == {"pay": "discovery failed", "chat": "split", "web": "whole"}
        assert shown.texts(".index a") == ["pay", "chat", "web"]
        chat = "section:nth-of-type(2)"
        assert shown.texts(f"{chat} .nodes .name") == [node.name for node in nodes]
        assert shown.texts(f"{chat} .nodes h3") == ["Island 1 · 3 nodes", "Island 2 · 2 nodes"]
        assert shown.texts(f"{chat} svg.graph .label") == ["island 1", "island 2"]
        titles = shown.texts(f"{chat} svg.graph g > title")
        assert [title.split()[1] for title in titles] == [node.name for node in nodes]
        assert "Connection refused" in " ".join(shown.texts("section:nth-of-type(1)"))
        assert any(nodes[3].name in line for line in shown.texts(f"{chat} .told li"))
        _check_without_network(shown, files.page)
        samples = files.samples()
        assert samples['islands{topology="chat"}'] == 2
        assert samples['missing_links{topology="chat"}'] == 6
        assert samples['discovery_status{topology="pay",status="failed"}'] == 1
        assert samples['converged{topology="web"}'] == 1
        assert 'desired_nodes{topology="pay"}' not in samples

        before = files.page.read_text()
        assert _of(files.run(STATUS, inventory))["changed"] is False
        assert files.page.read_text() != before, "its times are those of the last run"
        assert COOKIE not in files.page.read_text() + files.metrics.read_text()


def test_what_a_converging_run_did_is_seen(files: Files, chromium: Open, tmp_path: Path) -> None:
    with beams(3) as nodes:
        inventory = _inventory(tmp_path, chat=_topology(nodes), pay=BROKEN)
        checked = files.run(CONVERGE, inventory, "--check", "--diff", "--limit", "chat").ok()
        assert _of(checked)["changed"] is True
        assert '+selfheal_cluster_islands{topology="chat"} 3' in checked.stdout
        assert not files.page.exists()
        assert not files.metrics.exists()

        run = files.run(CONVERGE, inventory)
        assert run.code != 0
        assert is_whole(nodes)
        shown = chromium(files.page)
        assert _statuses(shown) == {"pay": "discovery failed", "chat": "whole"}
        (said,) = shown.texts("section:nth-of-type(2)")
        assert "What was done" in said
        assert f"joined {nodes[1].name}" in said
        connected = {done["node"] for done in run.of("chat", MEMBERSHIP)["connected"]}
        assert connected
        assert files.samples()['connected_nodes{topology="chat"}'] == len(connected)
        assert COOKIE not in files.page.read_text() + files.metrics.read_text()


def _check_without_network(shown: Page, file: Path) -> None:
    others = [
        url for url in shown.requests if url not in (file.as_uri(), "about:blank") and not url.startswith("data:")
    ]
    assert others == []
    assert shown.problems == []
    assert shown.evaluate("document.scripts.length") == 0


def test_the_only_topology_and_it_fails(ansible: Ansible, files: Files, chromium: Open, tmp_path: Path) -> None:
    for broken in ({"strategy": "static", "config": {"nodes": []}, "drivr": "x"}, BROKEN):
        run = files.run(CONVERGE, _inventory(tmp_path, pay=broken))
        assert run.code != 0
        (said,) = chromium(files.page).texts(".topology")
        assert "Connection refused" in said if broken is BROKEN else "drivr: is not an option" in said
        assert files.samples()['failed{topology="pay"}'] == 1
    assert ansible.playbook(CONVERGE, "-i", str(tmp_path / "app.cluster.yml")).code != 0


def test_a_topology_whose_host_is_unreachable_is_on_the_page(files: Files, chromium: Open, tmp_path: Path) -> None:
    with beams(2) as nodes:
        inventory = _inventory(tmp_path, chat=_topology(nodes))
        variables = {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": 1,
            "topology_strategy": "static",
            "topology_config": {"nodes": ["a@127.0.0.1"]},
        }
        more = tmp_path / "more.yml"
        more.write_text(yaml.safe_dump({"topologies": {"hosts": {"far": variables}}}))
        run = files.run(STATUS, inventory, "-i", str(more))
        assert run.code != 0
        shown = chromium(files.page)
        assert _statuses(shown) == {"far": "unreachable for Ansible", "chat": "split"}
        assert files.samples()['failed{topology="far"}'] == 1


def test_results_can_be_handed_over_and_what_is_wrong_with_the_files_is_said(
    ansible: Ansible, files: Files, chromium: Open, tmp_path: Path
) -> None:
    def apply(**variables: Any) -> Run:
        given = {"report_results": {"chat": result([names(3)])}, "report_failures": {}, **variables}
        roles = [{"role": "selfheal.cluster.report", "vars": given}]
        return ansible.playbook([{"hosts": "localhost", "gather_facts": False, "roles": roles}])

    run = apply(report_page=str(files.page), report_title="<b> {{ 7 * 7 }}", report_mode="0600").ok()
    assert _of(run)["statuses"] == {"chat": "whole"}
    assert files.page.stat().st_mode & 0o777 == 0o600
    assert chromium(files.page).texts("h1") == ["<b> 49"], "a title is the user's own template, and then text"
    for wrong, message in (
        ({"report_page": str(tmp_path / "none" / "x.html")}, "x.html cannot be written: No such file or directory"),
        ({"report_metrics": str(tmp_path)}, "cannot be written: Is a directory"),
        ({"report_page": str(files.page), "report_mode": "rw"}, "mode: 'rw' is no octal number"),
        ({}, "one of the following is required: page, metrics"),
    ):
        failed = apply(**wrong)
        assert failed.code != 0
        assert message in failed.text


HOSTILE = '<script>document.title = "had"</script><img src=x onerror=alert(1)>"\'{{ 7 * 7 }}]]>\n\u202egnp'
MESHES = {
    "graph": result([names(24), names(15, "x")], unreachable={names(24)[3]: "time-out"}),
    "matrix": result([names(120)], missing=[(names(120)[3], names(120)[40])]),
    "hostile": result(
        [[HOSTILE, f"{HOSTILE}2"], ["w" * 250]],
        unreachable={HOSTILE: HOSTILE * 20},
        plan=[{"action": "connect", "node": HOSTILE, "observer": "w" * 250, "reason": HOSTILE}],
        events=[{"event": "joined", "node": HOSTILE, "reason": "r" * 300, "time": TIME}],
    ),
    "failed": {"failed": True, "msg": "x" * 400},
}


def test_it_fits_a_telephone_and_a_screen_light_and_dark_and_runs_nothing(chromium: Open, tmp_path: Path) -> None:
    readings = [reading(f"{name}{HOSTILE if name == 'hostile' else ''}", given) for name, given in MESHES.items()]
    file = tmp_path / "page.html"
    file.write_text(page(readings, HOSTILE, TIME))
    colours = set()
    for width in (360, 1280):
        for dark in (False, True):
            shown = chromium(file, width=width, dark=dark)
            _check_without_network(shown, file)
            wide = "[document.documentElement.scrollWidth, document.body.scrollWidth].every(wide => wide <= innerWidth)"
            assert shown.evaluate(wide), (width, dark)
            outside = """[...document.querySelectorAll("main *")].filter(one => !one.closest("svg")
                && one.getBoundingClientRect().right > innerWidth).map(one => one.outerHTML.slice(0, 200))"""
            assert shown.evaluate(outside) == [], (width, dark)
            colours.add(shown.evaluate("getComputedStyle(document.body).backgroundColor"))
            scrolls = shown.evaluate(
                "[...document.querySelectorAll('.box')].map(box => box.scrollWidth > box.clientWidth)"
            )
            assert scrolls.count(True) == (1 if width == 360 else 0), "the matrix scrolls in its own box on a telephone"
    assert len(colours) == 2
    assert shown.evaluate("document.title").startswith("<script>")
    assert shown.texts("img, script, iframe, form, object") == []
    assert any("{{ 7 * 7 }}" in name for name in shown.texts(".nodes .name"))


def test_metrics_with_hostile_names_are_still_metrics(files: Files) -> None:
    files.metrics.write_text(metrics([reading(HOSTILE + "\\", result([names(3)])), reading("plain", {})]))
    assert any("</script>" in key for key in files.samples())


def test_the_example_alerts_are_valid_and_tell_what_they_are_said_to_tell() -> None:
    _promtool("check", "rules", "selfheal.rules.yml")
    _promtool("test", "rules", "selfheal.rules.test.yml")


def test_each_metric_of_the_example_alerts_is_one_that_is_written(files: Files) -> None:
    given = result([names(3)], connected=[], pruned=[])
    files.metrics.write_text(metrics([reading("chat", given)]))
    written = {f"selfheal_cluster_{key.split('{')[0]}" for key in files.samples()}
    rules = yaml.safe_load((EXAMPLES / "selfheal.rules.yml").read_text())["groups"][0]["rules"]
    used = {word for rule in rules for word in _words(rule["expr"]) if word.startswith("selfheal_")}
    assert used
    assert used <= written


def _words(expression: str) -> list[str]:
    return "".join(letter if letter.isalnum() or letter == "_" else " " for letter in expression).split()
