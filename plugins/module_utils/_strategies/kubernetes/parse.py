# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses lists of EndpointSlices, Endpoints or pods. Pure: payload in, nodes out.

A payload is untrusted: an object that does not have its documented shape becomes a reason, never a crash and never a
silent gap.
https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Iterable, Mapping, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.addresses import canonical
from ansible_collections.selfheal.cluster.plugins.module_utils._model import NOT_READY, READY, TERMINATING, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._names import check_name, is_basename
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes.merge import (
    Endpoint,
    Nameless,
    Names,
    PageContent,
)

OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
SERVICE_LABEL = "kubernetes.io/service-name"
ZONE_LABEL = "topology.kubernetes.io/zone"
_NOTHING: Mapping[str, Any] = {}
_GONE_PHASES = ("Failed", "Succeeded")
MALFORMED = (AttributeError, IndexError, KeyError, TypeError)


class Unnamed(Exception):
    """The option ``mode`` gives this address no name; the text says what is missing."""


@dataclass(frozen=True)
class Naming:
    """How nodes are named, as in libcluster. ``service_name``: None for the object's own. ``selects``: the topology
    selects its Services. ``label``: the label with the basename. ``lack``: the problem if that label is missing."""

    basename: Optional[str]
    mode: str
    cluster_domain: str
    service_name: Optional[str]
    selects: bool = False
    label: Optional[str] = None
    lack: Optional[str] = None

    def of(self, labels: Mapping[str, Any]) -> Naming:
        """The naming for an object with these labels."""
        if not self.label:
            return self
        value = labels.get(self.label)
        if is_basename(value):
            return replace(self, basename=value)
        what = f"is {value!r}, which is no basename" if value else "is missing"
        return replace(self, lack=f"label {self.label!r} (config.node_basename_label) {what}"[:200])

    def name(self, ip: str, namespace: str, hostname: Optional[str], service: Optional[str]) -> str:
        """
        :param ip: in its canonical text.
        :raises Unnamed: the mode needs what is not there, or the result can't be a node's name.
        """
        if self.lack:
            raise Unnamed(self.lack)
        if self.mode == "ip":
            # An address behind a basename that was checked is a name, unless that is very long.
            name = f"{self.basename}@{ip}" if self.basename else ip
            if len(name) <= 255:
                return name
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
            return check_name("config", f"{self.basename}@{host}" if self.basename else host)
        except OptionError as error:
            raise Unnamed(error.problem) from None


def parse(lookup: str, items: Iterable[Any], naming: Naming) -> PageContent:
    """One page of items."""
    batch = PageContent()
    read = _READERS[lookup]
    for item in items:
        batch.objects += 1
        try:
            read(item, naming, batch)
        except MALFORMED:
            batch.problem("an object is malformed", where(item))
    return batch


def is_ready(status: Mapping[str, Any]) -> bool:
    """The state of a pod, from its status."""
    conditions = status.get("conditions") or ()
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def where(item: Any) -> str:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(metadata, dict):
        return repr(item)[:80]
    return f"{metadata.get('namespace')}/{metadata.get('name')}"[:200]


def _read_pod(pod: Any, naming: Naming, batch: PageContent) -> None:
    metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    ip = status.get("podIP")
    if not ip or status.get("phase") in _GONE_PHASES:
        return
    labels = metadata.get("labels") or {}
    terminating = bool(metadata.get("deletionTimestamp"))
    ready = is_ready(status)
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
    _add(batch, naming.of(labels), ip, attributes, metadata)


