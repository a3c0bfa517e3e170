# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task files in the place of a driver: what the guide of the role shows, on real Serf agents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.ansible.command import Ansible, Run
from tests.harness.docs.code_blocks import files, guide
from tests.harness.exec.serf import Agent, agents, is_whole, join, wait_failed

CONVERGE = "selfheal.cluster.converge"
STATUS = "selfheal.cluster.status"
TASK_FILES = ("list_nodes_tasks", "connect_tasks", "disconnect_tasks")
UNANSWERED = {"strategy": "dns", "config": {"query": "web.test", "nameservers": ["127.0.0.1"], "port": 1}}


def write(directory: Path, nodes: Sequence[Agent], **options: Any) -> Path:
    """The documented files, for these nodes, with prunes that are confirmed without a wait in between.

    :param options: the topology's other options; None takes one out.
    """
    documented = files(guide("role"))
    shown = yaml.safe_load(documented["web.cluster.yml"])
    topology = {
        **shown["topologies"]["web"],
        "config": {"nodes": [node.node for node in nodes]},
        "on_join": "told.yml",
        "on_leave": "told.yml",
        **options,
    }
    topology["policy"] = {**topology["policy"], "confirmation_interval": 0}
    (directory / "serf").mkdir(exist_ok=True)
    for name in ("list", "connect", "disconnect"):
        (directory / "serf" / f"{name}.yml").write_text(documented[f"serf/{name}.yml"])
    event = "{{ converge_event.event }} {{ converge_event.node }}"
    told = {"ansible.builtin.shell": f"echo '{event}' >> {directory}/told"}
    (directory / "told.yml").write_text(yaml.safe_dump([told]))
    given = {key: value for key, value in topology.items() if value is not None}
    file = directory / "web.cluster.yml"
    file.write_text(yaml.safe_dump({**shown, "topologies": {"web": given}}))
    return file


def told(directory: Path) -> list[str]:
    return (directory / "told").read_text().splitlines() if (directory / "told").exists() else []


def result(run: Run, topology: str = "web") -> dict[str, Any]:
    """``converge_result``."""
    facts = [line["result"].get("ansible_facts", {}) for line in run.results if line["host"] == topology]
    return [fact["converge_result"] for fact in facts if fact.get("converge_result")][-1]


@pytest.mark.long
def test_the_documented_tasks_heal_and_then_change_nothing(ansible: Ansible, tmp_path: Path) -> None:
    with agents(3) as nodes:
        file = write(tmp_path, nodes)
        checked = ansible.playbook(STATUS, CONVERGE, "-v", "-i", str(file), "--check", "--diff").ok()
        show = "Show the cluster and what would heal it"
        shown, *_after = [line["result"] for line in checked.results if line["task"].endswith(show)]
        assert shown["msg"] == [
            "web: 3 desired, 3 members, 3 islands",
            "",
            "  web1    · ·",
            "",
            "  web2  ·   ·",
            "",
            "  web3  · ·",
            "",
            "connect web2 from web1 (island)",
            "connect web3 from web1 (island)",
        ]

        predicted = result(checked)
        assert (predicted["changed"], predicted["events"], predicted["rounds"]) == (True, [], 1)
        assert "changed=1" in checked.stdout
        assert "web: 1 of 3 nodes in the largest of 3 islands; would connect 2, prune 0" in checked.text
        assert '"web: 3 desired, 3 members, 1 island"' in checked.stdout
        assert set(nodes[0].members()) == {"web1"}

        run = ansible.playbook(CONVERGE, "-i", str(file)).ok()
        done = result(run)
        assert is_whole(nodes)
        assert (done["changed"], done["converged"], done["status"]) == (True, True, "complete")
        assert done["connected"] == predicted["connected"]
        assert done["islands"] == [["web1", "web2", "web3"]]
        assert told(tmp_path) == ["joined web2", "joined web3"]
        assert "web: connected 2, pruned 0; now 3 of 3 nodes in one cluster" in run.text
        assert "WARNING" not in run.output

        again = ansible.playbook(CONVERGE, "-i", str(file)).ok()
        assert "changed=0" in again.stdout
        assert (result(again)["changed"], result(again)["converged"]) == (False, True)
        assert len(told(tmp_path)) == 2


