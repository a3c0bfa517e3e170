# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A discovery as plain data, and back: the ``nodes``, ``status`` and ``reasons`` of nodes_info, and where there are any
its ``answers``, ``still_running`` and ``notes``."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Dict, List, Mapping, Tuple

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    COMPLETE,
    FAILED,
    NODE_STATES,
    PARTIAL,
    READY,
    Answered,
    Discovery,
    Node,
)

_MOST = 10000
"""The most entries of ``answers``, of ``still_running`` and of ``notes``."""


def nodes_of(discovery: Discovery) -> List[Dict[str, Any]]:
    """The nodes as dictionaries, see :func:`node_to_dict`."""
    return [node_to_dict(node) for node in discovery.nodes]


def node_to_dict(node: Node) -> Dict[str, Any]:
    """A node as ``name``, ``address``, ``state`` and ``attributes``."""
    return {"name": node.name, "address": node.address, "state": node.state, "attributes": dict(node.attributes)}


def listing_of(discovery: Discovery) -> Dict[str, Any]:
    """The result of nodes_info."""
    extras = {
        "answers": [answered._asdict() for answered in discovery.answers],
        "still_running": sorted(discovery.still_running),
        "notes": list(discovery.notes),
    }
    return {
        "nodes": nodes_of(discovery),
        "status": discovery.status,
        "reasons": list(discovery.reasons),
        **{key: extra for key, extra in extras.items() if extra},
    }


def discovery_of(listing: Any, authoritative: bool = True) -> Discovery:
    """The inverse of :func:`listing_of`.

    :raises ValueError: it is not such a listing. In particular a bare list of names is rejected, since it does not say
        whether it is complete.
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
    found = (
        Discovery.complete(nodes, authoritative)
        if status == COMPLETE
        else Discovery.partial(nodes, reasons, authoritative)
    )
    return replace(
        found,
        answers=tuple(_answered_of(answer) for answer in _list_of(listing, "answers")),
        still_running=frozenset(_texts_of(listing, "still_running")),
        notes=_texts_of(listing, "notes"),
    )


def _list_of(listing: Mapping[str, Any], key: str) -> List[Any]:
    given = listing.get(key)
    if given is None:
        return []
    if not isinstance(given, (list, tuple)) or len(given) > _MOST:
        raise ValueError(f"{key!r} is not a list of at most {_MOST} entries")
    return list(given)


def _texts_of(listing: Mapping[str, Any], key: str) -> Tuple[str, ...]:
    given = _list_of(listing, key)
    for text in given:
        if not isinstance(text, str) or not text:
            raise ValueError(f"{key!r}: {text!r} is not a text")
    return tuple(str(text) for text in given)


def _answered_of(answer: Any) -> Answered:
    if not isinstance(answer, Mapping) or set(answer) != set(Answered._fields):
        raise ValueError(f"{answer!r} is not an answer, which is a dictionary with {', '.join(Answered._fields)}")
    for key in ("question", "server"):
        if not isinstance(answer[key], str):
            raise ValueError(f"answer: {key} {answer[key]!r} is not a text")
    for key in ("asked", "ttl"):
        if isinstance(answer[key], bool) or not isinstance(answer[key], (int, float)) or not _is_time(answer[key]):
            raise ValueError(f"answer: {key} {answer[key]!r} is not a number of seconds from 0 on")
    return Answered(str(answer["question"]), str(answer["server"]), float(answer["asked"]), float(answer["ttl"]))


def _is_time(seconds: float) -> bool:
    return math.isfinite(seconds) and seconds >= 0


def _node_of(node: Any) -> Node:
    if not isinstance(node, Mapping) or not isinstance(node.get("name"), str) or not node["name"]:
        raise ValueError(f"{node!r} is not a node, which is a dictionary with at least 'name'")
    state = node.get("state") or READY
    if state not in NODE_STATES:
        raise ValueError(f"node {node['name']!r}: state {state!r} is none of {', '.join(NODE_STATES)}")
    return Node(node["name"], node.get("address"), state, dict(node.get("attributes") or {}))
