# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds misspelt variables of the roles, for the role that has no action plugin of its own."""

from __future__ import annotations

from typing import Any

from ansible_collections.selfheal.cluster.plugins.plugin_utils._variables import problem_of


def misspelt_variables(names: list[str], subject: str, own: Any = ()) -> str:
    """See DOCUMENTATION in misspelt_variables.yml."""
    return problem_of(str(subject), map(str, names), lambda: own, of_topology=False) or ""


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"misspelt_variables": misspelt_variables}
