# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cause is told once, and a problem of one node stays as it is."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._run.causes import causes, few


def test_problems_that_differ_in_the_node_alone_have_one_cause() -> None:
    problems = {name: f"{name} ({name[4:]}:4369) is silent" for name in ("app@10.0.0.10", "app@10.0.0.9")}
    assert causes(problems) == [(("app@10.0.0.9", "app@10.0.0.10"), "… (…:4369) is silent")]


def test_a_problem_of_one_node_names_it() -> None:
    assert causes({"app@10.0.0.9": "no epmd on 10.0.0.9"}) == [(("app@10.0.0.9",), "no epmd on 10.0.0.9")]


def test_different_causes_stay_apart() -> None:
    assert causes({"web2": "refused", "web1": "timed out", "web3": "refused"}) == [
        (("web1",), "timed out"),
        (("web2", "web3"), "refused"),
    ]
    assert causes({}) == []


def test_many_names_are_counted() -> None:
    assert few([f"a{number}" for number in range(10, 0, -1)]) == "a1, a2, a3, a4, a5 and 5 more"
    assert few({"b", "a"}) == "a, b"
