# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point of all strategies. Ansible packs only modules whose import it sees, so each strategy has a line of
its own; the import runs only for the chosen one."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import Source, check_watchable
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery


def discover(source: Source, attempt: int = 0) -> Discovery:
    """Ask the source once. A source that cannot be read gives a failed discovery, never an empty one.

    :param attempt: counts the discoveries of one round, so that each can start with another server.
    :raises MissingLibraryError: this Python lacks a library that the strategy needs.
    :raises TopologyError: an option turns out to be wrong only when it is used.
    """
    try:
        return _discover_of(source.strategy)(source.topology, source.config, attempt)
    except DiscoveryError as error:
        return Discovery.failed([str(error)], source.authoritative)


def has_witness(source: Source) -> bool:
    """Whether a discovery that confirms another one asks a second witness, see ``Discovery.still_running``."""
    return source.strategy == "kubernetes" and source.config["lookup"] != "pods"


async def watch(source: Source, changed: Callable[[], None], on_message: Callable[[str], None]) -> None:
    """Report, until cancelled, that the source has changed. The caller then has to discover what it lists now.

    Both are called in the running loop's thread and must not block.

    :param changed: called soon after each change of what the source lists, and whenever one may have been missed, such
        as when the watch begins: changes between the caller's last discovery and that moment are not reported.
    :param on_message: called with a line for the user when a trouble begins, and when it is over.
    :raises TopologyError: the strategy can't be watched, or an option turns out to be wrong.
    :raises MissingLibraryError: this Python lacks a library that the strategy needs.
    """
    check_watchable(source.topology, source.strategy)
    from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes import fetch as kubernetes

    await kubernetes.watch(source.topology, source.config, changed, on_message)


def _discover_of(strategy: str) -> Callable[[str, Mapping[str, Any], int], Discovery]:
    if strategy == "kubernetes":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes import fetch as kubernetes

        return kubernetes.discover
    if strategy == "dns":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.dns import fetch as dns

        return dns.discover
    if strategy == "dns_srv":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.dns_srv import fetch as dns_srv

        return dns_srv.discover
    if strategy == "kubernetes_dns":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes_dns import (
            fetch as kubernetes_dns,
        )

        return kubernetes_dns.discover
    if strategy == "kubernetes_dns_srv":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes_dns_srv import (
            fetch as kubernetes_dns_srv,
        )

        return kubernetes_dns_srv.discover
    if strategy == "static":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.static import parse as static

        return static.discover
    if strategy == "local_epmd":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.local_epmd import fetch as local_epmd

        return local_epmd.discover
    if strategy == "erlang_hosts":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.erlang_hosts import (
            fetch as erlang_hosts,
        )

        return erlang_hosts.discover
    if strategy == "gossip":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.gossip import fetch as gossip

        return gossip.discover
    if strategy == "rancher":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.rancher import fetch as rancher

        return rancher.discover
    raise ValueError(strategy)
