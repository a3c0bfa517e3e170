# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of rules, by what a driver or a user says of the members."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._model import DriverFacts
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.exclusive import Exclusive
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.joins_alone import JoinsAlone
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.pairwise import Pairwise
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.transitive import Transitive


def rules_of(facts: DriverFacts) -> Rules:
    """The rules for members of which these facts are true.

    ``exclusive`` counts for a mesh that is transitive: no system is known that has the first without the second.
    """
    kind = _kind_of(facts)
    return kind(
        reversible=facts.reversible,
        leaves_itself=facts.prune_needs_answer,
        spreads=facts.prune_spreads,
        comes_back=facts.comes_back,
        by_link=facts.by_link,
    )


def _kind_of(facts: DriverFacts) -> type[Rules]:
    if facts.joins_alone:
        return JoinsAlone
    if not facts.transitive:
        return Pairwise
    return Exclusive if facts.exclusive else Transitive
