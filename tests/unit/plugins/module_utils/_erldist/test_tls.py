# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.tls import is_for, names_of
from hypothesis import given
from hypothesis import strategies as st

LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("web1", "web1"),
        ("Web1.Example.NET", "web1.example.net"),
        ("*.example.net", "web1.example.net"),
        ("*.example.net", "WEB1.example.net"),
        ("10.0.0.1", "10.0.0.1"),
        ("FD00:0:0:0:0:0:0:1", "fd00::1"),
        ("::1", "0:0:0:0:0:0:0:1"),
    ],
)
def test_what_fits(name: str, host: str) -> None:
    assert is_for(["elsewhere.example.net", name], host)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("web1", "web2"),
        ("web1", "web1.example.net"),
        ("web1.example.net", "web1"),
        ("*.example.net", "a.b.example.net"),
        ("*.example.net", "example.net"),
        ("*.example.net", ".example.net.evil"),
        ("*.net", "example.net"),
        ("*", "web1"),
        ("*", "a.b"),
        ("*.*.net", "a.b.net"),
        ("w*.example.net", "web1.example.net"),
        ("web1.*.net", "web1.example.net"),
        ("*.0.0.1", "10.0.0.1"),
        ("10.0.0.1.example.net", "10.0.0.1"),
        ("web1.example.net\0.evil.net", "web1.example.net"),
        ("", "web1"),
        ("10.0.0.2", "10.0.0.1"),
    ],
)
def test_what_does_not_fit(name: str, host: str) -> None:
    assert not is_for([name], host)


def test_no_name_fits_nothing() -> None:
    assert not is_for([], "web1")


@given(st.lists(LABEL, min_size=1, max_size=5), st.lists(LABEL, min_size=1, max_size=5))
def test_only_the_same_name_or_its_first_label_as_a_wildcard(name: list[str], host: list[str]) -> None:
    if ".".join(name).replace(".", "").isdigit() or ".".join(host).replace(".", "").isdigit():
        return
    assert is_for([".".join(name)], ".".join(host)) == (name == host)
    assert is_for([".".join(["*", *name])], ".".join(host)) == (name == host[1:] and len(name) > 1)


@pytest.mark.parametrize(
    ("certificate", "names"),
    [
        ({}, []),
        ({"subject": ((("organizationName", "x"),), (("commonName", "web1"),))}, ["web1"]),
        ({"subject": ((("commonName", "web1"),),), "subjectAltName": (("DNS", "web2"),)}, ["web2"]),
        ({"subjectAltName": (("DNS", "a"), ("IP Address", "10.0.0.1"), ("URI", "http://b"))}, ["a", "10.0.0.1"]),
        ({"subject": ((("commonName", "web1"),),), "subjectAltName": (("email", "a@b"),)}, ["web1"]),
    ],
)
def test_the_common_name_counts_only_where_there_is_no_other(certificate: dict[str, Any], names: list[str]) -> None:
    assert names_of(certificate) == names
