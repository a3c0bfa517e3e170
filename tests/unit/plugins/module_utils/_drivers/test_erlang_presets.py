# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a preset makes of a member's answers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.schema import DRIVERS
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.presets import PRESETS
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import View

ME, OTHER, DEAD = Atom("x@1"), Atom("x@2"), Atom("x@3")
STARTED = (Atom("started"), Atom("started"))
EJABBERD = PRESETS["ejabberd"]


def test_the_schema_offers_the_presets_that_there_are() -> None:
    assert set(DRIVERS["erlang"].choices["preset"]) == set(PRESETS)


def test_who_is_known_and_does_not_run_is_down() -> None:
    stopping = (Atom("stopping"), Atom("started"))
    view = EJABBERD.view("x@1", ([ME, OTHER, DEAD], [ME, OTHER], [Atom("passwd")], stopping))
    peers, holds = frozenset(["x@2", "x@3"]), frozenset(["passwd"])
    assert view == View("x@1", peers, down=frozenset(["x@3"]), stopping=True, holds=holds)
    assert EJABBERD.view("x@1", ([ME], [ME, OTHER], [], STARTED)) == View("x@1", frozenset(["x@2"]))


@pytest.mark.parametrize(
    "answer",
    [
        Atom("not_running"),
        Atom("other"),
        (),
        ([], [], []),
        ([ME], Atom("running"), [], STARTED),
        ([b"x@1"], [ME], [], STARTED),
        ([ME], [ME], [(Atom("passwd"), 1)], STARTED),
    ],
)
def test_what_cannot_be_read_is_no_empty_view(answer: Any) -> None:
    with pytest.raises(UnreachableError):
        EJABBERD.view("x@1", answer)


def test_only_the_words_of_an_error_are_told() -> None:
    assert EJABBERD.join_problem(Atom("ok")) is None
    problem = EJABBERD.join_problem((Atom("error"), (Atom("no_ping"), b"secret")))
    assert problem == "ejabberd_cluster:join gave error no_ping; ejabberd may be stopped there now"
    assert EJABBERD.leave_problem((Atom("error"), b"secret")) == "ejabberd_cluster:leave gave error"
    assert EJABBERD.leave_problem([]) == "ejabberd_cluster:leave gave something else than ok"
    aborted = (Atom("aborted"), (Atom("active"), b"Mnesia is running", ME))
    assert EJABBERD.forget_problem(aborted) == "mnesia:del_table_copy gave aborted active"
    assert EJABBERD.forget_problem((Atom("atomic"), Atom("ok"))) is None
