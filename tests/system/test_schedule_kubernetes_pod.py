# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role schedule has Kubernetes run, run: its command as its user, with its files, on real nodes.

The API double takes the part of the API server, with the rights of the Role that was rendered and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.harness.ansible.command import Ansible
from tests.harness.erlang.beam import BASENAME, COOKIE, Beam, beams, is_whole
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.kubernetes.kubelet import on_loopback
from tests.harness.kubernetes.pod import container
from tests.harness.schedule.kubernetes import NAMESPACE, Schedule

pytestmark = pytest.mark.double(
    "its pods are nodes on the loopback, which a real cluster takes for no endpoint's address"
)

LOOKUPS = ("endpoint_slices", "endpoints", "pods")


@pytest.fixture
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    # With a short name: a socket that Ansible makes in it must not have a longer one than sockets may.
    return Ansible(tmp_path_factory.mktemp("home"))


@contextmanager
def pods(nodes: list[Beam]) -> Iterator[KubeDouble]:
    with kube_api() as api:
        for index, node in enumerate(nodes):
            api.add_pod(f"app-{index}", node.address, labels={"app": "app"})
        api.add_endpoints("app", [api.address(node.address) for node in nodes])
        api.add_slice("app", [api.endpoint(node.address) for node in nodes], service="app")
        yield api


def topology(api: KubeDouble, node: Beam, **config: Any) -> dict[str, Any]:
    return {
        "strategy": "kubernetes",
        "config": {"namespace": api.namespace, "node_basename": BASENAME, **config},
        "driver_config": {"port": node.port, "cookie_file": "{{ lookup('ansible.builtin.env', 'APP_COOKIE_FILE') }}"},
    }


def output_of_a_job(schedule: Schedule, api: KubeDouble, directory: Path) -> str:
    """Of one that may do what its Role says and no more, and that has succeeded."""
    manifests = schedule.rendered()
    pod = manifests["CronJob", NAMESPACE]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    api.restrict(manifests["Role", api.namespace]["rules"])
    with container(pod, schedule.mounted(manifests), api, NAMESPACE, directory) as running:
        return running.ends(120)


def ansible_config_in(
    pod: dict[str, Any], mounted: dict[tuple[str, str], Any], api: KubeDouble, directory: Path
) -> str:
    """What the pod's Ansible has set otherwise than by default, and from where."""
    (main,) = pod["containers"]
    asking = {**pod, "containers": [{**main, "command": ["ansible-config", "dump", "--only-changed"]}]}
    with container(asking, mounted, api, NAMESPACE, directory) as running:
        return running.ends(120)


@pytest.mark.long
def test_a_job_heals(ansible: Ansible, tmp_path: Path) -> None:
    with beams(3) as nodes, pods(nodes) as api:
        schedule = Schedule(ansible, secrets={"APP_COOKIE": COOKIE})
        # Each lookup in a run: the Role has to be right for all of them at once.
        schedule.topologies({lookup: topology(api, nodes[0], lookup=lookup) for lookup in LOOKUPS})
        output = output_of_a_job(schedule, api, tmp_path / "pod")
        assert is_whole(nodes), output
        assert "failed=0" in output
        assert "[WARNING]" not in output
        assert {(request.method, request.path) for request in api.requests} == {
            ("GET", f"/apis/discovery.k8s.io/v1/namespaces/{api.namespace}/endpointslices"),
            ("GET", f"/api/v1/namespaces/{api.namespace}/endpoints"),
            ("GET", f"/api/v1/namespaces/{api.namespace}/pods"),
        }
        assert COOKIE not in output


@pytest.mark.long
def test_a_deployment_goes_on_healing_and_stops_when_told(ansible: Ansible, tmp_path: Path) -> None:
    with beams(3) as nodes, pods(nodes) as api:
        schedule = Schedule(
            ansible, secrets={"APP_COOKIE": COOKIE}, loop=True, watch=True, interval=30, kubernetes_user=54321
        )
        schedule.topologies({"app": topology(api, nodes[0])})
        manifests = schedule.rendered()
        api.restrict(manifests["Role", api.namespace]["rules"])
        api.set_slice("app", [api.endpoint(node.address) for node in nodes[:2]])
        pod, mounted = manifests["Deployment", NAMESPACE]["spec"]["template"]["spec"], schedule.mounted(manifests)
        assert "/inventories/ansible.cfg) = 0.1" in ansible_config_in(pod, mounted, api, tmp_path / "config")
        with container(pod, mounted, api, NAMESPACE, tmp_path / "pod") as running:
            running.until(lambda: is_whole(nodes[:2]), 120, "a mesh of two")
            api.set_slice("app", [api.endpoint(node.address) for node in nodes])
            running.until(lambda: is_whole(nodes), 120, "a mesh of three")
            output = running.stop(60)
        assert is_whole(nodes), output


@pytest.mark.long
def test_a_job_heals_through_port_forwards(ansible: Ansible, tmp_path: Path) -> None:
    with beams(2) as nodes, pods(nodes) as api:
        for index, node in enumerate(nodes):
            api.forward(f"app-{index}", on_loopback(node.address))
        schedule = Schedule(ansible, secrets={"APP_COOKIE": COOKIE})
        wanted = topology(api, nodes[0], lookup="pods")
        wanted["driver_config"]["transport"] = "port_forward"
        schedule.topologies({"app": wanted})
        output = output_of_a_job(schedule, api, tmp_path / "pod")
        assert is_whole(nodes), output
        assert any(request.path.endswith("/portforward") for request in api.requests), output
