# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``kubernetes_dns``: the A and AAAA records of a headless service, libcluster's ``Kubernetes.DNS``."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common import resolver as _resolver
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver_config import (
    RESOLV_CONF,
    SystemConfig,
    system_config,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.service_names import (
    service_of,
    virtual_ip,
    virtual_ip_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.dns.fetch import discovery_of


def discover(config: Mapping[str, Any], attempt: int) -> Discovery:
    """
    :raises OptionError: ``service`` is no name or can't be completed here, or a nameserver is no address.
    :raises MissingLibraryError: dnspython is missing.
    """
    service = config["service"]
    query = service if "." in service else full_name(service, system_config())
    reading = _resolver.read(config, attempt, "config.service", query, config["types"])
    name = service_of(query)
    address = virtual_ip_of(reading, name, config["tcp"]) if name else None
    if name and address:
        return Discovery.failed([f"config.service: {virtual_ip(name, address)}"])
    return discovery_of(config, reading)


def full_name(service: str, system: SystemConfig) -> str:
    """The name of a service in the namespace of the pod that this runs in.

    Only ``<namespace>.svc.<cluster domain>`` completes it, which kubelet writes first into a pod's search list. Trying
    the rest of the list, as a resolver does, could find some other domain's records once the service is gone.
    """
    for domain in system.search:
        labels = domain.split(".")
        if len(labels) > 2 and labels[1] == "svc":
            return f"{service}.{domain}"
    raise OptionError(
        "config.service",
        f"{service!r} is no full name, and {RESOLV_CONF} is not that of a pod: "
        f"give '{service}.<namespace>.svc.<cluster domain>'",
    )
