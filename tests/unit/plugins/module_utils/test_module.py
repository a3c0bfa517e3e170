# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of the modules, on Ansible's own AnsibleModule."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import (
    MissingLibraryError,
    OptionError,
    RoundError,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._module import Command, Request, run
from ansible_collections.selfheal.cluster.plugins.module_utils._returned import Returned

SECRET = "a-secret-nobody-may-see"
SPEC = {"topology": {"type": "str", "default": "default"}, "secret": {"type": "str", "no_log": True}}

Work = Callable[[Request], Returned]


def outcome(capsys: pytest.CaptureFixture[str], work: Work, **options: Any) -> tuple[dict[str, Any], str]:
    """The module's result, and all that it wrote."""
    with patch_module_args({"topology": "chat", "secret": SECRET, **options}), pytest.raises(SystemExit):
        run(Command(SPEC, work))
    captured = capsys.readouterr()
    return json.loads(captured.out), captured.out + captured.err


def raising(error: BaseException) -> Work:
    def work(request: Request) -> Returned:
        raise error

    return work


def test_a_result_and_its_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    result, text = outcome(capsys, lambda request: Returned({"changed": True}, [f"odd: {SECRET}"]))
    assert result["changed"] is True
    assert "odd: " in text
    assert SECRET not in text


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OptionError("config.query", "is empty"), "topology 'chat': config.query: is empty"),
        (MissingLibraryError("dnspython"), "topology 'chat': Failed to import the required Python library (dnspython)"),
        (KeyboardInterrupt(), "topology 'chat': interrupted before it was done"),
        (ZeroDivisionError("by zero"), "topology 'chat': unexpected ZeroDivisionError: by zero"),
        (ValueError(SECRET), "topology 'chat': unexpected ValueError: "),
    ],
)
def test_each_failure_is_one_message_that_names_the_topology(
    capsys: pytest.CaptureFixture[str], error: BaseException, expected: str
) -> None:
    result, text = outcome(capsys, raising(error))
    assert result["failed"] is True
    assert result["msg"].startswith(expected)
    assert SECRET not in text
    assert "Traceback" not in text


def test_a_failed_round_returns_what_it_knows(capsys: pytest.CaptureFixture[str]) -> None:
    error = RoundError("nobody answered", {"members": ["a@h"]}, ["look here"])
    result, text = outcome(capsys, raising(error))
    assert (result["msg"], result["members"]) == ("topology 'chat': nobody answered", ["a@h"])
    assert "look here" in text


def test_arguments_that_do_not_fit_name_the_topology_too(capsys: pytest.CaptureFixture[str]) -> None:
    result, text = outcome(capsys, lambda request: Returned({}), secrt=1)
    assert result["msg"].startswith("topology 'chat': Unsupported parameters")
    assert result["msg"].endswith("; did you mean secret?")
    assert SECRET not in text


def test_a_secret_that_is_part_of_the_name_is_masked_and_the_name_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    error = OptionError("config.query", "is empty")
    result, text = outcome(capsys, raising(error), secret="chat")
    assert result["msg"] == "topology '********': config.query: is empty"


def test_ctrl_c_ends_it_cleanly(capsys: pytest.CaptureFixture[str]) -> None:
    def work(request: Request) -> Returned:
        signal.raise_signal(signal.SIGINT)
        return Returned({})

    # Whatever started the tests may have had it ignored, as shells do for what runs in the background.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result, text = outcome(capsys, work)
    finally:
        signal.signal(signal.SIGINT, before)
    assert result["msg"] == "topology 'chat': interrupted before it was done"
