# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What task files say of the members, as an observation (pure)."""

from __future__ import annotations

from typing import Any, List, Mapping, Sequence, Tuple

from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node, Observation, Unreachable, View


def observation_of(views: Any, unreachable: Any, down: Any, desired: Sequence[Node]) -> Observation:
    """The members as task files read them. A desired node that is in neither variable is unreachable, never alone.

    :param views: from each observer to the names of its peers.
    :param unreachable: from the name of a node that could not be read to the reason.
    :param down: from observer to those of its peers that it reports unreachable.
    :raises ValueError: a variable has the wrong form; the text says which one.
    """
    if views is None:
        raise ValueError("converge_views is not set")
    found = {
        observer: View(observer, frozenset(peers) - {observer}) for observer, peers in _names("converge_views", views)
    }
    for observer, peers in _names("converge_down", down or {}):
        if observer not in found:
            raise ValueError(f"converge_down[{observer!r}] is of an observer that converge_views does not have")
        reported = frozenset(peers) - {observer}
        found[observer] = View(observer, found[observer].peers | reported, down=reported)
    problems = {node.name: "the tasks that list did not read it" for node in desired}
    if not isinstance(unreachable or {}, Mapping):
        raise ValueError("converge_unreachable is not a dictionary from name to reason")
    problems.update((str(name), str(reason) or "no reason was given") for name, reason in (unreachable or {}).items())
    both = sorted(found.keys() & (unreachable or {}).keys())
    if both:
        raise ValueError(f"{both[0]!r} is in converge_views and in converge_unreachable")
    return Observation(found, {name: Unreachable(why) for name, why in problems.items() if name not in found})


def _names(variable: str, given: Any) -> List[Tuple[str, Sequence[str]]]:
    if not isinstance(given, Mapping):
        raise ValueError(f"{variable} is not a dictionary from observer to names")
    for observer, peers in given.items():
        if not isinstance(peers, list) or not all(isinstance(peer, str) and peer for peer in peers):
            raise ValueError(f"{variable}[{observer!r}] is not a list of names")
    return list(given.items())
