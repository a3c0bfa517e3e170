# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of Services in Kubernetes' DNS, and how it shows that one is not headless.

https://github.com/kubernetes/dns/blob/master/docs/specification.md: the SRV and PTR records of a headless Service lead
to ``<endpoint>.<service>.<namespace>.svc.<zone>`` (sections 2.4.2 and 2.4.3), those of a ClusterIP Service to the name
of the Service itself (2.3.2 and 2.3.3).
"""

from __future__ import annotations

import ipaddress
from typing import Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._io.addresses import same_text
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver import QueryResult


def service_of(query: str) -> Optional[str]:
    """The name of the Service in ``[_<port>._<protocol>.]<service>.<namespace>.svc.<zone>``, None for another name."""
    labels = same_text(query).split(".")
    while labels and labels[0].startswith("_"):
        del labels[0]
    return ".".join(labels) if len(labels) > 3 and labels[2] == "svc" else None


def virtual_ip_of(reading: QueryResult, service: str, tcp: bool) -> Optional[str]:
    """The address, where a Service has one in each family at most and the nameserver says that it is its ClusterIP.

    It says so when it is asked for the name of the address. Where it does not answer that, nothing is known.
    """
    found = {rdtype: answer.records for rdtype, answer in reading.answers.items() if answer.records}
    if any(len(addresses) > 1 for addresses in found.values()):
        return None
    for rdtype, (address,) in found.items():
        names = reading.ask_aside(rdtype, f"{ipaddress.ip_address(address).reverse_pointer}.", "PTR", tcp)
        if any(same_text(name) == service for name in names):
            return str(address)
    return None


def virtual_ip(service: str, address: Optional[str] = None) -> str:
    """What to say of it."""
    where = f"{service} at {address}" if address else service
    return f"{where} is a ClusterIP Service (a virtual IP): use its headless Service, which has clusterIP: None"
