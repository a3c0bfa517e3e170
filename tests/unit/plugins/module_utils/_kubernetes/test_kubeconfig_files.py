# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs as kubectl reads them. What is said of kubectl was seen on kubectl 1.32."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.kubeconfig_files import (
    Chosen,
    choose,
    source_of,
)


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def entries(kind: str, **named: Any) -> list[dict[str, Any]]:
    return [{"name": name, kind: entry} for name, entry in named.items()]


def cluster(number: int, **more: Any) -> dict[str, Any]:
    return {"server": f"https://127.0.0.1:{number}", **more}


@pytest.fixture
def first(tmp_path: Path) -> Path:
    content = {
        "current-context": "a",
        "clusters": entries("cluster", c=cluster(1)),
        "contexts": entries("context", a={"cluster": "c", "user": "u"}),
        "users": entries("user", u={"token": "one"}),
    }
    return write(tmp_path / "first.yml", content)


@pytest.fixture
def second(tmp_path: Path) -> Path:
    content = {
        "current-context": "b",
        "clusters": entries("cluster", c=cluster(2, **{"tls-server-name": "x"}), d=cluster(3)),
        "contexts": entries("context", a={"cluster": "d"}, b={"cluster": "d", "user": "u", "namespace": "team"}),
        "users": entries("user", u={"token": "two", "as": "nobody"}),
    }
    return write(tmp_path / "elsewhere" / "second.yml", content)


def chosen(*paths: Path | str, context: str | None = None, must_exist: bool = False) -> Chosen:
    return choose(source_of(os.pathsep.join(map(str, paths)), must_exist), context)


def refused(*paths: Path | str, **more: Any) -> str:
    with pytest.raises(OptionError) as raised:
        chosen(*paths, **more)
    assert raised.value.__cause__ is None
    return str(raised.value)


@pytest.mark.parametrize("must_exist", [False, True])
def test_the_first_current_context_and_the_first_entry_of_each_name_count(
    first: Path, second: Path, must_exist: bool
) -> None:
    """K1"""
    found = chosen(first, second, must_exist=must_exist)
    assert (found.context, found.cluster, found.user) == ("a", cluster(1), {"token": "one"})
    found = chosen(first, second, context="b", must_exist=must_exist)
    assert (found.cluster, found.user, found.namespace) == (cluster(3), {"token": "one"}, "team")
    found = chosen(second, first)
    assert (found.context, found.cluster, found.user) == ("b", cluster(3), {"token": "two", "as": "nobody"})


def test_an_empty_current_context_is_none(first: Path, second: Path) -> None:
    """K1"""
    write(first, first.read_text().replace("current-context: a", "current-context: ''"))
    assert chosen(first, second).context == "b"


@pytest.mark.parametrize("nothing", ["", "# hi\n", "---\n", "{}"])
def test_missing_and_empty_files_say_nothing(first: Path, tmp_path: Path, nothing: str) -> None:
    """K2"""
    empty, gone = write(tmp_path / "empty", nothing), tmp_path / "gone"
    found = chosen(gone, empty, "", first, first)
    assert (found.context, found.source.paths) == ("a", (str(empty), str(first)))
    assert refused(empty).endswith(f"{str(empty)!r} is not a kubeconfig: it is empty")


def test_where_no_file_is_there_each_is_named(tmp_path: Path) -> None:
    """K2"""
    told = "config.kubeconfig: none is given, and no file of the variable KUBECONFIG is there: "
    one, other = tmp_path / "one", tmp_path / "other"
    assert refused(one, other) == f"{told}{str(one)!r}, {str(other)!r}"
    assert refused("", "") == f"{told}it names none"


def test_a_file_that_the_topology_names_must_exist(first: Path, tmp_path: Path) -> None:
    """K2"""
    gone = str(tmp_path / "gone")
    told = f"config.kubeconfig: {gone!r} can't be read: No such file or directory"
    assert refused(first, gone, must_exist=True) == told
    assert refused(gone, must_exist=True) == told


