# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks, called by their names as users call them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.ansible.command import Ansible
from tests.harness.erlang.beam import COOKIE, Beam, beams, is_whole, join
from tests.harness.paths import ROOT

CONVERGE = "selfheal.cluster.converge"
STATUS = "selfheal.cluster.status"
MEMBERSHIP = "selfheal.cluster.membership"


def _inventory(directory: Path, topologies: dict[str, Any]) -> Path:
    file = directory / "app.cluster.yml"
    file.write_text(yaml.safe_dump({"plugin": "selfheal.cluster.nodes", "topologies": topologies}))
    return file


def _topology(nodes: list[Beam]) -> dict[str, Any]:
    return {
        "strategy": "static",
        "config": {"nodes": [node.name for node in nodes]},
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
    }


def test_one_file_two_topologies_and_one_of_them_broken(ansible: Ansible, tmp_path: Path) -> None:
    with beams(2) as one, beams(2, basename="web") as two:
        broken = {
            "strategy": "dns",
            "config": {"query": "x.test", "node_basename": "x", "nameservers": ["127.0.0.1"], "port": 1},
        }
        file = _inventory(tmp_path, {"chat": _topology(one), "broken": broken, "web": _topology(two)})

        shown = ansible.playbook(STATUS, "-v", "-i", str(file), "--limit", "chat").ok()
        lines = shown.of("chat", "ansible.builtin.debug")["msg"]
        assert "2 islands" in lines[0]
        assert lines[-2:] == ["", f"connect {one[1].name} from {one[0].name} (island)"]
        assert "changed=0" in shown.stdout
        assert not one[0].peers()

        limited = ansible.playbook(CONVERGE, "-i", str(file), "--limit", "chat").ok()
        assert {line["host"] for line in limited.results} == {"chat"}
        assert is_whole(one)
        assert not two[0].peers()
        shown = ansible.playbook(STATUS, "-v", "-i", str(file), "--limit", "chat").ok()
        assert shown.of("chat", "ansible.builtin.debug")["msg"][-2:] == ["", "Nothing to do."]

        run = ansible.playbook(CONVERGE, "-i", str(file), SELFHEAL_CLUSTER_DISCOVER="false")
        assert run.code != 0
        assert run.of("broken", MEMBERSHIP)["msg"].startswith("topology 'broken': ")
        assert (run.of("chat", MEMBERSHIP)["changed"], run.of("web", MEMBERSHIP)["changed"]) == (False, True)
        assert is_whole(two)
        assert COOKIE not in run.output


def test_loops_go_on_side_by_side_or_not_at_all(ansible: Ansible, tmp_path: Path) -> None:
    with beams(2) as one, beams(2, basename="web") as two:
        join(two)
        file = _inventory(tmp_path, {"chat": _topology(one), "web": {**_topology(two), "interval": 0.5}})
        loop = ["-i", str(file), "-e", "topology_duration=3", "--forks"]
        run = ansible.playbook(CONVERGE, *loop, "1")
        assert "the play has 2 hosts and Ansible works on 1 at the same time" in run.text
        assert "run with --forks 2" in run.text
        assert not one[0].peers()

        run = ansible.playbook(CONVERGE, *loop, "2").ok()
        assert run.of("chat", MEMBERSHIP)["converged"]
        assert 1 < run.of("web", MEMBERSHIP)["rounds"] <= 6
        assert f"joined {one[1].name}: it is in the largest island now" in run.output
        assert run.of("chat", "ansible.builtin.debug")["msg"].startswith("chat: connected 1, pruned 0; now 2 of 2")
        assert is_whole(one)


@pytest.mark.parametrize("playbook", [CONVERGE, STATUS])
@pytest.mark.parametrize("limit", [(), ("--limit", "chat")])
def test_an_inventory_without_topologies_is_an_error_and_no_green_run(
    ansible: Ansible, tmp_path: Path, playbook: str, limit: tuple[str, ...]
) -> None:
    missing = ("-i", str(tmp_path / "missing.cluster.yml"))
    for sources in ((), missing, (*missing, "-i", "chat,")):
        run = ansible.playbook(playbook, *sources, *limit)
        assert run.code != 0, run.output
        assert "the inventory has no topologies" in run.text.lower()
        if not limit:
            assert ("missing.cluster.yml is not there" in run.text) == bool(sources)


def test_a_source_that_is_missing_beside_one_that_is_there_is_an_error(ansible: Ansible, tmp_path: Path) -> None:
    file = _inventory(tmp_path, {"chat": {"strategy": "static", "config": {"nodes": []}}})
    run = ansible.playbook(STATUS, "-i", str(file), "-i", str(tmp_path / "missing.cluster.yml"))
    assert run.code != 0
    assert "missing.cluster.yml" in run.text


def test_a_limit_outside_the_topologies_is_an_error(ansible: Ansible, tmp_path: Path) -> None:
    file = _inventory(tmp_path, {"chat": {"strategy": "static", "config": {"nodes": ["a@127.0.0.1"]}}})
    run = ansible.playbook(CONVERGE, "-i", str(file), "--limit", "cluster_chat")
    assert run.code != 0
    assert "no topologies inside --limit cluster_chat" in run.text


