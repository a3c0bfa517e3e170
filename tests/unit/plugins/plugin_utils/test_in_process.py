# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of the action plugins: what a module's command comes to in Ansible's own process."""

from __future__ import annotations

import signal
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import RoundError
from ansible_collections.selfheal.cluster.plugins.module_utils._module import Command, Request
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import Returned
from ansible_collections.selfheal.cluster.plugins.plugin_utils import _in_process
from ansible_collections.selfheal.cluster.plugins.plugin_utils._in_process import InProcess, result_of

SECRET = "True"
"""It reads like a value, which must not be masked for that."""


def result(work: Any) -> dict[str, Any]:
    return result_of(Command({}, work), Request({"topology": "chat"}, False, {SECRET}))


def test_secrets_are_masked_and_values_are_not() -> None:
    found = result(lambda request: Returned({"changed": True, "gone": None, "text": f"not {SECRET}", "count": 3}))
    assert found == {"changed": True, "gone": None, "text": "not ********", "count": 3}


def test_a_failure_has_its_result_and_its_warnings() -> None:
    def work(request: Request) -> Returned:
        raise RoundError(f"nobody answered {SECRET}", {"changed": False}, [f"is it {SECRET}?"])

    assert result(work) == {
        "changed": False,
        "failed": True,
        "msg": "topology 'chat': nobody answered ********",
        "warnings": ["is it ********?"],
    }


def test_what_the_work_does_to_the_process_is_undone(capsys: pytest.CaptureFixture[str]) -> None:
    def mine(_number: int, _frame: Any) -> None: ...

    before = signal.signal(signal.SIGTERM, mine)
    try:
        with _in_process._isolated():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            print("a library's remark")
            print("and its complaint", file=sys.stderr)
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("platform", "expected"), [("linux", True), ("darwin", False)])
def test_where_a_forked_process_may_not_ask_for_a_proxy_it_is_a_module(
    monkeypatch: pytest.MonkeyPatch, platform: str, expected: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    action: Any = SimpleNamespace(
        is_local=True,
        _task=SimpleNamespace(timeout=0, delegate_to=None),
        _compute_environment_string=lambda found: None,
        _templar=SimpleNamespace(template=lambda text: text),
    )
    variables = {"ansible_python_interpreter": sys.executable}
    assert InProcess._is_the_same_here(action, variables) is expected
