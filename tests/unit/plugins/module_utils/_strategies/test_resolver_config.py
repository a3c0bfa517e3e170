# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError, OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common import (
    resolver_config,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver_config import (
    SystemConfig,
    nameservers_of,
    parse_system_config,
)


def specs(entries: Sequence[str] | None, attempt: int = 0) -> list[str]:
    return [str(server) for server in nameservers_of({"nameservers": entries, "port": 53}, attempt)]


@pytest.mark.parametrize(
    ("entry", "spec"),
    [
        ("10.0.0.53", "10.0.0.53:53"),
        ("10.0.0.53:5353", "10.0.0.53:5353"),
        ("fd00::53", "[fd00::53]:53"),
        ("[fd00::53]:5353", "[fd00::53]:5353"),
        ("fe80::1%eth0", "[fe80::1%eth0]:53"),
    ],
)
def test_an_entry_is_an_address_and_may_have_a_port(entry: str, spec: str) -> None:
    assert specs([entry]) == [spec]


@pytest.mark.parametrize(
    "entry",
    ["", "ns.example.test", "10.0.0", "10.0.0.53:0", "10.0.0.53:65536", "10.0.0.53:", "[fd00::53]", "fd00::53:x", " "],
)
def test_anything_else_is_an_error_that_says_where(entry: str) -> None:
    with pytest.raises(OptionError) as error:
        specs(["10.0.0.53", entry])
    assert error.value.option == "config.nameservers[1]"
    assert repr(entry) in str(error.value)


def test_each_attempt_starts_with_the_next() -> None:
    entries = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert [specs(entries, attempt)[0] for attempt in range(4)] == [
        "10.0.0.1:53",
        "10.0.0.2:53",
        "10.0.0.3:53",
        "10.0.0.1:53",
    ]
    assert specs(entries, 1) == ["10.0.0.2:53", "10.0.0.3:53", "10.0.0.1:53"]


def test_without_the_option_those_of_the_machine_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 10.0.0.1\nnameserver fd00::1\n")
    monkeypatch.setattr(resolver_config, "RESOLV_CONF", file)
    assert specs(None) == ["10.0.0.1:53", "[fd00::1]:53"]


@pytest.mark.parametrize("text", ["", "# nameserver 10.0.0.1\n", "search example.test\n", "nameserver\n", None])
def test_a_machine_without_a_nameserver_discovers_nothing(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "resolv.conf"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr(resolver_config, "RESOLV_CONF", file)
    with pytest.raises(DiscoveryError, match="set config.nameservers"):
        specs(None)


def test_the_last_search_list_counts() -> None:
    text = "domain a.test\n; search b.test\nsearch c.test. d.test .\noptions ndots:5\nnameserver 10.0.0.1 \n"
    assert parse_system_config(text) == SystemConfig(("10.0.0.1",), ("c.test", "d.test"))
