# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists that an API server keeps, and a page of one (pure).

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.stream import version_in


class Resource(NamedTuple):
    group: str
    prefix: str
    plural: str
    kind: str


RESOURCES = {
    "endpoint_slices": Resource("discovery.k8s.io", "/apis/discovery.k8s.io/v1", "endpointslices", "EndpointSliceList"),
    "endpoints": Resource("", "/api/v1", "endpoints", "EndpointsList"),
    "pods": Resource("", "/api/v1", "pods", "PodList"),
    "services": Resource("", "/api/v1", "services", "ServiceList"),
}


LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
"""The pattern of one label of a host name (RFC 1123), as the API server takes it."""
_LABEL = re.compile(LABEL)


def is_label(name: Any) -> bool:
    """Whether it can be the name of a namespace or a Service."""
    return isinstance(name, str) and _LABEL.fullmatch(name) is not None


def page_of(payload: Any, resource: Resource) -> tuple[list[Any], str]:
    """
    :returns: the items of one page of a list, and the token of the next page, empty after the last.
    :raises DiscoveryError: it is not a list of that kind. A list without ``items`` says nothing; ``[]`` says "none".
    """
    if not isinstance(payload, dict) or payload.get("kind") != resource.kind:
        kind = payload.get("kind") if isinstance(payload, dict) else type(payload).__name__
        raise DiscoveryError(f"the API server answered with {str(kind)[:80]!r} instead of {resource.kind!r}")
    items, metadata = payload.get("items"), payload.get("metadata")
    token = metadata.get("continue") if isinstance(metadata, dict) else None
    if not isinstance(items, list) or not isinstance(token, (str, type(None))):
        raise DiscoveryError(f"the API server's {resource.kind} has no proper 'items' or 'metadata'")
    return items, token or ""


def version_of(payload: Any, resource: Resource) -> str:
    """
    :returns: the resourceVersion that a page of a list has, from which a watch can start.
    :raises DiscoveryError: it is not a list of that kind, or has none.
    """
    page_of(payload, resource)
    version = version_in(payload.get("metadata"))
    if version is None:
        raise DiscoveryError(f"the API server's {resource.kind} has no proper 'resourceVersion'")
    return version
