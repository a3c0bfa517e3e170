# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``kubernetes_dns_srv``: the SRV records of a headless service, libcluster's ``Kubernetes.DNSSRV``."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.dns_srv.fetch import discover_targets


def discover(config: Mapping[str, Any], attempt: int) -> Discovery:
    """
    :raises OptionError: the options make no domain name, or a nameserver is no address.
    :raises MissingLibraryError: dnspython is missing.
    """
    query = f"{config['service']}.{config['namespace']}.svc.{config['cluster_domain']}"
    return discover_targets(config, attempt, "config.service", query)
