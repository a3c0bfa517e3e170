# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member's answer says of a member table."""

from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.table import table_in
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.view import Question
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.registry import driver_for
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import MNESIA, RABBITMQ, Table

STATIC = {
    "topology": "queue",
    "strategy": "static",
    "config": {"nodes": ["app@10.0.0.1"]},
    "driver_config": {"cookie": "cookie"},
}


@pytest.mark.parametrize(
    ("answer", "table"),
    [
        (Atom("false"), None),
        (Atom("mnesia"), Table(MNESIA)),
        ([], Table(RABBITMQ)),
        ([Atom("app@10.0.0.2")], Table(RABBITMQ, frozenset({"app@10.0.0.2"}))),
        (Atom("unknown"), Table(RABBITMQ, None)),
    ],
)
def test_the_answers_that_there_are(answer, table) -> None:
    assert table_in(answer) == table


@pytest.mark.parametrize("answer", [None, 1, Atom("true"), b"mnesia", [1], (Atom("mnesia"),), [Atom("a\nb")]])
def test_any_other_answer_is_none(answer) -> None:
    with pytest.raises(UnreachableError):
        table_in(answer)


def test_a_mesh_alone_is_not_asked_for_tables() -> None:
    for mesh_only in (False, True):
        asked = Question(["app@10.0.0.1"], 1.0, mesh_only).with_global.encoded
        assert (b"rabbit" in asked) != mesh_only
        assert (b"mnesia" in asked) != mesh_only


@pytest.mark.parametrize(
    ("option", "function"),
    [
        ("connect", ["my", "connect", []]),
        ("disconnect", ["my", "disconnect", []]),
        ("list_nodes", ["my", "list", []]),
    ],
)
def test_a_function_of_the_users_own_is_not_done_by_link(option, function) -> None:
    everything = {"connect", "disconnect", "list_nodes"}
    assert driver_for(topology_of(STATIC)).rules.by_link == everything
    assert driver_for(topology_of({**STATIC, option: function})).rules.by_link == everything - {option}
