# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source and members are well, and what was written about them is not."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.faults.scene import Row
from tests.faults.test_members import members, want
from tests.harness.ansible.command import Ansible

MEMBERSHIP = "selfheal.cluster.membership"


def test_a_misspelt_policy(rows: list[Row], tmp_path: Path) -> None:
    """H3: a live node that the operator meant to keep."""
    with members(rows, 5) as five:
        five.group = "inventory"
        want(five, [node.name for node in five.nodes[:4]])
        topology = {key: value for key, value in five.topology.items() if key not in ("topology", "policy")}
        content = {"plugin": "selfheal.cluster.nodes", "topologies": {"chat": topology}}
        (tmp_path / "app.cluster.yml").write_text(yaml.safe_dump(content))
        (tmp_path / "group_vars").mkdir()
        policy = {**five.topology["policy"], "prune": False}
        (tmp_path / "group_vars" / "topologies.yml").write_text(yaml.safe_dump({"topology_polcy": policy}))
        with five.fault("a misspelt policy (topology_polcy)", rounds=0):
            run = Ansible(tmp_path).playbook("selfheal.cluster.converge", "-i", str(tmp_path / "app.cluster.yml"))
            result = run.of("chat", MEMBERSHIP)
            five.results.append({"status": "none", "pruned": [], "reasons": [], "warnings": [], **result})
        assert run.code != 0
        assert "topology_polcy: is no variable of a topology; did you mean topology_policy?" in result["msg"]
        # Without any policy but what the file has, it is pruned.
        assert {action["node"] for action in five.run()["pruned"]} == {five.nodes[4].name}
