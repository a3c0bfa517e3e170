# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import string

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.templates import (
    OBSERVER,
    OBSERVER_AND_NODE,
    template_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError, UnreachableError
from hypothesis import given
from hypothesis import strategies as st

VALUES = {"observer": "web1", "observer_address": "10.0.0.1", "node": "web2", "node_address": "10.0.0.2"}


def filled(*words, **values):
    return template_of("connect", ["echo", *words], OBSERVER_AND_NODE).fill({**VALUES, **values})[1:]


def test_values_stay_inside_their_words() -> None:
    assert filled("-a={observer_address}:7373", "{node}", "[{node_address}]:7946", "") == [
        "-a=10.0.0.1:7373",
        "web2",
        "[10.0.0.2]:7946",
        "",
    ]
    addresses = [
        "10.0.0.2",
        "fd00::1",
        "[fe80::1%eth0]:7946",
        "web-2.example.net",
        "http://web2:80/x",
        "/run/web2.sock",
    ]
    for address in addresses:
        assert filled("{node_address}", node_address=address) == [address]


@pytest.mark.parametrize(("word", "expected"), [("{{node}}", "{node}"), ("{{{node}}}", "{web2}"), ("a}}{{", "a}{")])
def test_doubled_braces_are_braces(word, expected) -> None:
    assert filled(word) == [expected]


@given(st.text(alphabet=string.printable, max_size=20))
def test_any_word_can_be_written(word) -> None:
    assert filled(word.replace("{", "{{").replace("}", "}}")) == [word]


@pytest.mark.parametrize(
    ("words", "option", "said"),
    [
        (None, "list_nodes", "is required by driver 'exec'"),
        ([], "list_nodes", "is required by driver 'exec'"),
        (["echo", "{nodes}"], "list_nodes[1]", "'{nodes}' is no placeholder here (there are {observer} {observer_addr"),
        (["echo", "{node}"], "list_nodes[1]", "'{node}' is no placeholder here"),
        (["echo", "{}"], "list_nodes[1]", "'{}' is no placeholder"),
        (["echo", "{0}"], "list_nodes[1]", "'{0}' is no placeholder"),
        (["echo", "{observer.__class__}"], "list_nodes[1]", "'{observer.__class__}' is no placeholder"),
        (["echo", "{observer!r}"], "list_nodes[1]", "'{observer!r}' is no placeholder"),
        (["echo", "{observer:>9}"], "list_nodes[1]", "'{observer:>9}' is no placeholder"),
        (["echo", "a{"], "list_nodes[1]", "a brace stands alone"),
        (["echo", "a}b"], "list_nodes[1]", "a brace stands alone"),
        (["echo", "{observer"], "list_nodes[1]", "a brace stands alone"),
        (["echo", 7], "list_nodes[1]", "7 is not a string: quote it"),
        (["echo", None], "list_nodes[1]", "None is not a string"),
        (["echo", {"observer": None}], "list_nodes[1]", "YAML makes a dictionary of {observer}: quote it"),
        (["echo", ["observer"]], "list_nodes[1]", "a list or dictionary is not a string"),
        (["echo", "a\0b"], "list_nodes[1]", "NUL"),
        ([""], "list_nodes[0]", "not the name or the path of a program"),
        (["{observer}"], "list_nodes[0]", "not the name or the path of a program"),
        (["no-such-program-here", "x"], "list_nodes[0]", "no program 'no-such-program-here' is there"),
        (["serf members -token=x"], "list_nodes[0]", "no program 'serf' is there where the module runs: a command is"),
    ],
)
def test_what_is_wrong_is_told_by_option_and_value(words, option, said) -> None:
    with pytest.raises(OptionError) as caught:
        template_of("list_nodes", words, OBSERVER)
    assert caught.value.option == option
    assert said in str(caught.value)
    assert "token" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "-oProxyCommand=x",
        "-x@10.0.0.1",
        "a\nb",
        "a\n",
        "a\0b",
        "",
        "a b",
        "x;id",
        "$(id)",
        "`id`",
        "a|b",
        "a>b",
        "{node}",
        "é",
    ],
)
def test_a_value_never_becomes_an_option_or_more_than_a_word(value) -> None:
    with pytest.raises(UnreachableError, match="is nothing that {node_address} can stand for"):
        filled("{node_address}", node_address=value)


def test_an_address_that_nobody_knows() -> None:
    with pytest.raises(UnreachableError) as caught:
        filled("{node_address}", node_address=None)
    assert caught.value.reason == "connect needs {node_address}, and discovery gives web2 no address"
    with pytest.raises(UnreachableError, match="gives web1 no address"):
        filled("{observer_address}", observer_address=None)
    assert filled("{node}", node_address=None) == ["web2"]


def test_messages_name_the_program_only() -> None:
    template = template_of("connect", ["/bin/echo", "secret"], OBSERVER_AND_NODE)
    assert template.label == "connect (echo)"
