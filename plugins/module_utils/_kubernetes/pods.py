# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the pod that a node runs in, for nodes that discovery does not list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Mapping, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.addresses import canonical
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.auth import ApiConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.listing import ListRequest, list_all
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.resources import LABEL

_POD_NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*")
_PAGE = 100
_GONE_PHASES = ("Failed", "Succeeded")
_NO_SELECTORS: Mapping[str, Any] = {"selector": None, "field_selector": None}


@dataclass(frozen=True)
class Pod:
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"pod '{self.namespace}/{self.name}'"


@dataclass(frozen=True)
class Trace:
    """What the name of a node reveals about its pod: the pod's name or its address, and perhaps its namespace."""

    ip: Optional[str] = None
    pod_name: Optional[str] = None
    namespace: Optional[str] = None

    def within(self, namespaces: list[str]) -> list[str]:
        """Those of the topology's namespaces in which the pod can be."""
        return [namespace for namespace in namespaces if self.namespace in (None, namespace)]


def is_pod_name(name: Any) -> bool:
    """Whether it may be put into the path of a request."""
    return isinstance(name, str) and len(name) <= 253 and _POD_NAME.fullmatch(name) is not None


def trace_of(host: str, mode: str, cluster_domain: str) -> Optional[Trace]:
    """
    :param host: the part of a node's name after the ``@``; untrusted.
    :param mode: how strategy ``kubernetes`` names nodes.
    :returns: None where the strategy would not name a node so.
    """
    if mode == "ip":
        ip = canonical(host)
        return Trace(ip) if ip else None
    domain = re.escape(cluster_domain)
    if mode == "dns":
        match = re.fullmatch(rf"([0-9A-Fa-f-]{{2,45}})\.({LABEL})\.pod\.{domain}", host)
        ip = match and (canonical(match[1].replace("-", ".")) or canonical(match[1].replace("-", ":")))
        return Trace(ip, namespace=match[2]) if match and ip else None
    # Only pods of a StatefulSet have such names by default, and their host name is the pod's name.
    match = re.fullmatch(rf"({LABEL})\.{LABEL}\.({LABEL})\.svc\.{domain}", host)
    return Trace(pod_name=match[1], namespace=match[2]) if match else None


def pod_with(connection: ApiConnection, ip: str, namespaces: list[str], timeout: float) -> Optional[Pod]:
    """The pod that has this address and has not ended. Pods with the same address, such as those on their host's
    network, share that network, so any of them will do.

    :param timeout: seconds for each page of each list.
    :raises DiscoveryError: a list could not be read.
    """
    for namespace in namespaces:
        listing = ListRequest("pods", namespace, None, f"status.podIP={ip}", _PAGE, timeout)
        for names in list_all(connection, _NO_SELECTORS, listing, _names_of_running):
            if names:
                return Pod(namespace, names[0])
    return None


def _names_of_running(pods: list[Any]) -> list[str]:
    try:
        running = [pod["metadata"]["name"] for pod in pods if pod["status"].get("phase") not in _GONE_PHASES]
    except (AttributeError, KeyError, TypeError):
        running = [None]
    if not all(map(is_pod_name, running)):
        raise DiscoveryError("the API server lists a pod that is malformed")
    return running
