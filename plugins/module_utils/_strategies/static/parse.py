# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``static``: the nodes are in the topology itself."""

from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.addresses import same_address, same_text
from ansible_collections.selfheal.cluster.plugins.module_utils._model import NODE_STATES, READY, Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._names import check_name

_KEYS = ("name", "address", "state", "attributes")


def discover(config: Mapping[str, Any], attempt: int) -> Discovery:
    """
    :raises OptionError: ``nodes`` is no list, an entry is no node, or two entries have the same name, in whatever
        spelling.
    """
    entries = config["nodes"]
    if not isinstance(entries, (list, tuple)):
        raise OptionError("config.nodes", f"{entries!r} is not a list")
    places: dict[str, tuple[str, str]] = {}
    nodes = []
    for index, entry in enumerate(entries):
        option = f"config.nodes[{index}]"
        node = _node(option, entry)
        key = _key(node.name)
        if key in places:
            its, place = places[key]
            again = "is already" if its == node.name else f"is another spelling of {its!r}, which is already"
            raise OptionError(option, f"{node.name!r} {again} {place}")
        places[key] = (node.name, option)
        nodes.append(node)
    return Discovery.complete(nodes)


def _node(option: str, entry: Any) -> Node:
    if isinstance(entry, Mapping):
        return _node_of_mapping(option, entry)
    name = check_name(option, entry)
    return Node(name, _host(name))


def _node_of_mapping(option: str, entry: Mapping[str, Any]) -> Node:
    for key in entry:
        if key not in _KEYS:
            raise OptionError(f"{option}.{key}", f"is not a key of a node (its keys: {', '.join(_KEYS)})")
    given = {key: value for key, value in entry.items() if value is not None}
    if "name" not in given:
        raise OptionError(f"{option}.name", "is required")
    name = check_name(f"{option}.name", given["name"])
    address = given.get("address", _host(name))
    if not isinstance(address, str) or not address.strip():
        raise OptionError(f"{option}.address", f"{address!r} is not an address")
    state = given.get("state", READY)
    if state not in NODE_STATES:
        raise OptionError(f"{option}.state", f"{state!r} is not one of {', '.join(NODE_STATES)}")
    attributes = given.get("attributes", {})
    if not isinstance(attributes, Mapping):
        raise OptionError(f"{option}.attributes", f"{attributes!r} is not a dictionary")
    return Node(name, address, state, dict(attributes))


def _key(name: str) -> str:
    """A key that is equal for all spellings of the host after an ``@``, or of an IP address alone. Any other name is
    its own key, since the case of its letters may matter."""
    base, at, host = name.rpartition("@")
    return f"{base}@{same_text(host)}" if at else same_address(name)


def _host(name: str) -> str:
    return name.partition("@")[2] or name
