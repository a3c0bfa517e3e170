# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a system that no driver knows: a user declares facts about its members, and they choose the kind."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.exclusive import Exclusive
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.joins_alone import JoinsAlone
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.pairwise import Pairwise
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.transitive import Transitive


@dataclass(frozen=True)
class DeclaredFacts:
    """The keys of the option ``facts``, which the filter ``membership_plan`` documents."""

    reversible: bool = False
    transitive: bool = False
    exclusive: bool = False
    prune_needs_answer: bool = False
    prune_spreads: bool = False
    joins_alone: bool = False
    comes_back: bool = False


def rules_of(facts: DeclaredFacts) -> Rules:
    """The rules for members with these facts.

    ``exclusive`` only counts for a transitive mesh: no system is known that is exclusive and not transitive.
    """
    kind = _kind_of(facts)
    return kind(
        reversible=facts.reversible,
        leaves_itself=facts.prune_needs_answer,
        spreads=facts.prune_spreads,
        comes_back=facts.comes_back,
    )


def _kind_of(facts: DeclaredFacts) -> type[Rules]:
    if facts.joins_alone:
        return JoinsAlone
    if not facts.transitive:
        return Pairwise
    return Exclusive if facts.exclusive else Transitive
