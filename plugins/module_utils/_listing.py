# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A discovery as users see it and hand it on: the ``nodes``, ``status`` and ``reasons`` of nodes_info, and who is
``still_running`` where it confirms another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    COMPLETE,
    FAILED,
    NODE_STATES,
    PARTIAL,
    READY,
    Discovery,
    Node,
)


def nodes_of(discovery: Discovery) -> List[Dict[str, Any]]:
    """The nodes, see :func:`node_to_dict`."""
    return [node_to_dict(node) for node in discovery.nodes]


def node_to_dict(node: Node) -> Dict[str, Any]:
    """A node as ``name``, ``address``, ``state`` and ``attributes``."""
    return {"name": node.name, "address": node.address, "state": node.state, "attributes": dict(node.attributes)}


def listing_of(discovery: Discovery) -> Dict[str, Any]:
    """What nodes_info returns."""
    listing = {"nodes": nodes_of(discovery), "status": discovery.status, "reasons": list(discovery.reasons)}
    return {**listing, "still_running": sorted(discovery.still_running)} if discovery.still_running else listing


def discovery_of(listing: Any, authoritative: bool = True) -> Discovery:
    """The way back from :func:`listing_of`.

    :raises ValueError: it is no such listing. Above all a bare list of names is none, since it does not say whether it
        is complete.
    """
    if not isinstance(listing, Mapping) or not {"nodes", "status"} <= set(listing):
        raise ValueError(
            "expected the result of selfheal.cluster.nodes_info, a dictionary with 'nodes', 'status' and 'reasons';"
            " a list of nodes alone does not say whether it is complete"
        )
    reasons = [str(reason) for reason in listing.get("reasons") or []]
    status = listing["status"]
    if status == FAILED:
        return Discovery.failed(reasons, authoritative)
    if status not in (COMPLETE, PARTIAL):
        raise ValueError(f"status {status!r} is none of {COMPLETE}, {PARTIAL}, {FAILED}")
    if not isinstance(listing["nodes"], (list, tuple)):
        raise ValueError("'nodes' is not a list")
    nodes = [_node_of(node) for node in listing["nodes"]]
    if status == PARTIAL:
        return Discovery.partial(nodes, reasons, authoritative)
    still_running = listing.get("still_running") or []
    if not isinstance(still_running, (list, tuple)) or not all(isinstance(name, str) for name in still_running):
        raise ValueError("'still_running' is not a list of names")
    return replace(Discovery.complete(nodes, authoritative), still_running=frozenset(still_running))


def _node_of(node: Any) -> Node:
    if not isinstance(node, Mapping) or not isinstance(node.get("name"), str) or not node["name"]:
        raise ValueError(f"{node!r} is not a node, which is a dictionary with at least 'name'")
    state = node.get("state") or READY
    if state not in NODE_STATES:
        raise ValueError(f"node {node['name']!r}: state {state!r} is none of {', '.join(NODE_STATES)}")
    return Node(node["name"], node.get("address"), state, dict(node.get("attributes") or {}))
