# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each code block of guides, README, CONTRIBUTING and roles' READMEs: executed, or checked by what would take it.

A block that fits none of the kinds below fails; none is passed over.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from ansible_collections.selfheal.cluster.plugins.module_utils._planner import prune, table
from ansible_collections.selfheal.cluster.plugins.module_utils._rules import (
    base,
    exclusive,
    joins_alone,
    pairwise,
    transitive,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.erlang_hosts.parse import parse as hosts_of
from ansible_collections.selfheal.cluster.plugins.plugin_utils._events_shown import shown as event_line
from ansible_collections.selfheal.cluster.plugins.plugin_utils._inventory_file import TOPOLOGY_KEYS
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.table import table as table_of
from ansible_collections.selfheal.cluster.plugins.plugin_utils._report.words import STATUSES
from ansible_collections.selfheal.cluster.plugins.plugin_utils._variables import problem_of

from tests.harness.ansible.command import Ansible
from tests.harness.docs import checks
from tests.harness.docs.code_blocks import GUIDES, SHELL, Block, all_blocks
from tests.harness.docs.used_by_tests import texts_of
from tests.harness.eda.rulebook import BIN as EDA
from tests.harness.paths import ROOT

EXAMPLES = ROOT / "docs" / "examples"

RUN_BY = {
    "awx": "test_awx_jobs.py::test_from_an_empty_awx_to_healed_clusters",
    "consul": "test_recipes.py::test_consul",
    "consul_dns": "test_recipes.py::test_consuls_dns",
    "ec2": "test_recipes_cloud.py::test_ec2",
    "eda": "test_execution_environment.py::test_systemd_takes_the_unit_for_events",
    "group": "test_recipes.py::test_an_inventory_group",
    "nagios": "test_check.py::test_the_plugin_for_nagios",
    "postgresql": "test_recipes_cloud.py::test_postgresql",
    "prometheus": "test_report.py::test_the_example_alerts_are_valid_and_tell_what_they_are_said_to_tell",
    "url": "test_recipes.py::test_a_lookup",
}
"""Who runs the files of a directory of docs/examples."""
RUN_BY_PAGE = {
    ("quickstart.rst", "shell"): "test_docs_quickstart.py::test_word_by_word",
    ("quickstart.rst", "yaml"): "test_docs_quickstart.py::test_word_by_word",
    ("extending.rst", "diff"): "test_docs_changes.py::test_the_new_strategy",
    ("extending.rst", "python"): "test_docs_changes.py::test_the_new_strategy",
    ("extending.rst", "shell"): "test_docs_changes.py::test_the_new_strategy",
    ("CONTRIBUTING.md", "diff"): "test_docs_changes.py::test_the_first_change",
    ("CONTRIBUTING.md", "yaml"): "test_docs_changes.py::test_the_first_change",
}
_TASKS = "test_role_tasks.py::test_the_documented_tasks_heal_and_then_change_nothing"
_RELEASE = "test_docs_elixir.py::test_word_by_word"
RUN_BY_FILE = {
    ("elixir.rst", "mix.exs"): _RELEASE,
    ("elixir.rst", "lib/chat/application.ex"): _RELEASE,
    ("elixir.rst", "rel/vm.args.eex"): _RELEASE,
    ("elixir.rst", "rel/remote.vm.args.eex"): _RELEASE,
    ("elixir.rst", "chat.cluster.yml"): _RELEASE,
    ("exec.rst", "web.cluster.yml"): "test_exec_serf.py::test_the_playbooks_with_the_documented_inventory",
    ("role.rst", "web.cluster.yml"): _TASKS,
    ("role.rst", "serf/list.yml"): _TASKS,
    ("role.rst", "serf/connect.yml"): "test_role_tasks.py::test_the_documented_tasks_heal_and_then_change_nothing",
    (
        "role.rst",
        "serf/disconnect.yml",
    ): "test_role_tasks.py::test_a_failed_agent_goes_when_discovery_misses_it_and_not_before",
}

LABELS = {status.label for status in STATUSES.values()}
"""The verdicts as they are shown."""


def _data(block: Block) -> Any:
    return yaml.safe_load(re.sub(r"(?<=[ :])!(vault|unsafe)\b", "", block.text))


def _is(language: str, fits: Callable[[Any], bool]) -> Callable[[Block], bool]:
    return lambda block: block.language.startswith(language) and fits(_data(block))


def _has_keys(prefix: str) -> Callable[[Any], bool]:
    return lambda data: isinstance(data, dict) and all(str(key).startswith(prefix) for key in data)


def _is_list_with(key: str) -> Callable[[Any], bool]:
    return lambda data: isinstance(data, list) and all(key in item for item in data)


def _example_of(block: Block) -> Path | None:
    """The file of docs/examples that it is."""
    for file in EXAMPLES.rglob("*"):
        if file.is_file() and block.file == str(file.relative_to(EXAMPLES / file.relative_to(EXAMPLES).parts[0])):
            shown = file.read_text().removeprefix("---\n").split("\n", 3)[3]
            if block.text.strip() in (shown.strip(), f"# {block.file}\n{shown.strip()}"):
                return file
    return None


def _is_used(what: str, where: str) -> None:
    """The test reads it from the docs: their directory or page is among the strings that it has."""
    assert what in texts_of(where), f"{where} does not name {what}"


def _run_by_recipe(block: Block, ansible: Ansible) -> None:
    example = _example_of(block)
    assert example
    directory = example.relative_to(EXAMPLES).parts[0]
    _is_used(directory, RUN_BY[directory])


def _run_by_other(block: Block, ansible: Ansible) -> None:
    where = RUN_BY_PAGE.get((block.page, block.language)) or RUN_BY_FILE[(block.page, str(block.file))]
    _is_used(block.page.removesuffix(".rst"), where)


def _topologies(block: Block, ansible: Ansible) -> None:
    checks.check_inventories(ansible, ansible.home, {block.page: _data(block)})


def _topology(block: Block, ansible: Ansible) -> None:
    checks.check_topology("app", checks.fragment(_data(block)))


def _play(block: Block, ansible: Ansible) -> None:
    checks.check_plays(_data(block))
    _syntax(block.text, ansible)


def _tasks(block: Block, ansible: Ansible) -> None:
    checks.check_tasks(_data(block))
    _syntax(yaml.safe_dump([{"hosts": "localhost", "tasks": _data(block)}], sort_keys=False), ansible)


def _syntax(playbook: str, ansible: Ansible) -> None:
    file = ansible.home / "playbook.yml"
    file.write_text(playbook)
    ansible.run("ansible-playbook", "--syntax-check", "-i", "localhost,app,control,", str(file)).ok()


def _schedule(block: Block, ansible: Ansible) -> None:
    checks.check_role_variables("schedule", _data(block))


def _role_variables(block: Block, ansible: Ansible) -> None:
    checks.check_role_variables("converge", _data(block))


def _rulebook_variables(block: Block, ansible: Ansible) -> None:
    rulebooks = "".join(file.read_text() for file in (ROOT / "extensions" / "eda" / "rulebooks").glob("*.yml"))
    for key, value in _data(block).items():
        assert re.search(rf"\b{key}\b", rulebooks), f"{block}: no rulebook has {key}"
        if key == "heal_topologies":
            for name, options in value.items():
                checks.check_topology(name, options)


def _rulebook(block: Block, ansible: Ansible) -> None:
    check = (
        "import sys, yaml; from ansible_rulebook.validators import Validate; "
        "Validate.rulebook(yaml.safe_load(sys.stdin))"
    )
    done = subprocess.run([EDA / "python", "-c", check], input=block.text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    for ruleset in _data(block):
        for source in ruleset["sources"]:
            assert list(source) == ["selfheal.cluster.membership"], source


def _alerts(block: Block, ansible: Ansible) -> None:
    """It is one of those in the example that promtool tests."""
    groups = yaml.safe_load((EXAMPLES / "prometheus" / "selfheal.rules.yml").read_text())["groups"]
    for alert in _data(block):
        assert alert in [rule for group in groups for rule in group["rules"]]
    _is_used("prometheus", RUN_BY["prometheus"])


def _manifest(block: Block, ansible: Ansible) -> None:
    for version in ("1.29", "1.35"):
        kubernetes_validate.validate(_data(block), version, strict=True)


def _refused(block: Block, ansible: Ansible) -> None:
    planner = "".join(
        Path(str(part.__file__)).read_text()
        for part in (prune, table, base, pairwise, transitive, exclusive, joins_alone)
    )
    for entry in _data(block)["refused"]:
        assert set(entry) == {"node", "action", "reason"}
        assert f'"{entry["reason"]}"' in planner, entry


def _event_lines(block: Block, ansible: Ansible) -> None:
    for line in block.text.splitlines():
        found = re.fullmatch(r"(\S+) ([\d:]{8}) (joined|round_failed|recovered)(?: (\S+))?: (.*)", line)
        assert found, line
        topology, clock, event, node, reason = found.groups()
        told = {"time": f"2026-01-01T{clock}Z", "topology": topology, "event": event, "node": node, "reason": reason}
        assert event_line(json.dumps(told).encode()) == line


def _unknown_variables(block: Block, ansible: Ansible) -> None:
    subject, *lines = block.text.strip().splitlines()
    names = [line.partition(":")[0] for line in lines]
    assert problem_of(subject.partition(":")[0], names) == block.text.strip()


def _what_awx_shows(block: Block, ansible: Ansible) -> None:
    file = ansible.home / "chat.cluster.yml"
    topology = {"strategy": "static", "config": {"nodes": ["chat@10.0.0.1"]}}
    file.write_text(yaml.safe_dump({"plugin": "selfheal.cluster.nodes", "topologies": {"chat": topology}}))
    hostvars = ansible.inventory(file)["_meta"]["hostvars"]["chat.chat@10.0.0.1"]
    assert _data(block).items() <= hostvars.items()


def _picture(block: Block, ansible: Ansible) -> None:
    for word in ("discover", "observe", "plan", "stage by stage"):
        assert re.search(rf"│ +{word} *[│├]", block.text), word


def _table(block: Block, ansible: Ansible) -> None:
    """Its headings and verdicts are those that are printed, and each line below it is about a topology in it."""
    headings, *lines = block.text.splitlines()
    empty = table_of([])[0].text
    assert headings.split() == empty.split()
    rows = [line for line in lines if not line.startswith(" ")]
    at = headings.index("VERDICT")
    assert {row[at : headings.index("NODES")].strip() for row in rows} <= LABELS
    names = {row.split()[0] for row in rows}
    assert {line.strip().partition(":")[0] for line in lines if line not in rows} <= names


def _check_lines(block: Block, ansible: Ansible) -> None:
    assert {line.split(": ")[1] for line in block.text.splitlines()} <= LABELS


def _hosts(block: Block, ansible: Ansible) -> None:
    assert hosts_of(block.text), block


def _erlang_options(block: Block, ansible: Ansible) -> None:
    _is_used(block.page.removesuffix(".rst"), "test_converge_tls.py::test_the_example_of_the_docs")


def _elixir_syntax(block: Block, ansible: Ansible) -> None:
    """As its page says of it: what it configures is out of reach."""
    assert "*checked for syntax, not run*" in (GUIDES / block.page).read_text()
    command = ["elixir", "-e", "IO.read(:stdio, :all) |> Code.string_to_quoted!()"]
    done = subprocess.run(command, input=block.text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def _carried_over(block: Block, ansible: Ansible) -> None:
    """Each option of libcluster in it is one of those in the page's tables."""
    page = (GUIDES / block.page).read_text()
    tables = page[page.index("Options\n-") :]
    for option in re.findall(r"(\w+): ", block.text.split("topologies:")[1]):
        assert re.search(rf"``{option}``", tables) or option in ("chat", "web"), option


KINDS: dict[str, tuple[Callable[[Block], bool], Callable[[Block, Ansible], None]]] = {
    "an example that is run": (lambda block: _example_of(block) is not None, _run_by_recipe),
    "run by a test of its own": (
        lambda block: (block.page, block.language) in RUN_BY_PAGE or (block.page, str(block.file)) in RUN_BY_FILE,
        _run_by_other,
    ),
    "topologies": (_is("yaml", lambda data: "plugin" in data and "topologies" in data), _topologies),
    "a topology": (_is("yaml", lambda data: isinstance(data, dict) and set(data) <= set(TOPOLOGY_KEYS)), _topology),
    "a rulebook": (_is("yaml", _is_list_with("sources")), _rulebook),
    "alerts": (_is("yaml", _is_list_with("alert")), _alerts),
    "plays": (_is("yaml", _is_list_with("hosts")), _play),
    "tasks": (_is("yaml", _is_list_with("name")), _tasks),
    "a schedule": (_is("yaml", _has_keys("schedule_")), _schedule),
    "variables of topologies": (_is("yaml", _has_keys("topology_")), _role_variables),
    "variables of a rulebook": (_is("yaml", _has_keys("heal_")), _rulebook_variables),
    "a manifest": (_is("yaml", lambda data: isinstance(data, dict) and {"apiVersion", "kind"} <= set(data)), _manifest),
    "a result": (_is("yaml", lambda data: isinstance(data, dict) and set(data) == {"refused"}), _refused),
    "events": (lambda block: (block.page, block.language) == ("loop.rst", "text"), _event_lines),
    "unknown variables": (
        lambda block: (block.page, block.language) == ("role.rst", "text"),
        _unknown_variables,
    ),
    "what AWX shows of a host": (_is("yaml", _has_keys("node_")), _what_awx_shows),
    "a picture": (lambda block: (block.page, block.language) == ("architecture.rst", "text"), _picture),
    "a table": (lambda block: block.text.startswith("TOPOLOGY "), _table),
    "lines of a check": (lambda block: (block.page, block.language) == ("monitoring.rst", "text"), _check_lines),
    "hosts of Erlang": (lambda block: block.file == ".hosts.erlang", _hosts),
    "options of Erlang's TLS": (
        lambda block: block.language == "erlang" and block.text.startswith("[{server,"),
        _erlang_options,
    ),
    "Elixir for its syntax": (
        lambda block: (block.page, block.language) == ("elixir.rst", "elixir"),
        _elixir_syntax,
    ),
    "a configuration of libcluster": (lambda block: block.language == "elixir", _carried_over),
}


def kind_of(block: Block) -> str:
    """
    :raises AssertionError: it is of no known kind, so that nobody knows how to check it.
    """
    for name, (fits, _check) in KINDS.items():
        if fits(block):
            return name
    raise AssertionError(f"{block} ({block.language}) is of no kind that is checked: {block.text}")


@pytest.mark.parametrize(
    "block",
    [block for block in all_blocks() if block.language not in SHELL],  # those are in test_docs_commands.py
    ids=str,
)
def test_a_block(block: Block, ansible: Ansible) -> None:
    _fits, check = KINDS[kind_of(block)]
    check(block, ansible)


def test_what_is_unknown_is_an_error() -> None:
    for language, text in (("yaml", "a: 1\n"), ("yaml", "- a: 1\n"), ("toml", "a = 1\n"), ("text", "some words\n")):
        with pytest.raises(AssertionError, match="of no kind"):
            kind_of(Block("policy.rst", 1, language, text))


def test_a_wrong_block_is_found(ansible: Ansible) -> None:
    for text in ("policy: {prunes: true}\n", "strategy: dns\nconfig: {queries: a.example.net}\n"):
        block = Block("policy.rst", 1, "yaml", text)
        with pytest.raises(Exception, match="prunes|queries"):
            KINDS[kind_of(block)][1](block, ansible)
    play = "- name: A\n  hosts: a\n  roles:\n    - role: selfheal.cluster.schedule\n      vars: {schedule_often: 1}\n"
    with pytest.raises(Exception, match="schedule_often"):
        KINDS["plays"][1](Block("policy.rst", 1, "yaml", play), ansible)


def test_a_test_that_does_not_run_it_is_found() -> None:
    _is_used("consul", "test_recipes.py::test_consul")
    for where in ("test_recipes.py::test_a_lookup", "test_recipes.py::test_nothing"):
        with pytest.raises(AssertionError, match="does not name consul|no such test"):
            _is_used("consul", where)


def test_every_directory_of_examples_is_run() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == set(RUN_BY)
