# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, FAILED, PARTIAL, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.erlang_hosts.fetch import discovery_of
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.erlang_hosts.hosts_file import hosts_in
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.erlang_hosts.parse import parse
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Where Erlang looks; the last is the root of an installation to which ``erl`` on the path is a link."""
    found = {name: tmp_path / name for name in ("here", "home", "root")}
    for path in found.values():
        path.mkdir()
    (found["root"] / "bin").mkdir()
    (found["root"] / "erts-13.1").mkdir()
    erl = found["root"] / "bin" / "erl"
    erl.write_text("#!/bin/sh\n")
    erl.chmod(0o755)
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "erl").symlink_to(erl)
    monkeypatch.chdir(found["here"])
    monkeypatch.setenv("HOME", str(found["home"]))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return found


def write(directory: Path, host: str) -> None:
    (directory / ".hosts.erlang").write_text(f"'{host}'.\n")


def failure(given: str | None = None) -> str:
    with pytest.raises(DiscoveryError) as caught:
        hosts_in(given)
    return str(caught.value)


def test_the_first_file_of_the_three_places_counts(places: dict[str, Path]) -> None:
    for name in reversed(places):
        write(places[name], f"{name}.test")
        assert hosts_in(None) == [f"{name}.test"]


def test_no_file_is_told_with_the_places(places: dict[str, Path]) -> None:
    text = failure()
    assert all(f"no {path}/.hosts.erlang" in text for path in places.values())
    assert "config.hosts_file" in text


def test_without_erlang_its_root_is_no_place(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    write(places["root"], "root.test")
    monkeypatch.setenv("PATH", str(places["home"]))
    assert str(places["root"]) not in failure()


def test_a_script_called_erl_leads_to_no_root(places: dict[str, Path]) -> None:
    (places["root"] / "erts-13.1").rmdir()
    assert str(places["root"]) not in failure()


def test_a_file_that_was_named_is_the_only_one(places: dict[str, Path]) -> None:
    write(places["here"], "here.test")
    named = places["home"] / "hosts"
    assert failure(str(named)).startswith(f"there is no {named}: ")
    named.write_text("'named.test'.")
    assert hosts_in(str(named)) == ["named.test"]


def test_a_file_that_cannot_be_read_hides_those_after_it(places: dict[str, Path]) -> None:
    (places["here"] / ".hosts.erlang").mkdir()
    write(places["home"], "home.test")
    assert failure() == f"{places['here']}/.hosts.erlang cannot be read: Is a directory"


def test_a_nul_character_is_in_no_name_of_a_file() -> None:
    with pytest.raises(DiscoveryError, match="'a.x00b' is not the name of a file: embedded null"):
        hosts_in("a\0b")


def test_a_pipe_holds_nobody_up(places: dict[str, Path]) -> None:
    os.mkfifo(places["here"] / ".hosts.erlang")
    assert failure().endswith("is not a file")


@pytest.mark.parametrize("content", ["", "\n", "% 'a.test'.\n"])
def test_a_file_without_a_host_is_no_empty_cluster(places: dict[str, Path], content: str) -> None:
    (places["here"] / ".hosts.erlang").write_text(content)
    assert failure().endswith("names no host")


@pytest.mark.parametrize(
    ("content", "problem"),
    [("'a'.\n" * 300_000, "is larger than 1 MiB"), ("", "names 5000 hosts, and 4096 are the most")],
)
def test_a_file_that_is_too_large_is_an_error(places: dict[str, Path], content: str, problem: str) -> None:
    (places["here"] / ".hosts.erlang").write_text(content or "".join(f"h{n}.\n" for n in range(5000)))
    assert problem in failure()


def test_atoms_and_strings_with_comments_anywhere() -> None:
    text = (
        "%% coding: latin-1 \xe9\n'a.example.test'. % one\n\n\"b.example.test\"\t.\nc.%\n"
        "'10.0.0.1'. 'fd00::1' .\n'a.example.test'."
    )
    assert parse(text) == [
        "a.example.test",
        "b.example.test",
        "c",
        "10.0.0.1",
        "fd00::1",
    ]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("'a.test'.\n'b.test'", 2, "the name has no dot behind it, or is not in quotes"),
        ("'a.test'.\n'b.te", 2, "there is no host's name such as 'a.example.net' in quotes"),
        ("a.example.test.", 1, "the name has no dot behind it, or is not in quotes"),
        ("'a'.'b'.", 1, "the name has no dot behind it, or is not in quotes"),
        ("\n\n{127, 0, 0, 1}.", 3, "there is no host's name such as 'a.example.net' in quotes"),
        ("''.", 1, "this is not the name of a host"),
        ("'a b'.", 1, "this is not the name of a host"),
        ("'app@a.test'.", 1, "this is not the name of a host"),
        ("'{{ 7 * 7 }}'.", 1, "this is not the name of a host"),
        # K7: each would make nodes of its own
        ("'fd00::7'.\n'b'.\n'FD00:0:0:0:0:0:0:7'.", 3, "this is the host of line 1 in another spelling: leave out one"),
        ("'A.Test'.\n'a.test.'.", 2, "this is the host of line 1 in another spelling: leave out one"),
        ("[a].", 1, "there is no host's name such as 'a.example.net' in quotes"),
        (f"'{'a' * 300}'.", 1, "this is not the name of a host"),
    ],
)
def test_anything_else_is_told_with_its_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(DiscoveryError, match=re.escape(f"line {line}: {problem}") + "$"):
        parse(text)


@given(st.text(alphabet="'\"ab.%\\ \n@[{,", max_size=40))
def test_no_text_gives_anything_but_hosts_or_an_error(text: str) -> None:
    try:
        hosts = parse(text)
    except DiscoveryError:
        return
    assert all(re.fullmatch(r"[a-z0-9.]+", host) for host in hosts)


def test_each_name_on_each_host_is_a_node() -> None:
    found = discovery_of({"a.test": [("web", 4002), ("app", 4001)], "b.test": [], "c.test": [("app", 4003)]})
    assert found.status == COMPLETE
    assert found.nodes == (
        Node("app@a.test", "a.test", attributes={"port": 4001}),
        Node("web@a.test", "a.test", attributes={"port": 4002}),
        Node("app@c.test", "c.test", attributes={"port": 4003}),
    )


def test_a_host_that_gave_no_answer_makes_it_partial() -> None:
    found = discovery_of({"a.test": [("app", 4001), ("a b", 4002)], "b.test": "no epmd there"})
    assert (found.status, found.names) == (PARTIAL, {"app@a.test"})
    assert found.reasons == (
        "host a.test: epmd: 'a b@a.test' is not a node name such as 'app@10.0.0.1'",
        "host b.test: no epmd there",
    )


def test_when_no_host_answers_it_failed() -> None:
    found = discovery_of({"a.test": "gone", "b.test": "gone"})
    assert (found.status, found.nodes) == (FAILED, ())
    assert found.reasons == ("host a.test: gone", "host b.test: gone")
