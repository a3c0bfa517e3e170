# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many undesired members, the peers that discovery does not list, are asked for their views."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._model import Unreachable

_ALWAYS_ASKED = 64
NOT_ASKED = Unreachable("it was not asked: there are too many nodes that discovery does not list")


def most_undesired(desired: int) -> int:
    """The most undesired members to ask. A longer list of peers is not credible.

    :param desired: how many nodes discovery lists.
    """
    return max(_ALWAYS_ASKED, 4 * desired)
