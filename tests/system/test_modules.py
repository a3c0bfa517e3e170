# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""membership and membership_info as a user runs them, on real Erlang nodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.harness.ansible.command import Ansible, result_of
from tests.harness.erlang.beam import COOKIE, Beam, beams, is_whole, join

MEMBERSHIP = "selfheal.cluster.membership"
INFO = "selfheal.cluster.membership_info"


def topology(nodes: Sequence[Beam], **options: Any) -> dict[str, Any]:
    return {
        "topology": "chat",
        "strategy": "static",
        "config": {"nodes": [node.name for node in nodes]},
        "driver_config": {"cookie": COOKIE, "port": nodes[0].port},
        "policy": {"scope": ["app@*"], "confirmation_interval": 0.1},
        **options,
    }


def test_from_alone_to_whole_and_then_nothing_more(ansible: Ansible) -> None:
    with beams(3) as nodes:
        names = sorted(node.name for node in nodes)
        before = ansible.module(INFO, **topology(nodes))
        assert (before["changed"], before["converged"], len(before["islands"])) == (False, False, 3)
        assert [line["action"] for line in before["plan"]] == ["connect"] * len(before["plan"]) != []

        predicted = ansible.module(MEMBERSHIP, "--check", "--diff", **topology(nodes))
        assert (predicted["changed"], all(not node.peers() for node in nodes)) == (True, True)

        done = ansible.module(MEMBERSHIP, "--diff", **topology(nodes))
        assert is_whole(nodes)
        assert (done["changed"], done["converged"], done["islands"]) == (True, True, [names])
        assert {link["node"] for link in done["connected"]} == {link["node"] for link in predicted["connected"]}
        assert "3 islands" in done["diff"]["before"]
        assert "1 island" in done["diff"]["after"]
        assert predicted["diff"] == done["diff"]

        again = ansible.module(MEMBERSHIP, **topology(nodes))
        assert (again["changed"], again["converged"], again["connected"], again["pruned"]) == (False, True, [], [])
        assert again["views"] == {name: [other for other in names if other != name] for name in names}


def test_what_is_refused_is_a_warning_and_a_result(ansible: Ansible) -> None:
    with beams(3) as nodes:
        join(nodes)
        run = ansible.task(MEMBERSHIP, **topology(nodes[:2], policy={"prune": False, "scope": ["app@*"]})).ok()
        result = result_of(run)
        assert (result["changed"], result["converged"]) == (False, False)
        assert [(line["node"], line["action"]) for line in result["refused"]] == [(nodes[2].name, "prune")]
        assert f"[WARNING]: topology 'chat': prune of {nodes[2].name} refused" in run.text
        assert is_whole(nodes)


def test_a_wrong_cookie_is_said_as_such_and_not_shown(ansible: Ansible) -> None:
    wrong = "quite-another-cookie"
    with beams(2) as nodes:
        options = topology(nodes, driver_config={"cookie": wrong, "port": nodes[0].port})
        run = ansible.task(MEMBERSHIP, "-vvv", **options)
        result = result_of(run)
        assert run.code != 0
        assert result["msg"].startswith("topology 'chat': ")
        assert set(result["unreachable_nodes"]) == {node.name for node in nodes}
        assert all("cookie" in reason for reason in result["unreachable_nodes"].values())
        assert wrong not in str(run.results)
        assert all(not node.peers() for node in nodes)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"driver": "foo"}, "driver: 'foo' is unknown, choose one of", id="driver"),
        pytest.param({"driver_config": {"cooky": "x"}}, "driver_config.cooky", id="driver option"),
        pytest.param({"driver_config": {"port": 70000}}, "driver_config.port: 70000 is not a port", id="port"),
        pytest.param({"driver_config": {"cookie_file": "/nowhere/cookie"}}, "/nowhere/cookie", id="cookie file"),
        pytest.param({"policy": {"max_prune": "most"}}, "policy.max_prune: 'most'", id="max_prune"),
        pytest.param({"policy": {"on_unreachable": "cry"}}, "on_unreachable", id="on_unreachable"),
        pytest.param({"connect": ["m", "f"]}, "connect: ['m', 'f'] is not [module, function, [args]]", id="connect"),
        pytest.param({"max_rounds": 0}, "max_rounds: 0 is less than 1", id="max_rounds"),
    ],
)
def test_bad_input_is_a_clear_error(ansible: Ansible, options: dict[str, Any], expected: str) -> None:
    base = {"topology": "chat", "strategy": "static", "config": {"nodes": ["app@127.0.0.1"]}}
    run = ansible.task(MEMBERSHIP, **{**base, **options})
    assert run.code != 0
    assert result_of(run)["msg"].startswith("topology 'chat': ")
    assert expected in result_of(run)["msg"]
    assert "Traceback" not in run.output


def test_the_cookie_is_in_no_output_and_no_fact(ansible: Ansible, tmp_path: Path) -> None:
    with beams(1) as nodes:
        cookie = tmp_path / "cookie"
        cookie.write_text(COOKIE)
        cookie.chmod(0o600)
        task = {MEMBERSHIP: {**topology(nodes), "driver_config": {"port": nodes[0].port}}, "register": "result"}
        task[MEMBERSHIP]["driver_config"]["cookie"] = f"{{{{ lookup('ansible.builtin.file', '{cookie}') }}}}"
        show = {"ansible.builtin.debug": {"var": "result"}}
        run = ansible.playbook(
            [{"hosts": "localhost", "gather_facts": False, "tasks": [task, show]}], "-vvvv", "--diff"
        )
        assert COOKIE not in run.ok().output
        assert COOKIE not in str(run.results)