def test_a_file_that_is_there_must_be_a_kubeconfig(first: Path, tmp_path: Path) -> None:
    """K2"""
    bad = write(tmp_path / "bad", "users: 5")
    assert f"config.kubeconfig: {str(bad)!r} is not a kubeconfig: its 'users' are no list" in refused(first, bad)
    assert f"{str(tmp_path)!r} can't be read: Is a directory" in refused(first, tmp_path)


def test_a_path_with_a_colon(first: Path, tmp_path: Path) -> None:
    odd = first.rename(tmp_path / "a:b.yml")
    assert chosen(odd, must_exist=True).context == "a"


def test_paths_are_relative_to_the_file_that_holds_them(
    first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = entries(
        "user",
        v={"client-certificate": "crt", "client-key": "/k", "tokenFile": "../t", "exec": {"command": "./bin/plugin"}},
        w={"exec": {"command": "plugin"}, "client-key": None, "client-certificate": ""},
    )
    content = {
        "clusters": entries("cluster", e=cluster(4, **{"certificate-authority": "ca.crt"})),
        "contexts": entries("context", v={"cluster": "e", "user": "v"}, w={"cluster": "c", "user": "w"}),
        "users": users,
    }
    write(tmp_path / "below" / "second.yml", content)
    monkeypatch.chdir(tmp_path)
    below = tmp_path / "below"
    found = chosen(first, "below/second.yml", context="v")
    assert found.cluster["certificate-authority"] == str(below / "ca.crt")
    assert found.user == {
        "client-certificate": str(below / "crt"),
        "client-key": "/k",
        "tokenFile": str(below / "../t"),
        "exec": {"command": str(below / "bin" / "plugin")},
    }
    assert chosen(first, "below/second.yml", context="w").user == {"exec": {"command": "plugin"}}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"clusters": entries("cluster", c={})}, "cluster 'c' has no server"),
        ({"clusters": [{"name": "c"}]}, "'c' in its clusters has no 'cluster'"),
        ({"clusters": [{"cluster": {}}]}, "one of its clusters has no name"),
        ({"clusters": ["c"]}, "its 'clusters' are no list of entries with a name"),
        ({"clusters": entries("cluster", c=[1])}, "cluster 'c' is no mapping"),
        ({"clusters": None}, "context 'a' names 'c', which is not in its clusters"),
        ({"clusters": entries("cluster", c=cluster(1)) * 2}, "two of its clusters have the name 'c'"),
        ({"contexts": entries("context", a={"user": "u"})}, "context 'a' names no cluster"),
        ({"contexts": entries("context", a={"cluster": "c", "namespace": True})}, "'namespace' of context 'a' is no"),
        ({"users": entries("user", other={})}, "context 'a' names 'u', which is not in its users"),
        ({"users": entries("user", u={"tokenFile": 5})}, "'tokenFile' of user 'u' is no text; write it in quotes"),
        ({"current-context": 5}, "'current-context' of the file is no text; write it in quotes"),
    ],
)
def test_what_is_no_kubeconfig(first: Path, change: dict[str, Any], problem: str) -> None:
    write(first, {**yaml.safe_load(first.read_text()), **change})
    assert f"{str(first)!r} is not a kubeconfig: {problem}" in refused(first)


def test_no_context_and_an_unknown_one(first: Path, second: Path) -> None:
    its = f"kubeconfig {str(first)!r}, {str(second)!r} (its contexts: a, b)"
    assert refused(first, second, context="c") == f"config.context: 'c' is not in {its}"
    write(first, first.read_text().replace("current-context: a", ""))
    its = f"kubeconfig {str(first)!r} has no current-context (its contexts: a)"
    assert refused(first) == f"config.context: is not given, and {its}"


def test_a_user_is_not_needed(first: Path) -> None:
    write(first, first.read_text().replace("user: u\n", "user: ''\n"))
    assert chosen(first).user == {}
