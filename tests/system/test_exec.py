# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exec driver on a cluster of files: who is connected, who is pruned, and who is not."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common import settle
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.registry import driver_for
from ansible_collections.selfheal.cluster.plugins.module_utils._model import PRUNE, Action, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._run.round import converge

from tests.harness.exec.files import Files, shell
from tests.harness.outcomes import problem_of


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path, 4)


def test_pairs_are_linked_and_a_stray_goes_from_every_list(files: Files) -> None:
    assert len(files.heal(check=True)["connected"]) == 6
    assert not any(files.peers(name) for name in files.names), "check mode changes nothing"
    result = files.heal()
    assert (result["changed"], result["converged"], result["islands"]) == (True, True, [files.names])
    assert files.is_whole
    assert files.heal()["changed"] is False

    *staying, stray = files.names
    assert files.heal(staying)["refused"][0]["reason"] == "prune_live"
    assert files.heal(staying, policy={"prune_live": False}, driver_config={"reversible": True})["changed"] is False
    result = files.heal(staying, driver_config={"reversible": True})
    assert (result["converged"], {link["observer"] for link in result["pruned"]}) == (True, set(staying))
    assert not any(stray in files.peers(name) for name in staying)
    assert files.heal(staying)["changed"] is False


def test_where_one_call_is_enough_no_other_is_made(files: Files) -> None:
    """A second call would fail here, as ``rm`` does for a file that is gone."""
    files.heal()
    *staying, stray = files.names
    calls = files.directory / "calls"
    spread = f'echo "$1" >>{calls}; (sleep 0.3; rm {files.directory}/*/"$2") >/dev/null 2>&1 &'
    options = {"driver_config": {"reversible": True, "transitive": True}}
    result = files.heal(staying, disconnect=shell(spread, "{observer}", "{node}"), **options)
    assert (result["changed"], result["refused"], result["warnings"]) == (True, [], [])
    assert len(result["pruned"]) == 3
    assert calls.read_text().split() == [staying[0]]


def test_who_stays_neither_in_nor_out_is_told_and_never_pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """E5: as an agent of Serf that was pruned and has started from its snapshot."""
    monkeypatch.setattr(settle, "UNCHANGED", 0.5)
    members = [{"name": name, "status": status} for name, status in (("web1", "alive"), ("web2", "leaving"))]
    (tmp_path / "web1").write_text(json.dumps(members))
    (tmp_path / "web2").write_text(json.dumps([{**member, "status": "alive"} for member in members]))
    status = "[?status=='{}'].name".format
    shared: dict[str, Any] = {
        "strategy": "static",
        "driver": "exec",
        "driver_config": {"format": "json", "path": status("alive"), "unsettled_path": status("leaving")},
        "list_nodes": ["cat", f"{tmp_path}/{{observer}}"],
        "connect": ["false"],
        "disconnect": ["false"],
        "policy": {"scope": ["web*"], "max_prune": "100%", "confirmations": 1},
    }
    for names, policy, action in (
        (["web1", "web2"], {}, "connect"),
        (["web1"], {}, "prune"),
        (["web1"], {"prune_live": True}, "prune"),
    ):
        policy = {**shared["policy"], **policy}
        result = converge(topology_of({**shared, "policy": policy, "config": {"nodes": names}}), False, 5).values
        assert (result["changed"], result["converged"], result["islands"]) == (False, False, [["web1", "web2"]])
        assert result["refused"] == [{"node": "web2", "action": action, "reason": "unsteady"}]


def dead_then(directory: Path, change: Callable[[Path], object], strays: tuple[str, ...] = ()) -> str | None:
    """What comes of the prune of web3, which all others called dead until this changed. Nobody may have been told."""
    wanted = topology_of(
        {
            "strategy": "static",
            "config": {"nodes": ["web1", "web2"]},
            "driver": "exec",
            "driver_config": {"format": "json", "path": "[?up].name", "down_path": "[?!up].name", "transitive": True},
            "list_nodes": ["cat", f"{directory}/{{observer}}"],
            "connect": ["false"],
            "disconnect": ["touch", f"{directory}/told"],
        }
    )
    members = [{"name": name, "up": name != "web3"} for name in ("web1", "web2", "web3", *strays)]
    for name in ("web1", "web2", *strays):
        (directory / name).write_text(json.dumps(members))

    async def prune() -> str | None:
        driver, nodes, gone = driver_for(wanted), [Node("web1"), Node("web2")], Action(PRUNE, "web3", "", "web1")
        assert (await driver.observe(nodes, lambda name: True)).down == {"web3"}
        change(directory)
        return await problem_of(driver, gone, nodes)

    outcome = asyncio.run(prune())
    assert not (directory / "told").exists()
    return outcome


def test_who_is_alive_again_when_it_is_to_be_pruned_is_left_alone(tmp_path: Path) -> None:
    """E5: the plan saw it dead, and some commands make the others forget one that runs."""
    up = json.dumps([{"name": name, "up": True} for name in ("web1", "web2", "web3")])
    assert dead_then(tmp_path, lambda at: (at / "web2").write_text(up)) == "nothing was done: it is alive by now"


@pytest.mark.parametrize("silent", ["web1", "web2", "web4"])
def test_nobody_is_pruned_whom_a_witness_may_call_alive_by_now(tmp_path: Path, silent: str) -> None:
    """E5: be the witness its observer, another desired node or another stray."""
    told = dead_then(tmp_path, lambda at: (at / silent).unlink(), strays=("web4",))
    assert told == f"nothing was done: {silent} no longer says whom it lists"


