# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A topology whose options are checked, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._model import Policy


@dataclass(frozen=True)
class Source:
    """Where the desired membership comes from: a strategy and its whole config, defaults filled in."""

    topology: str
    strategy: str
    config: Mapping[str, Any]
    authoritative: bool


@dataclass(frozen=True)
class Topology:
    """One cluster to keep whole. The driver decides which values ``connect``, ``disconnect`` and ``list_nodes`` may
    have; None is its own way."""

    source: Source
    driver: str
    driver_config: Mapping[str, Any]
    policy: Policy
    connect: Optional[Sequence[Any]] = None
    disconnect: Optional[Sequence[Any]] = None
    list_nodes: Optional[Sequence[Any]] = None

    @property
    def name(self) -> str:
        return self.source.topology
