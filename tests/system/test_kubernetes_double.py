# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watches of the Kubernetes double, seen by the official client: what it takes for a watch is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import kubernetes
import pytest
from kubernetes.client import ApiClient, ApiException, Configuration, CoreV1Api, DiscoveryV1Api

from tests.harness.kubernetes.double import KubeDouble, kube_api

pytestmark = pytest.mark.double("it is about the double")

SECONDS = 1


@pytest.fixture
def api() -> Iterator[KubeDouble]:
    with kube_api() as api:
        yield api


@pytest.fixture
def client(api: KubeDouble) -> Iterator[ApiClient]:
    configuration = Configuration(host=api.url)
    configuration.ssl_ca_cert = str(api.ca_cert)
    configuration.api_key = {"authorization": f"Bearer {api.token}"}
    with ApiClient(configuration) as client:
        yield client


def pods(api: KubeDouble, client: ApiClient, since: str, **more: Any) -> list[tuple[str, str]]:
    """What one watch tells: types and names."""
    stream = kubernetes.watch.Watch().stream(
        CoreV1Api(client).list_namespaced_pod,
        api.namespace,
        resource_version=since,
        timeout_seconds=SECONDS,
        _request_timeout=20,
        **more,
    )
    return [(event["type"], event["raw_object"]["metadata"].get("name", "")) for event in stream]


def version(api: KubeDouble, client: ApiClient) -> str:
    return str(CoreV1Api(client).list_namespaced_pod(api.namespace, limit=1).metadata.resource_version)


def test_what_happens_after_a_version_is_told_in_order(api: KubeDouble, client: ApiClient) -> None:
    api.add_pod("a", "10.1.0.1")
    since = version(api, client)
    api.add_pod("b", "10.1.0.2")
    api.add_pod("elsewhere", "10.1.0.2", namespace="other")
    api.set_ready("a", False)
    api.set_ready("a", False)
    api.remove_pod("a")
    assert pods(api, client, since) == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "a")]
    assert int(version(api, client)) > int(since)


def test_without_a_version_what_is_there_comes_first(api: KubeDouble, client: ApiClient) -> None:
    api.add_pod("a", "10.1.0.1")
    api.add_pod("b", "10.1.0.2")
    assert pods(api, client, "0") == [("ADDED", "a"), ("ADDED", "b")]


def test_what_leaves_a_selector_is_deleted_and_what_enters_it_added(api: KubeDouble, client: ApiClient) -> None:
    api.add_pod("a", "10.1.0.1", labels={"app": "chat"})
    api.add_pod("b", "10.1.0.2", labels={"app": "other"})
    since = version(api, client)
    api.write("PATCH", "pods", None, "a", {"metadata": {"labels": {"app": "other"}}})
    api.write("PATCH", "pods", None, "b", {"metadata": {"labels": {"app": "chat"}}})
    api.set_ready("a", False)
    api.remove_pod("a")
    assert pods(api, client, since, label_selector="app=chat") == [("DELETED", "a"), ("ADDED", "b")]
    assert pods(api, client, since, field_selector="metadata.name=b") == [("MODIFIED", "b")]


def test_an_endpoint_slice_changes(api: KubeDouble, client: ApiClient) -> None:
    stream = kubernetes.watch.Watch().stream(
        DiscoveryV1Api(client).list_namespaced_endpoint_slice, api.namespace, timeout_seconds=20, _request_timeout=30
    )
    api.add_slice("chat", [api.endpoint("10.1.0.1")], service="chat")
    assert next(stream)["type"] == "ADDED"
    api.set_slice("chat", [api.endpoint("10.1.0.1"), api.endpoint("10.1.0.2")])
    event = next(stream)
    assert (event["type"], len(event["object"].endpoints)) == ("MODIFIED", 2)


def test_a_version_that_was_forgotten_is_gone(api: KubeDouble, client: ApiClient) -> None:
    api.add_pod("a", "10.1.0.1")
    since = version(api, client)
    api.compact()
    with pytest.raises(ApiException, match="Expired: too old resource version") as raised:
        pods(api, client, since)
    assert raised.value.status == 410
    assert pods(api, client, version(api, client)) == []


def test_a_selector_that_is_wrong_and_a_right_that_is_missing(api: KubeDouble, client: ApiClient) -> None:
    with pytest.raises(ApiException) as raised:
        pods(api, client, "0", label_selector="a in b")
    assert raised.value.status == 400
    api.restrict([{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}])
    since = version(api, client)
    with pytest.raises(ApiException, match="cannot watch resource") as raised:
        pods(api, client, since)
    assert raised.value.status == 403
