# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the playbooks would work on no topology, which would be a green run that did nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible import context

_HINT = (
    "Name a file that ends in .cluster.yml with -i, as in 'ansible-playbook -i app.cluster.yml"
    " selfheal.cluster.converge'. What is wrong with one that was named is in the warnings."
)


def nothing_to_do(topologies: list[str], sources: list[str], limit: str | None = None, inside: Any = ()) -> str:
    """See DOCUMENTATION in nothing_to_do.yml."""
    if context.CLIARGS.get("syntax"):
        return ""
    missing = [source for source in map(str, sources) if "," not in source and not Path(source).exists()]
    absent = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not there"
    if not topologies:
        where = f"; {absent}" if missing else ""
        return f"The inventory has no topologies, so there is nothing to do{where}. {_HINT}"
    if missing:
        return f"The inventory {absent}."
    if limit and not set(topologies).intersection(inside):
        return f"The inventory has no topologies inside --limit {limit}."
    return ""


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"nothing_to_do": nothing_to_do}
