# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy: its options, their ranges, and what it is by default."""

from __future__ import annotations

import re
from typing import Any, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Policy
from ansible_collections.selfheal.cluster.plugins.module_utils._options import A_DAY, Spec

POLICY_SPEC: Spec = {
    "absent_for": {"type": "float"},
    "allow_empty": {"type": "bool", "default": False},
    "confirmation_interval": {"type": "float", "default": 2.0},
    "confirmations": {"type": "int", "default": 2},
    "fence": {"type": "bool", "default": False},
    "max_prune": {"type": "str", "default": "34%"},
    "min_nodes": {"type": "int", "default": 1},
    "on_unreachable": {"type": "str", "default": "warn", "choices": ["warn", "fail"]},
    "prune": {"type": "bool", "default": True},
    "prune_live": {"type": "bool"},
    "prune_unauthoritative": {"type": "bool", "default": False},
    "scope": {"type": "list", "elements": "str"},
}
_MAX_PRUNE = re.compile(r"[0-9]{1,9}|(?:100|[0-9]{1,2})%")
_RANGES = (
    ("absent_for", 0, 7 * A_DAY),
    ("confirmations", 1, 100),
    ("confirmation_interval", 0, A_DAY),
    ("min_nodes", 0, 10**6),
)
_MISSING_LIVE = 300.0
"""Seconds for which a live member has to be missing from a source that may answer with samples."""


def policy_of(given: Mapping[str, Any], config: Mapping[str, Any], samples: bool = False) -> Policy:
    """The policy; without a ``scope`` of its own it is ``<node_basename>@*``, that of the nodes with a
    ``node_basename_label``, and empty where there is no basename.

    :param config: the strategy's, of which these and ``include_not_ready`` matter here.
    :param samples: whether the source may answer with samples, so that ``absent_for`` has a default for live members.
    :raises OptionError: a value is out of its range.
    """
    values = {key: value for key, value in given.items() if value is not None}
    max_prune = str(values.get("max_prune", Policy.max_prune)).strip()
    if not _MAX_PRUNE.fullmatch(max_prune):
        raise OptionError("policy.max_prune", f"{max_prune!r} is neither a count nor a percentage such as '34%'")
    for key, least, most in _RANGES:
        if not least <= values.get(key, least) <= most:
            raise OptionError(f"policy.{key}", f"{values[key]!r} is not between {least} and {most}")
    scope = values.get("scope")
    of_nodes = scope is None and bool(config.get("node_basename_label"))
    if scope is None:
        scope = [f"{config['node_basename']}@*"] if config.get("node_basename") else []
    return Policy(
        **{**values, "max_prune": max_prune, "scope": tuple(scope)},
        include_not_ready=bool(config.get("include_not_ready")),
        scope_of_nodes=of_nodes,
        absent_for_live=values.get("absent_for", _MISSING_LIVE if samples else 0.0),
    )
