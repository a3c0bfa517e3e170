# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses a service in Rancher's metadata into nodes.

https://rancher.com/docs/rancher/v1.6/en/rancher-services/metadata-service/
"""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.addresses import (
    ip_of,
    text_of,
    why_no_host,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    NODE_STATES,
    NOT_READY,
    READY,
    TERMINATING,
    Discovery,
    Node,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._names import name_of

_STOPPED = "stopped"
_STOPPING = "stopping"
_RUNNING = ("running", "updating-running")
# Null is the health of a container without a health check.
_HEALTHY = (None, "healthy", "updating-healthy")
_ATTRIBUTES = ("name", "uuid", "host_uuid", "state", "health_state")


def parse(basename: Optional[str], service: Any) -> Discovery:
    """
    :param service: the decoded answer to ``self/service``.
    :raises DiscoveryError: it is no service with containers of which one at least is not stopped.
    """
    nodes: list[Node] = []
    problems: list[str] = []
    for container in _not_stopped(service):
        try:
            nodes.append(_node(basename, container))
        except _Unusable as problem:
            problems.append(str(problem))
    nodes, shared = _one_of_each_name(nodes)
    problems += shared
    if not problems:
        return Discovery.complete(nodes)
    return Discovery.partial(nodes, problems) if nodes else Discovery.failed(problems)


def _one_of_each_name(nodes: Sequence[Node]) -> tuple[list[Node], list[str]]:
    """
    :returns: of those with one name the one that is most likely to stay, whatever their order; and where several of
        them do stay, how many.
    """
    by_name: dict[str, list[Node]] = {}
    for node in nodes:
        by_name.setdefault(node.name, []).append(node)
    shared = []
    for name, its in by_name.items():
        its.sort(key=lambda node: NODE_STATES.index(node.state))
        staying = sum(node.state != TERMINATING for node in its)
        if staying > 1:
            shared.append(f"{staying} containers have the address of {name!r}, and one name is one node")
    return [its[0] for its in by_name.values()], shared


class _Unusable(Exception):
    """Why a container gives no node."""


def _not_stopped(service: Any) -> list[Mapping[str, Any]]:
    containers = [container for container in _containers(service) if container["state"] != _STOPPED]
    if not containers:
        raise DiscoveryError("the answer has stopped containers only, and whoever asks is one that runs")
    return containers


def _containers(service: Any) -> list[Mapping[str, Any]]:
    containers = service.get("containers") if isinstance(service, dict) else None
    if not containers:
        # Whoever asks is a container of the service, and so is in the list.
        raise DiscoveryError("the answer is no service with containers")
    if not isinstance(containers, list) or not all(_is_container(container) for container in containers):
        raise DiscoveryError("the answer's containers are not what the metadata service has (name, state, ips)")
    return containers


def _is_container(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("state"), str):
        return False
    ips = value.get("ips")
    if ips is not None and not (isinstance(ips, list) and all(isinstance(ip, str) for ip in ips)):
        return False
    return all(value.get(key) is None or isinstance(value[key], str) for key in _ATTRIBUTES)


def _node(basename: Optional[str], container: Mapping[str, Any]) -> Node:
    """
    :raises _Unusable: it has no address that a node can have.
    """
    who = f"container {str(container.get('name') or container.get('uuid'))[:80]!r} ({container['state'][:80]})"
    ips = container.get("ips")
    if not ips:
        raise _Unusable(f"{who} has no address")
    try:
        ip = ip_of(ips[0])
    except ValueError:
        raise _Unusable(f"{who}: {ips[0][:80]!r} is not an address") from None
    address = text_of(ip)
    problem = why_no_host(ip)
    if problem:
        raise _Unusable(f"{who}: {address}: {problem}")
    name = name_of("Rancher", basename, address)
    attributes = {f"container_{key}" if key == "name" else key: container.get(key) for key in _ATTRIBUTES}
    return Node(name, address, _state(container), attributes)


def _state(container: Mapping[str, Any]) -> str:
    state = container["state"]
    if state == _STOPPING:
        return TERMINATING
    return READY if state in _RUNNING and container.get("health_state") in _HEALTHY else NOT_READY
