# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of runs as the modules return them, of meshes that are given by what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

TIME = "2026-11-22T14:03:07Z"


def result(
    islands: Sequence[Sequence[str]],
    *,
    missing: Iterable[tuple[str, str]] = (),
    one_end: Iterable[tuple[str, str]] = (),
    unreachable: Mapping[str, str] | None = None,
    verdict: str = "",
    **more: Any,
) -> dict[str, Any]:
    """
    :param missing: links inside islands that neither end lists.
    :param one_end: links that the first of both does not list.
    :param verdict: the one that a run would give, where that is not seen from the links.
    """
    names = [name for island in islands for name in island]
    views = {name: {peer for peer in island if peer != name} for island in islands for name in island}
    missing, one_end = list(missing), list(one_end)
    for one, other in missing:
        views[one].discard(other)
        views[other].discard(one)
    for one, other in one_end:
        views[one].discard(other)
    for name in unreachable or ():
        views.pop(name, None)
    linked = "not_whole" if missing or one_end or unreachable else "whole"
    return {
        "time": TIME,
        "verdict": verdict or ("split" if len(islands) > 1 else linked),
        "status": "complete",
        "reasons": [],
        "converged": len(islands) == 1 and not missing and not one_end,
        "desired": sorted(names),
        "members": sorted(names),
        "views": {name: sorted(peers) for name, peers in views.items()},
        "islands": [list(island) for island in islands],
        "unreachable_nodes": dict(unreachable or {}),
        "refused": [],
        "plan": [],
        **more,
    }


def names(count: int, basename: str = "app") -> list[str]:
    return [f"{basename}@10.0.0.{number}" for number in range(1, count + 1)]
