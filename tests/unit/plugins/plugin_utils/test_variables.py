# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""H3: a variable that nothing reads, since its name is misspelt."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.selfheal.cluster.plugins.plugin_utils._variables import (
    TOPOLOGY,
    WORDS,
    problem_of,
)

ROOT = Path(__file__).parents[4]
IN_POLICY = "in the topology's file, or in topology_policy with all else that it has to say?"


def lines_of(*names: str, own: object = (), of_topology: bool = True) -> list[str]:
    problem = problem_of("topology 'chat'", names, lambda: own, of_topology)
    return problem.splitlines()[1:] if problem else []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("topology_polcy", "is no variable of a topology; did you mean topology_policy?"),
        ("topology_max_round", "is no variable of a topology; did you mean topology_max_rounds?"),
        ("topology_Policy", "is no variable of a topology; did you mean topology_policy?"),
        ("topology_quantum_flux", "is no variable of a topology"),
        ("topology_", "is no variable of a topology"),
        ("topology_owner", "is no variable of a topology"),
        ("topolgy_policy", "did you mean topology_policy?"),
        ("topology-policy", "did you mean topology_policy?"),
        ("TOPOLOGY_POLICY", "did you mean topology_policy?"),
        ("Topology_policy", "did you mean topology_policy?"),
        ("topologyPolicy", "did you mean topology_policy?"),
        ("topologypolicy", "did you mean topology_policy?"),
        ("topology.policy", "did you mean topology_policy?"),
        ("Topolgy-Policy", "did you mean topology_policy?"),
        ("TOPOLOGY_POLCY", "did you mean topology_policy?"),
        ("topologyMaxRounds", "did you mean topology_max_rounds?"),
        ("topologymaxrounds", "did you mean topology_max_rounds?"),
        ("topology_driver.config", "did you mean topology_driver_config?"),
        *(
            (name, f"the key prune {IN_POLICY}")
            for name in (
                *("topology.policy.prune", "topologypolicy.prune", "topolgy_policy.prune", "topology-policy-prune"),
                *("TOPOLOGY_POLICY_PRUNE", "topology_policy_prune", "topologyPolicyPrune", "topology_policy.prune"),
            )
        ),
        ("topology.driver_config.tls.ca", f"the key tls.ca {IN_POLICY.replace('policy', 'driver_config')}"),
        ("report_pge", "did you mean report_page?"),
        ("report_paeg", "did you mean report_page?"),
        ("report_metrcs", "did you mean report_metrics?"),
        ("schedule_nam", "did you mean schedule_name?"),
        ("schedule_platbook", "did you mean schedule_playbook?"),
        ("schedule_host", "did you mean schedule_hosts?"),
        ("converge_faliure", "did you mean converge_failure?"),
        ("schedule_intervall", "did you mean schedule_interval?"),
        ("converge_veiws", "did you mean converge_views?"),
    ],
)
def test_a_misspelt_variable_is_told_with_the_nearest_name(name: str, expected: str) -> None:
    (line,) = lines_of(name, "topology_policy", "inventory_hostname")
    assert line.startswith(f"{name}: ")
    assert line.endswith(expected)


@pytest.mark.parametrize(
    "name",
    [
        *("topology", "topologies", "topological_order", "my_topology_policy", "__topology_x"),
        *("report_for_the_boss", "schedule_of_trains", "converge_lens", "reports", "repo_page", "__converge_log"),
        *("report_path", "report_date", "report_name", "report_file", "report_time", "report_code", "report_node"),
        *("schedule_time", "schedule_date", "schedule_start", "schedule_stage", "schedule_batch"),
        *("converge_results", "converge_node", "converge_events", "converge_time"),
        *("Topology", "TOPOLOGY", "topology-", "topology.kubernetes.io/zone", "TOPOLOGY_TIME", "topologist_rounds"),
        *("ansible_host", "inventory_dir", "typology_of_users", "topologie_config_datei", "playbook_dir"),
    ],
)
def test_ordinary_words_and_what_is_internal_are_nobodys_business(name: str) -> None:
    assert lines_of(name) == []


def test_there_is_one_line_for_each_variable_and_one_message_that_says_what_to_do() -> None:
    problem = problem_of("topology 'chat'", ["topology_polcy", "report_pge", "topology_driver"])
    assert problem is not None
    head, *lines = problem.splitlines()
    assert head.startswith("topology 'chat': these variables are unknown")
    assert "topology_own_variables" in head
    assert [line.partition(":")[0] for line in lines] == ["report_pge", "topology_polcy"]


def test_variables_of_ones_own_are_allowed_by_globs() -> None:
    names = ("topology_owner", "topology_team_a", "report_pages", "topology_polcy")
    (line,) = lines_of(*names, own=("topology_owner", "topology_team_*", "report_pages"))
    assert line.startswith("topology_polcy: ")


def test_where_no_topology_is_meant_only_the_words_count() -> None:
    (line,) = lines_of("topology_polcy", "topolgy_policy", "schedule_nam", of_topology=False)
    assert line == "schedule_nam: did you mean schedule_name?"


@pytest.mark.parametrize(("own", "left"), [(["topology_a*"], 1), ("topology_a*, topology_b", 0), (None, 2)])
def test_globs_come_as_a_list_or_from_the_command_line(own: object, left: int) -> None:
    assert len(lines_of("topology_ab", "topology_b", own=own)) == left


def test_the_globs_which_may_be_a_template_are_not_asked_for_where_all_is_known() -> None:
    assert problem_of("x", ["topology_policy"], lambda: pytest.fail("asked")) is None


def options_of(role: str) -> set[str]:
    entries = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]
    return set().union(*(entry["options"] for entry in entries.values()))


def test_the_variables_that_are_known_are_those_that_the_roles_have() -> None:
    # Only the inventory sets these two.
    assert options_of("converge") | {"topology_file", "topology_problem"} == TOPOLOGY
    assert options_of("report") == WORDS["report"]
    assert options_of("schedule") | {"schedule_hosts"} == WORDS["schedule"]


def test_the_roles_own_variables_begin_with_two_dashes_so_that_they_are_like_no_users() -> None:
    known = TOPOLOGY.union(*WORDS.values()) | {"report_files"}
    pattern = re.compile(r"(?<![\w./-])(?:topology|converge|report|schedule)_\w*[a-z]\b(?![(.]yml)")
    found = {
        (name, str(path.relative_to(ROOT)))
        for part in ("roles/*/tasks", "roles/*/vars", "roles/*/defaults", "roles/*/templates", "playbooks")
        for directory in ROOT.glob(part)
        for path in directory.rglob("*")
        if path.suffix in (".yml", ".j2")
        for name in pattern.findall(path.read_text())
        if name not in known and f"selfheal.cluster.{name}" not in path.read_text()
    }
    assert found == set()
