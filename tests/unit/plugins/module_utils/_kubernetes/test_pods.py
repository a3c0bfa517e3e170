# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod that a node's name speaks of."""

from __future__ import annotations

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.pods import Trace, is_pod_name, trace_of
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes.parse import Naming
from hypothesis import given
from hypothesis import strategies as st

DOMAIN = "cluster.local"


@pytest.mark.parametrize("ip", ["10.1.0.7", "fd00:10::7", "::1", "fe80::", "2001:db8:1:2:3:4:5:6"])
@pytest.mark.parametrize(("mode", "namespace"), [("ip", None), ("dns", "prod")])
def test_the_address_in_a_name_that_the_strategy_made(ip: str, mode: str, namespace: str | None) -> None:
    name = Naming("app", mode, DOMAIN, None).name(ip, "prod", None, None)
    assert trace_of(name.partition("@")[2], mode, DOMAIN) == Trace(ip, namespace=namespace)


def test_the_pod_in_a_name_that_the_strategy_made() -> None:
    name = Naming("app", "hostname", DOMAIN, "chat").name("10.1.0.7", "prod", "chat-7", None)
    assert trace_of(name.partition("@")[2], "hostname", DOMAIN) == Trace(pod_name="chat-7", namespace="prod")


@pytest.mark.parametrize(
    ("mode", "host"),
    [
        ("ip", "web1"),
        ("ip", "10.1.0"),
        ("ip", "10-1-0-7.prod.pod.cluster.local"),
        ("dns", "10.1.0.7"),
        ("dns", "10-1-0-7.prod.pod.other.local"),
        ("dns", "10-1-0.prod.pod.cluster.local"),
        ("dns", "chat-0.prod.pod.cluster.local"),
        ("dns", "10-1-0-7.../../x.pod.cluster.local"),
        ("hostname", "chat-0"),
        ("hostname", "chat-0.chat.prod.svc.clusterxlocal"),
        ("hostname", "../secrets.chat.prod.svc.cluster.local"),
        ("hostname", "chat%2f0.chat.prod.svc.cluster.local"),
        ("hostname", "a.chat-0.chat.prod.svc.cluster.local"),
    ],
)
def test_a_name_that_the_strategy_did_not_make(mode: str, host: str) -> None:
    assert trace_of(host, mode, DOMAIN) is None


@given(
    host=st.text(max_size=60) | st.from_regex(r"[a-z0-9./%:-]{1,60}"),
    mode=st.sampled_from(["ip", "dns", "hostname"]),
)
def test_what_comes_out_of_a_name_is_fit_for_a_path(host: str, mode: str) -> None:
    trace = trace_of(host, mode, DOMAIN)
    for part in (trace.pod_name, trace.namespace) if trace else ():
        assert part is None or is_pod_name(part)


def test_a_trace_leads_into_the_topologys_own_namespaces_alone() -> None:
    assert Trace("10.1.0.7").within(["a", "b"]) == ["a", "b"]
    assert Trace("10.1.0.7", namespace="b").within(["a", "b"]) == ["b"]
    assert Trace("10.1.0.7", namespace="c").within(["a", "b"]) == []
