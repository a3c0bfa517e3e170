# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of, topology_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError, OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, FAILED, PARTIAL, Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.rancher.parse import parse
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover
from hypothesis import given
from hypothesis import strategies as st


def container(number: int = 1, **fields: Any) -> dict[str, Any]:
    """What Rancher 1.6 says of a container, save what nobody reads."""
    ip = f"10.42.0.{number}"
    return {
        "name": f"chat-app-{number}",
        "uuid": f"c{number}",
        "host_uuid": "h1",
        "ips": [ip],
        "primary_ip": ip,
        "state": "running",
        "health_state": None,
        **fields,
    }


def read(*containers: Any, basename: str | None = "app") -> Discovery:
    return parse(basename, {"name": "app", "stack_name": "chat", "containers": list(containers)})


def test_each_container_is_a_node_at_its_first_address() -> None:
    found = read(container(1), container(2, ips=["10.42.0.2", "192.168.0.2"], health_state="healthy"))
    assert found == Discovery.complete(
        [
            Node(
                f"app@10.42.0.{number}",
                f"10.42.0.{number}",
                attributes={
                    "container_name": f"chat-app-{number}",
                    "uuid": f"c{number}",
                    "host_uuid": "h1",
                    "state": "running",
                    "health_state": health,
                },
            )
            for number, health in ((1, None), (2, "healthy"))
        ]
    )


def test_containers_that_share_an_address_are_no_single_node() -> None:
    """D2: such as those in the network of their host."""
    found = read(container(1), container(2, ips=["10.42.0.1"]), container(3, ips=["10.42.0.1"], state="stopping"))
    assert (found.status, found.names) == (PARTIAL, {"app@10.42.0.1"})
    assert found.reasons == ("2 containers have the address of 'app@10.42.0.1', and one name is one node",)


@pytest.mark.parametrize("first_is_new", [True, False])
def test_a_container_that_goes_does_not_hide_the_one_that_got_its_address(first_is_new: bool) -> None:
    """K4, of another source: whatever the order."""
    old, new = container(1, state="stopping"), container(2, ips=["10.42.0.1"])
    found = read(*((new, old) if first_is_new else (old, new)))
    assert found.status == COMPLETE
    assert [(node.state, node.attributes["uuid"]) for node in found.nodes] == [("ready", "c2")]


def test_an_address_has_one_text() -> None:
    """K7"""
    assert read(container(1, ips=["FD00:0:0:0:0:0:0:7"])).names == {"app@fd00::7"}


def test_without_a_basename_the_address_is_the_name() -> None:
    assert read(container(1), basename=None).names == {"10.42.0.1"}


@pytest.mark.parametrize(
    ("state", "health", "expected"),
    [
        ("running", None, "ready"),
        ("running", "healthy", "ready"),
        ("updating-running", "updating-healthy", "ready"),
        ("running", "initializing", "not_ready"),
        ("running", "unhealthy", "not_ready"),
        ("starting", None, "not_ready"),
        ("restarting", "healthy", "not_ready"),
        ("a-state-of-tomorrow", "healthy", "not_ready"),
        ("stopping", "healthy", "terminating"),
    ],
)
def test_the_state_of_a_container_is_that_of_its_node(state: str, health: str | None, expected: str) -> None:
    found = read(container(1, state=state, health_state=health))
    assert (found.status, [node.state for node in found.nodes]) == (COMPLETE, [expected])


def test_a_stopped_container_is_no_node() -> None:
    found = read(container(1), container(2, state="stopped"), container(3, state="stopped", ips=None))
    assert (found.status, found.names) == (COMPLETE, {"app@10.42.0.1"})


@pytest.mark.parametrize(
    ("ips", "problem"),
    [
        (None, "has no address"),
        ([], "has no address"),
        ([""], "'' is not an address"),
        (["{{ 7 * 7 }}"], "'{{ 7 * 7 }}' is not an address"),
        (["0.0.0.0"], "0.0.0.0: no host has this address"),
        (["224.0.0.1"], "224.0.0.1: no host has this address"),
        (["255.255.255.255"], "255.255.255.255: no host has this address"),
        (["fe80::1"], "fe80::1: a link-local address leads nowhere without its zone"),
        (["fe80::1%e@b"], "'fe80::1%e@b' is not an address"),
    ],
)
def test_a_container_without_an_address_leaves_doubt(ips: list[str] | None, problem: str) -> None:
    found = read(container(1), container(2, ips=ips))
    assert (found.status, found.names) == (PARTIAL, {"app@10.42.0.1"})
    assert len(found.reasons) == 1
    assert found.reasons[0].startswith("container 'chat-app-2' (running)")
    assert found.reasons[0].endswith(problem)
    alone = read(container(2, ips=ips))
    assert (alone.status, alone.nodes) == (FAILED, ())


@pytest.mark.parametrize(
    "service",
    [
        None,
        [],
        "app",
        {},
        {"type": "error", "code": 404, "message": "Not found"},
        {"containers": None},
        {"containers": []},
        {"containers": {}},
        {"containers": "chat-app-1"},
        {"containers": {"chat-app-1": container(1)}},
        # The metadata service's version 2015-07-25 has the names alone
        {"containers": ["chat-app-1"]},
        # Whoever asks runs
        {"containers": [container(1, state="stopped"), container(2, state="stopped")]},
        {"containers": [container(1), None]},
        {"containers": [container(1, state=None)]},
        {"containers": [container(1, state=["running"])]},
        {"containers": [container(1, ips="10.42.0.1")]},
        {"containers": [container(1, ips=[1])]},
        {"containers": [container(1, ips=[None])]},
        {"containers": [container(1, health_state=True)]},
        {"containers": [container(1, name={"a": 1})]},
    ],
)
def test_an_answer_of_another_shape_is_an_error(service: Any) -> None:
    with pytest.raises(DiscoveryError, match="^the answer"):
        parse("app", service)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["containers", "state", "ips", "name", "health_state"]), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(_JSON)
def test_no_answer_brings_anything_but_nodes_or_an_error(service: Any) -> None:
    try:
        found = parse("app", service)
    except DiscoveryError:
        return
    assert found.nodes or found.reasons
    json.dumps([dict(node.attributes) for node in found.nodes])


@pytest.mark.parametrize(
    "host",
    [
        "rancher-metadata",
        "https://rancher-metadata",
        "ftp://rancher-metadata",
        "http://",
        "http:///path",
        "http://[::1",
        "http://a:99999",
        "http://a:x",
        "http://a:0",
        "http://a b",
        "http://a/?x",
        "http://a/#x",
        "http://ä",
    ],
)
def test_a_host_that_is_no_url_is_told(host: str) -> None:
    source = source_of({"topology": "chat", "strategy": "rancher", "config": {"host": host}})
    with pytest.raises(OptionError, match=re.escape(f"config.host: {host!r} is not a URL")):
        discover(source)


def test_a_password_in_the_url_is_refused_and_not_shown() -> None:
    source = source_of({"strategy": "rancher", "config": {"host": "http://me:secret@rancher-metadata"}})
    with pytest.raises(OptionError) as caught:
        discover(source)
    assert "secret" not in str(caught.value)


def test_containers_that_are_not_ready_are_connected_unless_told_otherwise() -> None:
    def policy(**config: Any) -> bool:
        params = {"strategy": "rancher", "config": {"node_basename": "app", **config}}
        return topology_of(params).policy.include_not_ready

    assert (policy(), policy(include_not_ready=False)) == (True, False)
