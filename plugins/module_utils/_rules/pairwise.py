# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each link is made alone: for commands of the user's own, and for members that do not report other nodes to a peer."""

from __future__ import annotations

from functools import partial
from itertools import repeat
from typing import Iterable, Iterator, Mapping, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    CONNECT,
    Action,
    Discovery,
    Observation,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules, refused

NOBODY_ANSWERS = "no member answers that could connect it"

_NODE = Action._fields.index("node")


class Pairwise(Rules):
    def additions(
        self, discovery: Discovery, observation: Observation, wanted: frozenset[str], staying: frozenset[str]
    ) -> Iterator[Action]:
        yield from self._refused_as_unsteady(wanted, observation)
        answering = sorted(wanted & frozenset(observation.views))
        yield from pairs(answering, observation.views)
        for node in sorted(wanted - frozenset(observation.views)):
            if not answering:
                yield refused(node, "no_answer", NOBODY_ANSWERS)
            observers = [name for name in answering if node not in observation.views[name].linked]
            yield from reach_out(node, observers, observation)

    def _completed(self, views: Mapping[str, View], gone: frozenset[str]) -> Mapping[str, View]:
        """The same: no member links others."""
        return views


def pairs(answering: Sequence[str], views: Mapping[str, View]) -> Iterator[Action]:
    """Each missing link once, called by an end that lacks it, the calls spread evenly over the ends."""
    everyone = frozenset(answering)
    for row, name in enumerate(answering):
        view = views[name]
        lacking = everyone - view.linked - {name}
        if lacking:
            # If two nodes lack each other, only one of them calls: the first one in the order if they are an even
            # number of places apart, else the second one. So each node makes about half of its calls.
            turn = [*answering[(row + 1) % 2 : row : 2], *answering[row + 2 :: 2]]
            others = [peer for peer in lacking.difference(turn) if name in views[peer].linked]
            yield from _missing_all([peer for peer in turn if peer in lacking] + sorted(others), name, view)


def reach_out(node: str, observers: Sequence[str], observation: Observation) -> Iterator[Action]:
    """Connect a node that did not answer us. A member may still reach it, unless it accepted our connection in
    silence."""
    why = observation.unreachable.get(node)
    if why and why.silent and observers:
        yield refused(node, "no_answer", why.reason)
        return
    for observer in observers:
        yield _missing(node, observer, observation.views[observer])


def _missing(node: str, observer: str, view: View) -> Action:
    detail = f"{observer} reports it unreachable" if node in view.down else f"{observer} does not list it"
    return Action(CONNECT, node, "missing", observer, detail=detail)


def _missing_all(nodes: Sequence[str], observer: str, view: View) -> Iterable[Action]:
    """:func:`_missing` for many nodes. Half a million actions take well under a second."""
    if view.down:
        return [_missing(node, observer, view) for node in nodes]
    template = _missing("", observer, view)
    columns = [repeat(value) if index != _NODE else nodes for index, value in enumerate(template)]
    return map(partial(tuple.__new__, Action), zip(*columns))
