# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import json
import sys

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.output import (
    ListedNames,
    in_one_line,
    reader_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import (
    MissingLibraryError,
    OptionError,
    UnreachableError,
)
from hypothesis import given
from hypothesis import strategies as st

LINES = {"format": "lines", "path": None, "down_path": None, "unsettled_path": None}
SERF = {
    "format": "json",
    "path": "members[?status=='alive'].name",
    "down_path": "members[?status=='failed'].name",
    "unsettled_path": "members[?status=='leaving'].name",
}
NAMES = {"format": "json", "path": "members[*].name", "down_path": None, "unsettled_path": None}


def read(config, output):
    output = output if isinstance(output, bytes) else json.dumps(output).encode()
    return reader_of(config)(output)


def test_lines() -> None:
    assert read(LINES, b"web1\n\n  web2 \r\n10.0.0.3") == ListedNames(frozenset({"web1", "web2", "10.0.0.3"}))
    assert read(LINES, b"") == read(LINES, b"\n \n") == ListedNames(frozenset())


def test_json() -> None:
    members = [{"name": f"web{n}", "status": status} for n, status in enumerate(("alive", "failed", "left", "leaving"))]
    expected = ListedNames(frozenset({"web0", "web1", "web3"}), frozenset({"web1"}), frozenset({"web3"}))
    assert read(SERF, {"members": members}) == read(SERF, {"members": members[::-1]}) == expected
    assert read(SERF, {"members": []}) == ListedNames(frozenset())


@pytest.mark.parametrize(
    ("config", "output", "said"),
    [
        (LINES, b"web1\n-rf\n", "list_nodes gave '-rf', which is no name of a node"),
        (LINES, b"web1 alive\n", "'web1 alive'"),
        (LINES, b"{{ lookup('pipe', 'id') }}", "which is no name of a node"),
        (LINES, b"web\x1b[31m1", "'web\\x1b[31m1'"),
        (LINES, b"\xff\xfe", "not UTF-8"),
        (LINES, "wéb".encode(), "which is no name of a node"),
        (LINES, b"x" * 300, "xxx', which is no name of a node"),
        (NAMES, b"", "list_nodes printed no JSON: Expecting value in line 1"),
        (NAMES, b'{"members": [', "list_nodes printed no JSON"),
        (NAMES, b"[" * 100_000, "nested too deeply"),
        (NAMES, b"9" * 10_000, "numbers too long"),
        (NAMES, {"nodes": []}, "driver_config.path finds nothing in the output of list_nodes"),
        (NAMES, {"members": None}, "driver_config.path finds nothing"),
        pytest.param(SERF, {"members": None}, "driver_config.path finds nothing", id="E6: no member matches a filter"),
        (NAMES, [], "driver_config.path finds nothing"),
        (NAMES, {"members": [{"name": 7}]}, "list_nodes gave a value of type int, which is no name of a node"),
        (NAMES, {"members": [{"name": "\ud800"}]}, "'\\ud800'"),
        ({**NAMES, "path": "members[0].name"}, {"members": [{"name": "a"}]}, "gives no list of strings"),
        ({**NAMES, "path": "sort(members)"}, {"members": {}}, "driver_config.path failed on the output"),
        ({**NAMES, "down_path": "gone"}, {"members": []}, "driver_config.down_path finds nothing"),
    ],
)
def test_what_is_no_view_is_never_an_empty_one(config, output, said) -> None:
    with pytest.raises(UnreachableError) as caught:
        read(config, output)
    assert said in caught.value.reason
    assert len(caught.value.reason) < 300
    assert caught.value.reason.isprintable()


@given(st.binary(max_size=200))
def test_any_output_is_a_view_or_a_failed_one(output) -> None:
    for config in (LINES, NAMES, SERF):
        with contextlib.suppress(UnreachableError):
            assert isinstance(read(config, output), ListedNames)


@pytest.mark.parametrize(
    ("config", "option", "said"),
    [
        ({**LINES, "path": "a"}, "path", "needs driver_config.format to be 'json'"),
        ({**LINES, "down_path": "a"}, "down_path", "needs driver_config.format to be 'json'"),
        ({**SERF, "path": None}, "path", "is required by driver_config.format 'json'"),
        ({**SERF, "path": "members[*"}, "path", "'members[*' is no JMESPath expression: "),
        ({**SERF, "path": "keyz(members)"}, "path", "Unknown function: keyz()"),
        ({**SERF, "down_path": "length(a, b)"}, "down_path", "Expected 1 argument"),
        ({**SERF, "path": "(" * 3000 + "a" + ")" * 3000}, "path", "is nested too deeply"),
    ],
)
def test_options_that_cannot_work(config, option, said) -> None:
    with pytest.raises(OptionError) as caught:
        reader_of(config)
    assert caught.value.option == f"driver_config.{option}"
    assert said in str(caught.value)


def test_jmespath_is_needed_for_json_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jmespath", None)
    assert read(LINES, b"web1") == ListedNames(frozenset({"web1"}))
    with pytest.raises(MissingLibraryError, match="jmespath"):
        reader_of(NAMES)


def test_a_complaint_in_one_line_is_short_and_printable() -> None:
    assert in_one_line(b"\n  oops\x1b[0m \xff\n\n * more\n") == "oops?[0m � * more"
    assert in_one_line(b"") == ""
    assert len(in_one_line(b"x" * 5000)) == len(in_one_line(b"x\n" * 2000)) == 200