@pytest.mark.long
def test_a_failed_agent_goes_when_discovery_misses_it_and_not_before(ansible: Ansible, tmp_path: Path) -> None:
    with agents(3) as nodes:
        join(nodes)
        *staying, gone = nodes
        gone.kill()
        wait_failed(gone, staying)
        listed = result(ansible.playbook(CONVERGE, "-i", str(write(tmp_path, nodes))).ok())
        assert listed["pruned"] == []
        assert "connection refused" in listed["unreachable_nodes"]["web3"]
        assert [event["event"] for event in listed["events"]] == ["connect_failed"]

        pruned = result(ansible.playbook(CONVERGE, "-i", str(write(tmp_path, staying))).ok())
        assert {action["node"] for action in pruned["pruned"]} == {"web3"}
        assert (pruned["converged"], staying[0].members()["web3"]) == (True, "left")
        assert told(tmp_path) == ["left web3"]


READ_NOTHING = [{"ansible.builtin.debug": {"msg": "nothing is set"}}]
FAILS = [{"ansible.builtin.fail": {"msg": "the switch is locked"}}]
NO_LIST = [{"ansible.builtin.set_fact": {"converge_views": {"web1": "web2"}}}]
NOBODY = [{"ansible.builtin.set_fact": {"converge_views": {}, "converge_unreachable": {"web1": "it is off"}}}]

WRONG = {
    "one-missing": ({"connect_tasks": None}, "connect_tasks: is required too"),
    "with-driver": ({"driver_config": {"port": 1}}, "driver_config: is an option of drivers"),
    "facts-alone": (dict.fromkeys(TASK_FILES), "facts: is for list_nodes_tasks"),
    "no-file": ({"on_join": "nowhere.yml"}, "on_join: there is no file "),
    "no-round": ({"max_rounds": 0}, "max_rounds: 0 is less than 1"),
    "policy": ({"policy": {"max_prune": "few"}}, "policy.max_prune: 'few'"),
    "strategy": ({"strategy": "nowhere"}, "'nowhere' is unknown"),
    "unanswered": (UNANSWERED, "topology 'unanswered': discovery failed, so nothing was changed: "),
    "fails": (FAILS, "the tasks that list failed, so nothing was changed: the switch is locked"),
    "sets-nothing": (READ_NOTHING, "so nothing was changed: converge_views is not set"),
    "no-list": (NO_LIST, "so nothing was changed: converge_views['web1'] is not a list of names"),
    "nobody": (
        NOBODY,
        "none of the 2 desired nodes answered, so nothing was changed: web1: it is off; web2: the tasks",
    ),
}


def test_what_cannot_be_done_is_told_and_nothing_is_changed(ansible: Ansible, tmp_path: Path) -> None:
    file = write(tmp_path, [], config={"nodes": ["web1", "web2"]})
    inventory = yaml.safe_load(file.read_text())
    base = inventory["topologies"].pop("web")
    for name, (wrong, _expected) in WRONG.items():
        if isinstance(wrong, list):
            (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(wrong))
            wrong = {"list_nodes_tasks": f"{name}.yml"}
        options = {key: value for key, value in {**base, **wrong}.items() if value is not None}
        inventory["topologies"][name] = options
    file.write_text(yaml.safe_dump(inventory))
    run = ansible.playbook(CONVERGE, "-i", str(file))
    assert run.code != 0
    for name, (_wrong, expected) in WRONG.items():
        told = [line["result"]["msg"] for line in run.results if line["host"] == name and "msg" in line["result"]]
        assert any(expected in text for text in told), name
        assert " ".join(expected.split()) in run.text, name
    assert not re.search(r"step_(dis)?connect\.yml", run.output)
    assert result(run, "unanswered")["status"] == "failed"
    assert "Traceback" not in run.output
