# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of a member's answers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.ejabberd.calls import (
    forget_problem,
    join_problem,
    leave_problem,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.ejabberd.view import view_in
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import View

ME, OTHER, DEAD = Atom("x@1"), Atom("x@2"), Atom("x@3")
STARTED = (Atom("started"), Atom("started"))


def test_who_is_known_and_does_not_run_is_down() -> None:
    stopping = (Atom("stopping"), Atom("started"))
    view = view_in("x@1", ([ME, OTHER, DEAD], [ME, OTHER], [Atom("passwd")], stopping))
    peers, holds = frozenset(["x@2", "x@3"]), frozenset(["passwd"])
    assert view == View("x@1", peers, down=frozenset(["x@3"]), stopping=True, holds=holds)
    assert view_in("x@1", ([ME], [ME, OTHER], [], STARTED)) == View("x@1", frozenset(["x@2"]))


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
        view_in("x@1", answer)


def test_only_the_words_of_an_error_are_told() -> None:
    assert join_problem(Atom("ok")) is None
    problem = join_problem((Atom("error"), (Atom("no_ping"), b"secret")))
    assert problem == "ejabberd_cluster:join gave error no_ping; ejabberd may be stopped there now"
    assert leave_problem((Atom("error"), b"secret")) == "ejabberd_cluster:leave gave error"
    assert leave_problem([]) == "ejabberd_cluster:leave gave something else than ok"
    aborted = (Atom("aborted"), (Atom("active"), b"Mnesia is running", ME))
    assert forget_problem(aborted) == "mnesia:del_table_copy gave aborted active"
    assert forget_problem((Atom("atomic"), Atom("ok"))) is None
