# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point of all strategies. Ansible packs only modules whose import it sees, so each strategy has lines of
its own; the imports run only for the chosen one."""

from __future__ import annotations

from typing import Any, Callable, Coroutine, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._options import StrategyOptions
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Source

NAMES = (
    *("kubernetes", "dns", "dns_srv", "kubernetes_dns", "kubernetes_dns_srv"),
    *("static", "local_epmd", "erlang_hosts", "gossip", "rancher"),
)


def discover(source: Source, attempt: int = 0) -> Discovery:
    """Ask the source once. A source that cannot be read gives a failed discovery, never an empty one.

    :param attempt: counts the discoveries of one round, so that each can start with another server.
    :raises MissingLibraryError: this Python lacks a library that the strategy needs.
    :raises OptionError: an option turns out to be wrong only when it is used.
    """
    try:
        return _discover_of(source.strategy)(source.config, attempt)
    except DiscoveryError as error:
        return Discovery.failed([str(error)], source.authoritative)


async def watch(source: Source, changed: Callable[[], None], on_message: Callable[[str], None]) -> None:
    """Report, until cancelled, that the source has changed. The caller then has to discover what it lists now.

    Both are called in the running loop's thread and must not block.

    :param changed: called soon after each change of what the source lists, and whenever one may have been missed, such
        as when the watch begins: changes between the caller's last discovery and that moment are not reported.
    :param on_message: called with a line for the user when a trouble begins, and when it is over.
    :raises OptionError: an option turns out to be wrong.
    :raises MissingLibraryError: this Python lacks a library that the strategy needs.
    """
    await _watch_of(source.strategy)(source.config, changed, on_message)


def _watch_of(strategy: str) -> Callable[..., Coroutine[Any, Any, None]]:
    if strategy == "kubernetes":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes import fetch as kubernetes

        return kubernetes.watch
    raise ValueError(strategy)


def _discover_of(strategy: str) -> Callable[[Mapping[str, Any], int], Discovery]:
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


def options_of(strategy: str) -> StrategyOptions:
    """What the strategy takes and can do. It loads nothing else of the strategy."""
    if strategy == "kubernetes":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes import (
            options as kubernetes,
        )

        return kubernetes.OPTIONS
    if strategy == "dns":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.dns import options as dns

        return dns.OPTIONS
    if strategy == "dns_srv":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.dns_srv import options as dns_srv

        return dns_srv.OPTIONS
    if strategy == "kubernetes_dns":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes_dns import (
            options as kubernetes_dns,
        )

        return kubernetes_dns.OPTIONS
    if strategy == "kubernetes_dns_srv":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes_dns_srv import (
            options as kubernetes_dns_srv,
        )

        return kubernetes_dns_srv.OPTIONS
    if strategy == "static":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.static import options as static

        return static.OPTIONS
    if strategy == "local_epmd":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.local_epmd import (
            options as local_epmd,
        )

        return local_epmd.OPTIONS
    if strategy == "erlang_hosts":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.erlang_hosts import (
            options as erlang_hosts,
        )

        return erlang_hosts.OPTIONS
    if strategy == "gossip":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.gossip import options as gossip

        return gossip.OPTIONS
    if strategy == "rancher":
        from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.rancher import options as rancher

        return rancher.OPTIONS
    raise ValueError(strategy)