def test_a_prune_that_does_not_work_is_not_called_done(files: Files) -> None:
    files.heal()
    *staying, stray = files.names
    one_fails = shell('[ "$1" != 10.0.0.2 ] || { echo no >&2; exit 9; }', "{observer}")
    result = files.heal(staying, disconnect=one_fails, policy={"prune_live": True})
    assert (result["changed"], result["pruned"]) == (False, [])
    warnings = " ".join(result["warnings"])
    assert f"{stray} was not pruned: 10.0.0.1 lists it still or again" in warnings
    assert f"{stray} was not pruned: disconnect (sh) ended with exit code 9: no" in warnings
    assert files.is_whole


@pytest.mark.parametrize("they_stay", [True, False])
def test_strays_that_go_together_are_no_witnesses_of_each_other(tmp_path: Path, they_stay: bool) -> None:
    """Out of everyone else's list they go on listing each other, or answer no more."""
    files = Files(tmp_path, 6)
    files.heal()
    staying, strays = files.names[:4], files.names[4:]
    forget = 'cd "$1"; rm -f ' + ("10.0.0.[1-4]/$2 $2/10.0.0.[1-4]" if they_stay else "*/$2; rm -rf $2")
    options = {"driver_config": {"reversible": True, "transitive": True}}
    result = files.heal(staying, disconnect=shell(forget, str(tmp_path), "{node}"), **options)
    assert (result["changed"], result["converged"], result["warnings"]) == (True, True, [])
    assert {link["node"] for link in result["pruned"]} == set(strays)
    assert [(event["event"], event["node"]) for event in result["events"]] == [("left", name) for name in strays]
    assert (tmp_path / strays[0]).exists() is they_stay
    assert files.heal(staying, **options)["changed"] is False


def test_one_listing_that_fails_in_between_is_asked_for_again(files: Files) -> None:
    """It is the first that is read once all are linked, of a node that connects nobody."""
    one, two, new = files.names[:3]
    files.heal([one, two])
    once = files.directory / "once"
    script = f'''cd {files.directory}
        if [ "$1" = {two} ] && [ -e "$1/{new}" ] && [ ! -e {once} ]; then touch {once}; exit 1; fi
        ls "$1"'''
    result = files.heal([one, two, new], list_nodes=shell(script, "{observer}"), policy={"on_unreachable": "fail"})
    assert two not in {link["observer"] for link in result["connected"]}
    assert once.exists()
    assert (result["converged"], result["unreachable_nodes"], result["warnings"]) == (True, {}, [])


def test_a_connect_that_links_nobody_is_not_called_done(files: Files) -> None:
    result = files.heal(files.names[:2], connect=["true"])
    assert (result["changed"], result["converged"], result["connected"]) == (False, False, [])
    said = r"the command ended well and 10.0.0.\d is not listed by 10.0.0.\d: does the cluster call it otherwise\?"
    assert re.search(said, result["warnings"][0])
    assert [event["event"] for event in result["events"]] == ["connect_failed"]


def test_a_connect_may_take_a_moment_to_show(files: Files) -> None:
    script = f'cd {files.directory}; (sleep 1; touch "$1/$2" "$2/$1") >/dev/null 2>&1 &'
    result = files.heal(connect=shell(script, "{observer}", "{node}"))
    assert (result["changed"], result["converged"], len(result["connected"])) == (True, True, 6)


def list_themselves(files: Files) -> None:
    files.heal()
    for name in files.names:
        (files.directory / name / name).touch()


def test_a_live_member_is_not_pruned_under_its_other_name(files: Files) -> None:
    list_themselves(files)
    *known, real = files.names
    (files.directory / "alias").symlink_to(real)
    options = {"driver_config": {"reversible": True}, "policy": {"scope": ["*"], "max_prune": "100%"}}
    for _run in range(2):
        result = files.heal([*known, "alias"], **options)
        assert (result["pruned"], result["refused"]) == (
            [],
            [{"node": real, "action": "prune", "reason": "other_name"}],
        )
        assert "it does not list itself, and others do" in result["unreachable_nodes"]["alias"]
    assert all(files.peers(name) >= set(files.names) for name in files.names)


def test_nobody_is_pruned_who_may_be_a_desired_member_by_its_other_name(files: Files) -> None:
    list_themselves(files)
    *known, one, two = files.names
    (files.directory / "alias").symlink_to(two)
    options = {"driver_config": {"reversible": True}, "policy": {"scope": ["*"], "max_prune": "100%"}}
    result = files.heal([*known, "alias"], **options)
    assert result["pruned"] == []
    assert f"{one} was not pruned: a desired node answers by another name" in " ".join(result["warnings"])
    assert f"does the cluster call it otherwise ({one} or {two})?" in result["unreachable_nodes"]["alias"]
    assert all(files.peers(name) >= set(files.names) for name in files.names)


def test_two_that_know_only_a_stray_are_connected(files: Files) -> None:
    one, two, stray = files.names[:3]
    for name in (one, two):
        (files.directory / name / stray).touch()
        (files.directory / stray / name).touch()
    result = files.heal([one, two])
    assert {link["node"] for link in result["connected"]} < {one, two}
    assert files.peers(one) == {two, stray}
    assert result["refused"] == [{"node": stray, "action": "prune", "reason": "prune_live"}]


def test_a_node_that_cannot_be_connected(files: Files) -> None:
    *good, bad = files.names
    script = f'[ "$2" != {bad} ] && [ "$1" != {bad} ] && cd {files.directory} && touch "$1/$2" "$2/$1"'
    result = files.heal(connect=shell(script, "{observer}", "{node}"))
    assert all(files.peers(name) == set(good) - {name} for name in good)
    assert (result["converged"], {event["node"] for event in result["events"]}) >= (False, {bad})
    assert "could not connect 10.0.0.4: connect (sh) ended with exit code 1" in " ".join(result["warnings"])
