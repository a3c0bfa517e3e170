# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh as lines of text, to be grasped at a glance."""

from __future__ import annotations

from typing import Iterator, Mapping, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._graph import islands
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Observation, Table, View

MATRIX_UP_TO = 40
"""The most members that the matrix shows; a larger mesh is summarised by island."""

_BOTH, _ONE_END, _NONE, _UNKNOWN, _SELF = "●", "◐", "·", "?", " "


def picture(topology: str, desired: frozenset[str], observation: Observation) -> list[str]:
    """A heading, then for each island one line per node: its links, and remarks about what is wrong with it.

    :returns: lines without line ends. ``●``: both ends list the link, or the only one that answered does. ``◐``: only
        one of the two ends lists it. ``·``: neither lists it. ``?``: neither end answered.
    """
    names = desired | observation.members
    groups = [list(island) for island in islands(observation.views, names)]
    unseen = sorted(names - {name for group in groups for name in group})
    heading = (
        f"{topology}: {len(desired)} desired, {len(observation.members)} members, "
        f"{len(groups)} {'island' if len(groups) == 1 else 'islands'}"
    )
    if len(names) > MATRIX_UP_TO:
        return [heading, *_summary(groups, unseen, desired, observation)]
    return [heading, *_matrix([*groups, *([unseen] if unseen else [])], desired, observation)]


def _matrix(groups: Sequence[Sequence[str]], desired: frozenset[str], observation: Observation) -> Iterator[str]:
    order = [name for group in groups for name in group]
    width = max((len(name) for name in order), default=0)
    for group in groups:
        yield ""
        for name in group:
            marks = " ".join(_mark(name, peer, observation.views) for peer in order)
            yield f"  {name:<{width}}  {marks}  {_remark(name, desired, observation)}".rstrip()


def _summary(
    groups: Sequence[Sequence[str]], unseen: Sequence[str], desired: frozenset[str], observation: Observation
) -> Iterator[str]:
    for number, group in enumerate(groups, start=1):
        complete = [n for n in group if n in observation.views and observation.views[n].linked >= set(group) - {n}]
        yield f"  island {number}: {len(group)} members, {len(complete)} of them list all the others ({group[0]}, …)"
    for name in [*(name for group in groups for name in group), *unseen]:
        remark = _remark(name, desired, observation)
        if remark:
            yield f"  {name}  {remark}"


def _mark(name: str, peer: str, views: Mapping[str, View]) -> str:
    if name == peer:
        return _SELF
    listed = [other in views[one].linked for one, other in ((name, peer), (peer, name)) if one in views]
    if not listed:
        return _UNKNOWN
    if all(listed):
        return _BOTH
    return _ONE_END if any(listed) else _NONE


def _remark(name: str, desired: frozenset[str], observation: Observation) -> str:
    remarks = []
    if name not in desired:
        remarks.append("not desired")
    if name in observation.unreachable:
        remarks.append("unreachable")
    if name in observation.views and observation.views[name].stopping:
        remarks.append("stopping")
    if name in observation.down:
        remarks.append("down")
    if name in observation.tables:
        remarks.extend(_table(observation.tables[name]))
    return ", ".join(remarks)


def _table(table: Table) -> Iterator[str]:
    yield table.system
    if table.partitions:
        yield f"partitioned from {', '.join(sorted(table.partitions))}"
