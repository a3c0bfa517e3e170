# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Services and their pods add to slices and Endpoints: pods that still run, and hints which Service was meant.

The account needs the right to list both. Without it both are left out, and nothing else depends on them.
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any, Callable, Iterable, Iterator, Mapping, NamedTuple, Optional, Sequence, TypeVar

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import ClusterError, DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.addresses import canonical
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.auth import ApiConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.listing import (
    ApiError,
    ListRequest,
    list_all,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes.parse import (
    MALFORMED,
    Naming,
    Unnamed,
    is_ready,
    where,
)

_FORBIDDEN = 403
_HINTS = 3
_NO_SELECTORS: Mapping[str, Any] = {"selector": None, "field_selector": None}
_FAMILIES = ("IPv4", "IPv6")

T = TypeVar("T")


class Service(NamedTuple):
    """``selector``: the labels of its pods, empty where nobody selects them. ``families``: IPv4, IPv6 or both."""

    name: str
    labels: Mapping[str, str]
    selector: Mapping[str, str]
    families: Sequence[str]


class Asked(NamedTuple):
    """Where and how to ask."""

    connection: ApiConnection
    config: Mapping[str, Any]

    def services(self, namespace: str, name: Optional[str] = None, pages: Optional[int] = None) -> list[Service]:
        """
        :raises DiscoveryError: they cannot be had, or are none.
        """
        field = f"metadata.name={name}" if name else None
        return self._list("services", namespace, None, field, lambda items: map(_service, items), pages)

    def pods(
        self, namespace: str, labels: str, take: Callable[[list[Any]], Iterable[T]], pages: Optional[int] = None
    ) -> list[T]:
        """
        :param take: makes what is kept of the pods of one page.
        :raises DiscoveryError: they cannot be had.
        """
        return self._list("pods", namespace, labels, None, take, pages)

    def _list(
        self,
        what: str,
        namespace: str,
        labels: Optional[str],
        fields: Optional[str],
        take: Callable[[list[Any]], Iterable[T]],
        pages: Optional[int],
    ) -> list[T]:
        listing = ListRequest(what, namespace, labels, fields, self.config["page_size"], self.config["timeout"])
        kept = list_all(self.connection, _NO_SELECTORS, listing, lambda items: list(take(items)), pages)
        return [one for page in kept for one in page]


def still_running(
    asked: Asked, naming: Naming, services: Sequence[tuple[str, str]], listed: Discovery
) -> frozenset[str]:
    """The second witness: the controller removes pods from the slices for reasons of its own, such as that their Node
    object is gone, while they still run.

    :param services: namespace and name of those whose slices or Endpoints were listed.
    :returns: the names of pods that the own selector of such a Service still matches, that are running, ready and not
        terminating, and that are not listed. Empty for a namespace where the account may not ask.
    :raises DiscoveryError: the API server did not say.
    """
    names: set[str] = set()
    for namespace in sorted({namespace for namespace, _name in services}):
        owners = [name for where, name in services if where == namespace]
        try:
            for service in asked.services(namespace, owners[0] if len(owners) == 1 else None):
                if service.name in owners and service.selector:
                    labels = ",".join(f"{key}={value}" for key, value in service.selector.items())
                    its = naming.of(service.labels)
                    names.update(asked.pods(namespace, labels, partial(_running_names, its, service)))
        except ApiError as error:
            if error.status != _FORBIDDEN:
                raise
    return frozenset(names) - listed.names


def _running_names(naming: Naming, service: Service, pods: Iterable[Any]) -> Iterator[str]:
    """As slices of this Service would name them. A pod that is listed by one of its addresses may be a member by the
    name that another one gives, so being listed is no reason to leave it out.

    :raises DiscoveryError: a pod is malformed.
    """
    for pod in pods:
        try:
            metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
            if status.get("phase") != "Running" or metadata.get("deletionTimestamp") or not is_ready(status):
                continue
            addresses = _addresses(status)
            # By a host name a pod is known below one Service alone.
            hostname = spec.get("hostname") if spec.get("subdomain") in (None, service.name) else None
            address = next((one for one in addresses if _family(one) in service.families), None)
            namespace = metadata["namespace"]
        except MALFORMED:
            raise DiscoveryError(f"the API server lists a pod that is malformed: {where(pod)}") from None
        if address:
            with contextlib.suppress(Unnamed):
                yield naming.name(address, namespace, hostname, service.name)


def _addresses(status: Mapping[str, Any]) -> list[str]:
    """IPv4 first, as slices are read."""
    given = [one["ip"] for one in status.get("podIPs") or ()] or [status.get("podIP")]
    return sorted(filter(None, map(canonical, given)), key=_family)


def _family(address: str) -> str:
    return _FAMILIES[":" in address]


def hint(asked: Asked, namespace: str, selector: str) -> str:
    """Which Services have pods with the labels that a selector asks for, as the end of a sentence; empty where there
    are none, or where the account may not ask. Of each list the first page has to do."""
    try:
        labels = asked.pods(namespace, selector, lambda pods: [pod["metadata"].get("labels") or {} for pod in pods], 1)
        services = asked.services(namespace, pages=1)
    except (ClusterError, *MALFORMED):
        return ""
    names = sorted(
        service.name
        for service in services
        if service.selector and any(service.selector.items() <= one.items() for one in labels)
    )
    if not names:
        return ""
    shown = " or ".join(map(repr, names[:_HINTS])) + (f" or {len(names) - _HINTS} more" if names[_HINTS:] else "")
    return f"; the pods with these labels are those of Service {shown}, which config.service_name takes"


def _service(item: Any) -> Service:
    try:
        metadata, spec = item["metadata"], item.get("spec") or {}
        service = Service(
            metadata["name"],
            metadata.get("labels") or {},
            spec.get("selector") or {},
            spec.get("ipFamilies") or _FAMILIES,
        )
        texts: Iterator[Any] = iter((service.name, *service.selector.keys(), *service.selector.values()))
        if all(isinstance(text, str) for text in texts) and isinstance(service.families, (list, tuple)):
            return service
    except MALFORMED:
        pass
    raise DiscoveryError("the API server lists a Service that is malformed")
