# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether discovery and the cluster call the same members by the same names (pure).

Where they don't, a live member looks undesired under the cluster's name for it.
"""

from __future__ import annotations

from typing import Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.output import ListedNames
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Unreachable


def speak_of_others(listings: Mapping[str, ListedNames], desired: frozenset[str]) -> bool:
    """Whether no member lists any desired node, so that every member would look undesired. It takes two members to say
    so: a single one may really have only undesired peers."""
    listed = [listing.names for listing in listings.values()]
    return len(listed) > 1 and all(listed) and all(names.isdisjoint(desired) for names in listed)


def nobody_known(listing: ListedNames) -> Unreachable:
    """Why a member is not read where :func:`speak_of_others` holds."""
    first = ", ".join(sorted(listing.names)[:3])
    return Unreachable(
        f"it lists {first}, and nobody lists a name that discovery gives: does the cluster call its members otherwise?"
    )


def called_otherwise(listings: Mapping[str, ListedNames], desired: frozenset[str]) -> dict[str, frozenset[str]]:
    """The members that do not list themselves although others do.

    :param listings: those of desired nodes.
    :returns: for each of them the names that may be its own: listed as alive, and not given by discovery.
    """
    lacking = {name: listing for name, listing in listings.items() if listing.names and name not in listing.names}
    if not any(name in listing.names for name, listing in listings.items()):
        return {}
    return {name: listing.names - listing.down - desired for name, listing in lacking.items()}


def other_name(candidates: frozenset[str]) -> Unreachable:
    """Why a member that :func:`called_otherwise` found is not read."""
    own = next(iter(candidates)) if len(candidates) == 1 else None
    first = f" ({' or '.join(sorted(candidates)[:3])})" if candidates else ""
    return Unreachable(
        f"it does not list itself, and others do: does the cluster call it otherwise{first}?", answers_as=own
    )