def _read_slice(slice_: Any, naming: Naming, batch: PageContent) -> None:
    metadata = slice_["metadata"]
    _check_capacity(metadata, batch)
    namespace, labels = metadata["namespace"], metadata.get("labels") or {}
    own_service = labels.get(SERVICE_LABEL)
    endpoints = _list_in(slice_, "endpoints")
    has_addresses = slice_["addressType"] in ("IPv4", "IPv6")
    if own_service:
        _note_service(batch, namespace, own_service, has_addresses and bool(endpoints))
    if not has_addresses:
        if endpoints and own_service:
            batch.names.append(Names((namespace, own_service), naming.selects, where(slice_)))
        return
    naming, service = naming.of(labels), own_service or naming.service_name
    for endpoint in endpoints:
        try:
            conditions = endpoint.get("conditions") or {}
            serving = conditions.get("serving")
            # The API asks its readers to take an unknown condition as ready, and as serving what is ready. A Service
            # with publishNotReadyAddresses calls every pod ready, and only serving tells whether it is.
            ready = conditions.get("ready") is not False and serving is not False
            target = endpoint.get("targetRef") or _NOTHING
            is_pod = target.get("kind") == "Pod"
            attributes = {
                "pod_name": target.get("name") if is_pod else None,
                "pod_uid": target.get("uid") if is_pod else None,
                "namespace": namespace,
                "k8s_node": endpoint.get("nodeName"),
                "zone": endpoint.get("zone"),
                "hostname": endpoint.get("hostname"),
                "service_name": service,
                "ready": ready,
                "serving": ready if serving is None else bool(serving),
                "terminating": conditions.get("terminating") is True,
            }
            # The API asks its readers to use the first address only.
            _add(batch, naming, endpoint["addresses"][0], attributes, target)
        except MALFORMED:
            batch.problem("an endpoint is malformed", where(slice_))


def _read_endpoints(endpoints: Any, naming: Naming, batch: PageContent) -> None:
    metadata = endpoints["metadata"]
    _check_capacity(metadata, batch)
    namespace, service = metadata["namespace"], metadata["name"]
    naming, subsets = naming.of(metadata.get("labels") or {}), _list_in(endpoints, "subsets")
    _note_service(batch, namespace, service, bool(subsets))
    for key, ready in (("addresses", True), ("notReadyAddresses", False)):
        for subset in subsets:
            try:
                addresses = _list_in(subset, key)
            except MALFORMED:
                batch.problem("a subset is malformed", where(endpoints))
                continue
            for address in addresses:
                try:
                    target = address.get("targetRef") or _NOTHING
                    is_pod = target.get("kind") == "Pod"
                    attributes = {
                        "pod_name": target.get("name") if is_pod else None,
                        "pod_uid": target.get("uid") if is_pod else None,
                        "namespace": namespace,
                        "k8s_node": address.get("nodeName"),
                        "zone": None,
                        "hostname": address.get("hostname"),
                        "service_name": service,
                        "ready": ready,
                        "serving": ready,
                        "terminating": False,
                    }
                    _add(batch, naming, address["ip"], attributes, target)
                except MALFORMED:
                    batch.problem("an address is malformed", where(endpoints))


def _list_in(object_: Any, key: str) -> Any:
    """
    :raises TypeError: it is there, and is no list.
    """
    value = object_.get(key) or ()
    if not isinstance(value, (list, tuple)):
        raise TypeError(key)
    return value


def _note_service(batch: PageContent, namespace: str, name: str, has_addresses: bool) -> None:
    if not isinstance(namespace, str) or not isinstance(name, str):
        raise TypeError("metadata")
    service = namespace, name
    batch.services[service] = has_addresses or batch.services.get(service, False)


def _add(batch: PageContent, naming: Naming, ip: Any, attributes: dict[str, Any], target: Mapping[str, Any]) -> None:
    """
    :param ip: as it is in the payload.
    :param target: the key by which two addresses are known to be one pod: its ``uid``, or else its ``name``.
    """
    namespace = attributes["namespace"]
    if not isinstance(namespace, str):
        raise TypeError("namespace")
    address = canonical(ip)
    if address is None:
        batch.problem("the address is not an IP address", f"{namespace}/{attributes['pod_name'] or ip}"[:200])
        return
    reference = target.get("uid") or target.get("name")
    instance = f"{namespace}/{reference or address}"
    try:
        name = naming.name(address, namespace, attributes["hostname"], attributes["service_name"])
    except Unnamed as error:
        place = f"{namespace}/{attributes['pod_name'] or address}"[:200]
        batch.nameless.append(Nameless(instance, (namespace, address), str(error), place))
        return
    state = TERMINATING if attributes["terminating"] else READY if attributes["ready"] else NOT_READY
    batch.endpoints.append(Endpoint(instance, Node(name, address, state, attributes)))


def _check_capacity(metadata: Mapping[str, Any], batch: PageContent) -> None:
    if (metadata.get("annotations") or {}).get(OVER_CAPACITY) == "truncated":
        batch.problem(f"some addresses were left out ({OVER_CAPACITY}: truncated)", where({"metadata": metadata}))


_READERS: Mapping[str, Callable[[Any, Naming, PageContent], None]] = {
    "endpoint_slices": _read_slice,
    "endpoints": _read_endpoints,
    "pods": _read_pod,
}
