# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a list of EndpointSlices, Endpoints or pods says of the nodes. Pure: payload in, nodes out.

Everything in a payload is outside data: an object that does not have its documented shape becomes a reason, never a
crash and never a silent gap.
https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import TopologyError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import NOT_READY, READY, TERMINATING, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import name_of

OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
SERVICE_LABEL = "kubernetes.io/service-name"
ZONE_LABEL = "topology.kubernetes.io/zone"
_IP = re.compile(r"[0-9A-Fa-f.:]{2,45}")
_GONE_PHASES = ("Failed", "Succeeded")
_MALFORMED = (AttributeError, IndexError, KeyError, TypeError)


class Unnamed(Exception):
    """An address for which the mode gives no name; the text says what it lacks."""


class Member(NamedTuple):
    """A node that was read. ``identity`` is what it stands for: the same pod may be read once in each address family,
    and then the lowest ``preference`` wins."""

    identity: str
    preference: int
    node: Node


@dataclass
class Batch:
    """What one page holds. ``problems``: what is wrong -> where."""

    objects: int = 0
    members: list[Member] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)

    def problem(self, what: str, where: str) -> None:
        self.problems.setdefault(what, []).append(where)


@dataclass(frozen=True)
class Naming:
    """How nodes are called, as libcluster calls them. ``service_name`` None: what the object itself says."""

    topology: str
    basename: Optional[str]
    mode: str
    cluster_domain: str
    service_name: Optional[str]

    def name(self, ip: str, namespace: str, hostname: Optional[str], service: Optional[str]) -> str:
        """
        :raises Unnamed: the mode needs what is not there, or the result can't be a node's name.
        """
        if not isinstance(ip, str) or not _IP.fullmatch(ip):
            raise Unnamed("the address is not an IP address")
        if self.mode == "ip":
            host = ip
        elif self.mode == "dns":
            host = f"{ip.replace('.', '-').replace(':', '-')}.{namespace}.pod.{self.cluster_domain}"
        else:
            service = self.service_name or service
            if not hostname:
                raise Unnamed("mode 'hostname' needs a hostname, and there is none")
            if not service:
                raise Unnamed(f"mode 'hostname' needs a Service: neither config.service_name nor label {SERVICE_LABEL}")
            host = f"{hostname}.{service}.{namespace}.svc.{self.cluster_domain}"
        try:
            return name_of(self.topology, "config", self.basename, host)
        except TopologyError as error:
            raise Unnamed(error.problem) from None


def parse(lookup: str, items: Iterable[Any], naming: Naming) -> Batch:
    """One page of items."""
    batch = Batch()
    read = _READERS[lookup]
    for item in items:
        batch.objects += 1
        try:
            read(item, naming, batch)
        except _MALFORMED:
            batch.problem("an object is malformed", _where(item))
    return batch


def merge(batches: Sequence[Batch]) -> tuple[list[Node], list[str]]:
    """
    :returns: one node for each pod, and what is wrong, in words.
    """
    members = [member for batch in batches for member in batch.members]
    members.sort(key=lambda member: member.preference)
    nodes: dict[str, Node] = {}
    for member in members:
        nodes.setdefault(member.identity, member.node)
    problems: dict[str, list[str]] = {}
    for batch in batches:
        for what, where in batch.problems.items():
            problems.setdefault(what, []).extend(where)
    return list(nodes.values()), [_sentence(what, where) for what, where in problems.items()]


def _sentence(what: str, where: Sequence[str]) -> str:
    others = len(where) - 1
    return f"{what}: {where[0]}" + (f" and {others} more" if others else "")


def _where(item: Any) -> str:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(metadata, dict):
        return repr(item)[:80]
    return f"{metadata.get('namespace')}/{metadata.get('name')}"[:200]


