# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover


def read(nodes: object) -> Discovery:
    return discover(source_of({"topology": "chat", "strategy": "static", "config": {"nodes": nodes}}))


def test_a_name_is_a_node_that_is_reached_at_its_host() -> None:
    found = read(["app@10.0.0.1", "app@fd00::1", "app@a.example.test"])
    assert found.status == COMPLETE
    assert [(node.name, node.address) for node in found.nodes] == [
        ("app@10.0.0.1", "10.0.0.1"),
        ("app@fd00::1", "fd00::1"),
        ("app@a.example.test", "a.example.test"),
    ]


def test_a_system_other_than_erlangs_has_names_without_an_at() -> None:
    assert read(["agent-1", {"name": "agent-2", "address": "10.0.0.2"}]).nodes == (
        Node("agent-1", "agent-1"),
        Node("agent-2", "10.0.0.2"),
    )


def test_what_differs_in_more_than_the_spelling_of_a_host_is_two_nodes() -> None:
    """K7: alive names and names of other systems mean what they mean in these letters."""
    names = ["app@a", "App@a", "web@a", "app@10.0.0.1", "app@10.0.0.10", "Node", "node", "3f", "3F"]
    assert [node.name for node in read(names).nodes] == names


def test_a_dictionary_says_the_rest() -> None:
    entry = {"name": "app@a", "address": "10.0.0.1", "state": "terminating", "attributes": {"zone": "b"}}
    assert read([entry]).nodes == (Node("app@a", "10.0.0.1", "terminating", {"zone": "b"}),)


def test_a_key_without_a_value_is_as_good_as_none() -> None:
    entry = {"name": "app@a", "address": None, "state": None, "attributes": None}
    assert read([entry]).nodes == (Node("app@a", "a"),)


def test_an_empty_list_is_complete() -> None:
    assert read([]) == Discovery.complete([])


@pytest.mark.parametrize(
    ("nodes", "option", "text"),
    [
        ("app@a", "config.nodes", "'app@a' is not a list"),
        ({"name": "app@a"}, "config.nodes", "is not a list"),
        (["app@a", "app@"], "config.nodes[1]", "'app@' is not a node name"),
        (["-rf"], "config.nodes[0]", "'-rf' is not a name: up to 255 letters, digits and characters of _.:%-"),
        (["app@a", 7], "config.nodes[1]", "7 is not a node name"),
        ([["app@a"]], "config.nodes[0]", "['app@a'] is not a node name"),
        (["app@a b"], "config.nodes[0]", "'app@a b' is not a node name"),
        ([""], "config.nodes[0]", "'' is not a name"),
        ([{}], "config.nodes[0].name", "is required"),
        ([{"name": None}], "config.nodes[0].name", "is required"),
        ([{"name": "a b"}], "config.nodes[0].name", "'a b' is not a name: "),
        ([{"name": "app@a", "adress": "b"}], "config.nodes[0].adress", "its keys: name, address, state, attributes"),
        ([{"name": "app@a", "address": " "}], "config.nodes[0].address", "' ' is not an address"),
        ([{"name": "app@a", "address": 7}], "config.nodes[0].address", "7 is not an address"),
        ([{"name": "app@a", "state": "gone"}], "config.nodes[0].state", "'gone' is not one of ready, not_ready"),
        ([{"name": "app@a", "attributes": "x"}], "config.nodes[0].attributes", "'x' is not a dictionary"),
        (["app@a", {"name": "app@a"}], "config.nodes[1]", "'app@a' is already config.nodes[0]"),
        # D2
        (
            ["app@a", {"name": "app@a", "address": "10.0.0.1"}],
            "config.nodes[1]",
            "'app@a' is already config.nodes[0]",
        ),
        # K7
        (
            ["app@FD00:0:0:0:0:0:0:7", "app@fd00::7"],
            "config.nodes[1]",
            "'app@fd00::7' is another spelling of 'app@FD00:0:0:0:0:0:0:7', which is already config.nodes[0]",
        ),
        (["app@A.test", "app@a.test."], "config.nodes[1]", "'app@a.test.' is another spelling of 'app@A.test'"),
        (["FD00::7", "fd00:0::7"], "config.nodes[1]", "'fd00:0::7' is another spelling of 'FD00::7'"),
    ],
)
def test_what_is_no_node_is_said(nodes: object, option: str, text: str) -> None:
    with pytest.raises(OptionError) as error:
        read(nodes)
    assert error.value.option == option
    assert str(error.value).startswith(f"{option}: ")
    assert text in str(error.value)
