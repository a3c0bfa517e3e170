# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes of Kubernetes: the pods behind EndpointSlices or Endpoints, or the pods themselves."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Callable, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError, OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.auth import ApiConnection, connect
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.listing import (
    ApiError,
    ListRequest,
    list_all,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.resources import is_label
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.watch import watch_lists
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes.merge import (
    PageContent,
    merge,
    services_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes.parse import Naming, parse
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes.services import (
    Asked,
    hint,
    still_running,
)

_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def discover(config: Mapping[str, Any], attempt: int) -> Discovery:
    """List one resource in each namespace.

    If only some namespaces could be read, the discovery is partial; if none could, it failed. A namespace in which
    nothing is selected counts as not read: a misspelt namespace, and a selector for the labels of pods, look like that.

    :param attempt: above 0 it confirms a prune; then the pods of the Services are listed as well.
    :raises DiscoveryError: nothing could be read, or the result is doubtful.
    :raises OptionError: an option is wrong: the kubeconfig, its context, a selector, a name, a certificate file.
    :raises MissingLibraryError: the kubernetes client is not installed.
    """
    _check(config)
    asked = Asked(connect(config), config)
    batches: list[PageContent] = []
    failures: list[str] = []
    namespaces = asked.connection.namespaces(config)
    for position, namespace in enumerate(namespaces):
        try:
            batches += _read(asked, namespace)
        except DiscoveryError as error:
            failures.append(str(error))
            if isinstance(error, ApiError) and error.concerns_all:
                failures += [f"namespace {other!r}: not asked any more" for other in namespaces[position + 1 :]]
                break
    if not batches:
        raise DiscoveryError("; ".join(failures))
    nodes, problems = merge(batches)
    reasons = [*failures, *problems]
    if reasons:
        return Discovery.partial(nodes, reasons)
    found = Discovery.complete(nodes)
    return _witnessed(asked, found, batches) if attempt and config["lookup"] != "pods" else found


def _witnessed(asked: Asked, found: Discovery, batches: Sequence[PageContent]) -> Discovery:
    try:
        running = still_running(asked, _naming(asked.config), list(services_of(batches)), found)
    except DiscoveryError as error:
        return Discovery.partial(found.nodes, [f"the pods of the Services were to be asked before a prune: {error}"])
    return replace(found, still_running=running)


def _check(config: Mapping[str, Any]) -> None:
    for option in ("namespace", "service_name"):
        if config[option] and not is_label(config[option]):
            raise OptionError(f"config.{option}", f"{config[option]!r} is not a name of Kubernetes")
    for namespace in config["namespaces"] or ():
        if not is_label(namespace):
            raise OptionError("config.namespaces", f"{namespace!r} is not a name of Kubernetes")
    if not _DOMAIN.fullmatch(config["cluster_domain"]):
        raise OptionError("config.cluster_domain", f"{config['cluster_domain']!r} is not a domain name")


def _naming(config: Mapping[str, Any]) -> Naming:
    service = config["service_name"]
    selects = bool(service or config["selector"])
    basename, label = config["node_basename"], config["node_basename_label"]
    return Naming(basename, config["mode"], config["cluster_domain"], service, selects, label)


def _read(asked: Asked, namespace: str) -> list[PageContent]:
    """
    :raises DiscoveryError: it cannot be read, or there is nothing that is selected.
    """
    connection, config = asked
    lookup, naming = config["lookup"], _naming(config)
    listing = _listing(config, namespace)
    batches = list_all(connection, config, listing, lambda items: parse(lookup, items, naming))
    if lookup != "pods" and not any(batch.objects for batch in batches):
        raise DiscoveryError(_nothing_there(asked, namespace, listing.resource.plural))
    return batches


def _nothing_there(asked: Asked, namespace: str, plural: str) -> str:
    """A Service that is scaled to nothing still has an object, an empty one."""
    service, selector = asked.config["service_name"], asked.config["selector"]
    if service:
        return (
            f"namespace {namespace!r} has no {plural} of a Service {service!r} (config.service_name): the Service is "
            "gone, it never was there, or a selector leaves it out"
        )
    if selector:
        return (
            f"namespace {namespace!r} has no {plural} with the labels of config.selector {selector!r}: they have the "
            "labels of their Service, not those of its pods; label the Service, name it in config.service_name, or "
            f"take config.lookup 'pods'{hint(asked, namespace, selector)}"
        )
    which = f" that config.field_selector {asked.config['field_selector']!r} selects"
    return (
        f"namespace {namespace!r} has no {plural}{which if asked.config['field_selector'] else ''}: is its name right, "
        "and is there a Service?"
    )


def _listing(config: Mapping[str, Any], namespace: str) -> ListRequest:
    lookup, service = config["lookup"], config["service_name"]
    label_selector, field_selector = config["selector"], config["field_selector"]
    if service and lookup == "endpoint_slices":
        label_selector = _both(f"kubernetes.io/service-name={service}", label_selector)
    if service and lookup == "endpoints":
        field_selector = _both(f"metadata.name={service}", field_selector)
    return ListRequest(lookup, namespace, label_selector, field_selector, config["page_size"], config["timeout"])


def _both(first: str, second: Optional[str]) -> str:
    return f"{first},{second}" if second else first


async def watch(config: Mapping[str, Any], changed: Callable[[], None], on_message: Callable[[str], None]) -> None:
    """The watch of the strategy, see :func:`registry.watch`: one in each namespace, of what :func:`discover` lists."""
    _check(config)

    def listings(connection: ApiConnection) -> list[ListRequest]:
        return [replace(_listing(config, one), page_size=1) for one in connection.namespaces(config)]

    await watch_lists(config, listings, changed, on_message)