def _read_pod(pod: Any, naming: Naming, batch: Batch) -> None:
    metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    ip = status.get("podIP")
    if not ip or status.get("phase") in _GONE_PHASES:
        return
    labels = metadata.get("labels") or {}
    terminating = bool(metadata.get("deletionTimestamp"))
    ready = any(
        condition["type"] == "Ready" and condition["status"] == "True" for condition in status.get("conditions") or ()
    )
    attributes = {
        "pod_name": metadata["name"],
        "pod_uid": metadata.get("uid"),
        "namespace": metadata["namespace"],
        "k8s_node": spec.get("nodeName"),
        "zone": labels.get(ZONE_LABEL),
        "hostname": spec.get("hostname"),
        "service_name": naming.service_name,
        "ready": ready,
        "serving": ready,
        "terminating": terminating,
        "phase": status.get("phase"),
        "labels": labels,
        "annotations": metadata.get("annotations") or {},
    }
    _add(batch, naming, ip, attributes)


def _read_slice(slice_: Any, naming: Naming, batch: Batch) -> None:
    metadata = slice_["metadata"]
    _check_capacity(metadata, batch)
    service = (metadata.get("labels") or {}).get(SERVICE_LABEL) or naming.service_name
    family = slice_["addressType"]
    preference = 1 if family == "IPv6" else 0
    endpoints = slice_.get("endpoints") or ()
    if endpoints and family not in ("IPv4", "IPv6"):
        batch.problem(f"addresses of type {str(family)[:40]!r} are no IP addresses", _where(slice_))
        return
    for endpoint in endpoints:
        conditions = endpoint.get("conditions") or {}
        # The API asks its readers to take an unknown condition as ready, and as serving what is ready.
        ready = conditions.get("ready") is not False
        serving = conditions.get("serving")
        attributes = _of_target(endpoint, metadata["namespace"])
        attributes["zone"] = endpoint.get("zone")
        attributes["service_name"] = service
        attributes["ready"] = ready
        attributes["serving"] = ready if serving is None else bool(serving)
        attributes["terminating"] = conditions.get("terminating") is True
        # The API asks its readers to use the first address only.
        _add(batch, naming, endpoint["addresses"][0], attributes, endpoint.get("targetRef"), preference)


def _read_endpoints(endpoints: Any, naming: Naming, batch: Batch) -> None:
    metadata = endpoints["metadata"]
    _check_capacity(metadata, batch)
    subsets = endpoints.get("subsets") or ()
    for key, ready in (("addresses", True), ("notReadyAddresses", False)):
        for subset in subsets:
            for address in subset.get(key) or ():
                attributes = _of_target(address, metadata["namespace"])
                attributes["zone"] = None
                attributes["service_name"] = metadata["name"]
                attributes["ready"] = attributes["serving"] = ready
                attributes["terminating"] = False
                _add(batch, naming, address["ip"], attributes)


def _of_target(endpoint: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    target = endpoint.get("targetRef") or {}
    is_pod = target.get("kind") == "Pod"
    return {
        "pod_name": target.get("name") if is_pod else None,
        "pod_uid": target.get("uid") if is_pod else None,
        "namespace": namespace,
        "k8s_node": endpoint.get("nodeName"),
        "hostname": endpoint.get("hostname"),
    }


def _add(
    batch: Batch, naming: Naming, ip: str, attributes: dict[str, Any], target: Any = None, preference: int = 0
) -> None:
    namespace = attributes["namespace"]
    try:
        name = naming.name(ip, namespace, attributes["hostname"], attributes["service_name"])
    except Unnamed as error:
        batch.problem(str(error), f"{namespace}/{attributes['pod_name'] or ip}"[:200])
        return
    state = TERMINATING if attributes["terminating"] else READY if attributes["ready"] else NOT_READY
    reference = target.get("uid") or target.get("name") if target else None
    identity = f"{namespace}/{reference}" if reference else name
    batch.members.append(Member(identity, preference, Node(name, ip, state, attributes)))


def _check_capacity(metadata: Mapping[str, Any], batch: Batch) -> None:
    if (metadata.get("annotations") or {}).get(OVER_CAPACITY) == "truncated":
        batch.problem(f"some addresses were left out ({OVER_CAPACITY}: truncated)", _where({"metadata": metadata}))


_READERS: Mapping[str, Callable[[Any, Naming, Batch], None]] = {
    "endpoint_slices": _read_slice,
    "endpoints": _read_endpoints,
    "pods": _read_pod,
}