def test_an_empty_list_is_said_and_is_no_whole_cluster(ansible: Ansible, tmp_path: Path) -> None:
    """D7"""
    empty = {"strategy": "static", "config": {"nodes": []}, "driver_config": {"cookie": COOKIE}}
    may_be = {**empty, "policy": {"allow_empty": True}}
    file = _inventory(tmp_path, {"chat": empty, "web": may_be})
    shown = ansible.playbook(STATUS, "-v", "-i", str(file)).ok()
    assert "the discovery is complete and empty" in shown.of("chat", "ansible.builtin.debug")["msg"][-1]
    assert shown.of("web", "ansible.builtin.debug")["msg"][-1] == "Nothing to do."
    run = ansible.playbook(CONVERGE, "-i", str(file)).ok()
    result = run.of("chat", MEMBERSHIP)
    assert (result["changed"], result["converged"], result["status"]) == (False, False, "complete")
    assert "the discovery is complete and empty" in result["reasons"][0]
    assert run.of("web", MEMBERSHIP)["converged"]
    assert "[WARNING]: topology 'chat': the discovery is complete and empty" in run.text


@pytest.mark.parametrize("playbook", [CONVERGE, STATUS, "selfheal.cluster.check"])
def test_a_syntax_check_asks_for_no_inventory(ansible: Ansible, playbook: str) -> None:
    ansible.playbook(playbook, "-i", "localhost,", "--syntax-check").ok()


def test_an_unusable_topology_is_not_passed_over(ansible: Ansible, tmp_path: Path) -> None:
    file = _inventory(tmp_path, {"chat": {"strategy": "static", "config": {"nodes": []}, "drivr": "x"}})
    for playbook in (CONVERGE, STATUS):
        run = ansible.playbook(playbook, "-i", str(file))
        assert run.code != 0
        assert "chat: drivr: is not an option" in run.text


def test_variables_that_nothing_reads_are_an_error_wherever_they_are_from(ansible: Ansible, tmp_path: Path) -> None:
    """H3: one line for each, and no value is looked at."""
    touched = tmp_path / "touched"
    look_up = f"{{{{ lookup('ansible.builtin.pipe', 'touch {touched}') }}}}"
    for directory, name, variables in (
        ("group_vars", "all", {"topology_polcy": {"prune": look_up}}),
        ("group_vars", "topologies", {"topology_team": look_up, "topology_own_variables": "{{ ['topology_te*'] }}"}),
        ("host_vars", "chat", {"schedule_intervall": look_up}),
    ):
        (tmp_path / directory).mkdir(exist_ok=True)
        (tmp_path / directory / f"{name}.yml").write_text(yaml.safe_dump(variables))
    file = _inventory(tmp_path, {"chat": {"strategy": "static", "config": {"nodes": ["a@127.0.0.1"]}}})
    extra = ["-e", "topology_max_round=1", "-e", "topology_policy.prune=false", "-e", "report_pge=x"]
    for playbook, module in ((CONVERGE, MEMBERSHIP), (STATUS, f"{MEMBERSHIP}_info")):
        run = ansible.playbook(playbook, "-i", str(file), *extra)
        assert run.code != 0
        head, *lines = run.of("chat", module)["msg"].splitlines()
        assert head.startswith("topology 'chat': ")
        assert lines == [
            "report_pge: did you mean report_page?",
            "schedule_intervall: did you mean schedule_interval?",
            "topology_max_round: is no variable of a topology; did you mean topology_max_rounds?",
            "topology_polcy: is no variable of a topology; did you mean topology_policy?",
            "topology_policy.prune: is no variable of a topology, since topology_policy can only be given as a whole; "
            "did you mean the key prune in the topology's file, or in topology_policy with all else that it has to "
            "say?",
        ]
    assert not touched.exists()


def test_what_is_inside_a_variable_is_checked_as_well(ansible: Ansible, tmp_path: Path) -> None:
    """H3, and H4 without a duration: both are said before anything is asked."""
    file = _inventory(tmp_path, {"chat": {"strategy": "static", "config": {"nodes": ["a@127.0.0.1"]}}})
    for variables, expected in (
        ('{"topology_policy": {"prun": false}}', "; did you mean policy.prune?"),
        ("topology_watch=true", "topology 'chat': watch: strategy 'static' cannot be watched"),
    ):
        run = ansible.playbook(CONVERGE, "-i", str(file), "-e", variables)
        assert run.code != 0
        assert expected in run.of("chat", MEMBERSHIP)["msg"]


def test_no_playbook_and_no_role_reads_the_inventory_again_in_a_play() -> None:
    """E8: whoever is no longer in it leaves the running play, without its handlers and without a word."""
    files = [file for part in ("playbooks", "roles") for file in (ROOT / part).rglob("*.yml")]
    assert [file for file in files if "refresh_inventory" in file.read_text()] == []
    assert files
