# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies import dns_srv
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies._resolver import Answer
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies._resolver_records import Srv


def answer(*texts: str, addresses: dict[str, list[str]] | None = None) -> Answer:
    """:param texts: the records' data as in a zone file."""
    fields = (text.split() for text in texts)
    records = [Srv(int(priority), int(weight), int(port), target) for priority, weight, port, target in fields]
    return Answer(tuple(records), addresses or {})


def test_each_target_is_a_node_and_the_rest_its_attributes() -> None:
    given = answer("1 50 4369 b.test.", "0 10 4370 a.test.", addresses={"a.test.": ["10.0.0.1", "fd00::1"]})
    assert dns_srv.nodes_of("chat", "app", given) == (
        [
            Node("app@a.test", "10.0.0.1", attributes={"port": 4370, "priority": 0, "weight": 10}),
            Node("app@b.test", "b.test", attributes={"port": 4369, "priority": 1, "weight": 50}),
        ],
        [],
    )


def test_of_several_records_of_a_target_the_most_wanted_comes_first() -> None:
    nodes, _left_out = dns_srv.nodes_of("chat", "app", answer("5 0 1 a.test.", "0 1 2 a.test.", "0 9 3 a.test."))
    assert [node.attributes["port"] for node in nodes] == [3, 2, 1]


def test_the_root_alone_says_that_there_is_no_such_service() -> None:
    assert dns_srv.nodes_of("chat", "app", answer("0 0 0 .")) == ([], [])


@pytest.mark.parametrize("target", [".", "a\\032b.test.", "{{7*7}}.test.", "x" * 57 + 4 * ("." + "y" * 48) + "."])
def test_a_target_that_names_no_node_is_told(target: str) -> None:
    nodes, left_out = dns_srv.nodes_of("chat", "app", answer("0 0 1 a.test.", f"0 0 1 {target}"))
    assert [node.name for node in nodes] == ["app@a.test"]
    assert len(left_out) == 1
    assert "node" in left_out[0]
