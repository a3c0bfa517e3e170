# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.local_epmd import fetch as local_epmd


def test_each_name_is_a_node_of_this_host() -> None:
    nodes, left_out = local_epmd.nodes_of("here", "127.0.0.1", [("web", 4002), ("app", 4001)])
    assert [(node.name, node.address, node.attributes) for node in nodes] == [
        ("app@here", "127.0.0.1", {"port": 4001}),
        ("web@here", "127.0.0.1", {"port": 4002}),
    ]
    assert left_out == []


def test_a_name_that_no_node_can_have_is_told() -> None:
    nodes, left_out = local_epmd.nodes_of("here", "127.0.0.1", [("app", 4001), ("{{ 7 * 7 }}", 4002)])
    assert [node.name for node in nodes] == ["app@here"]
    assert left_out == ["epmd: '{{ 7 * 7 }}@here' is not a node name such as 'app@10.0.0.1'"]


def test_a_name_that_is_there_twice_is_two_nodes() -> None:
    """D2"""
    nodes, left_out = local_epmd.nodes_of("here", "127.0.0.1", [("app", 4002), ("app", 4001)])
    assert [(node.name, node.attributes) for node in nodes] == [("app@here", {"port": 4001})]
    assert left_out == ["epmd: 2 nodes share the name 'app', and one name is one node"]
