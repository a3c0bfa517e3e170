# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the collection as plain frozen data. Nothing in here does I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import combinations
from types import MappingProxyType
from typing import Any, Callable, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

READY = "ready"
NOT_READY = "not_ready"
TERMINATING = "terminating"
NODE_STATES = (READY, NOT_READY, TERMINATING)

ADDRESSES = "addresses"
"""The attribute that has every address of a node, where its source knows several."""

COMPLETE = "complete"
PARTIAL = "partial"
FAILED = "failed"

CONNECT = "connect"
PRUNE = "prune"
KEEP = "keep"
REFUSE = "refuse"

DISAGREE = "do not agree on who is in the cluster and runs"
RABBITMQ = "RabbitMQ"
MNESIA = "Mnesia"

PRUNED_LATELY = 5 * 60
"""Seconds for which a prune counts towards ``max_prune``."""
REJOINED_LATELY = 10 * 60
"""Seconds in which no node is made to leave and rejoin again, and a connect that did not last counts. Without that,
members that permanently refuse each other would rejoin in every run, and each time cost the others their links."""


def minutes(seconds: int) -> str:
    """The same time in words, for messages."""
    return f"{seconds // 60} minutes"


class Node(NamedTuple):
    """One desired member: ``name`` is what the cluster calls it, ``address`` where the control side reaches it, and
    ``state`` one of NODE_STATES."""

    name: str
    address: Optional[str] = None
    state: str = READY
    attributes: Mapping[str, Any] = MappingProxyType({})


class Answered(NamedTuple):
    """One answer that a discovery was made from, of a source whose answers may come from a cache.

    ``question`` names the query and ``server`` the server that answered. ``asked`` is the time of the query, in seconds
    on the monotonic clock of the host that asked. ``ttl``: seconds for which the answer may be cached from then on.
    """

    question: str
    server: str
    asked: float
    ttl: float


@dataclass(frozen=True)
class Discovery:
    """The result of a strategy. Only the three constructors below make one, so that a status always has its reason.

    The first of several nodes with the same name wins. ``ttl``: its time to live in seconds, if the source gives one.
    ``answers``: the answers that it was made from, if a cache may have given them. ``still_running``: names that are
    missing from the source's list and that a second witness reports running; only a discovery that confirms another one
    asks for them. ``samples``: it is the union of answers each of which lacks a node of another one.
    ``notes``: messages for users although nothing is missing.
    """

    nodes: tuple[Node, ...]
    status: str
    reasons: tuple[str, ...] = ()
    authoritative: bool = True
    ttl: Optional[float] = None
    answers: tuple[Answered, ...] = ()
    still_running: frozenset[str] = frozenset()
    samples: bool = False
    notes: tuple[str, ...] = ()

    @classmethod
    def complete(cls, nodes: Sequence[Node], authoritative: bool = True) -> Discovery:
        """Everything that the source knows was read."""
        return cls(_first_of_each_name(nodes), COMPLETE, (), authoritative)

    @classmethod
    def partial(cls, nodes: Sequence[Node], reasons: Sequence[str], authoritative: bool = True) -> Discovery:
        """Something was read and something is known to be missing: it can connect, it never prunes."""
        if not reasons:
            raise ValueError("a partial discovery says why it is partial")
        return cls(_first_of_each_name(nodes), PARTIAL, tuple(reasons), authoritative)

    @classmethod
    def failed(cls, reasons: Sequence[str], authoritative: bool = True) -> Discovery:
        """Nothing is known. It has no nodes, and no plan is made from it."""
        if not reasons:
            raise ValueError("a failed discovery says why it failed")
        return cls((), FAILED, tuple(reasons), authoritative)

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(node.name for node in self.nodes)


def _first_of_each_name(nodes: Sequence[Node]) -> tuple[Node, ...]:
    by_name: dict[str, Node] = {}
    for node in nodes:
        by_name.setdefault(node.name, node)
    return tuple(by_name.values())


class Table(NamedTuple):
    """A member table that a member reports: links alone do not decide who is a member there.

    ``system`` is RABBITMQ or MNESIA. ``partitions``: the members from which this one is partitioned, as the system
    itself reports; None if it did not answer in time.
    """

    system: str
    partitions: Optional[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class View:
    """The peers that one observer lists.

    ``synced`` are the peers with which the observer has finished its own bookkeeping (``global`` in Erlang), None where
    the system has no such notion. ``down`` are the peers that it lists and reports unreachable, ``linked`` all others.
    ``stopping``: the observer reports that it is stopping. ``hidden``: it takes no part in a transitive mesh, so each
    of its links is made alone. ``rejoined``: another run made it leave and rejoin lately. ``holds`` names the data that
    it has stored, if a connect would delete it. ``table`` is None where the links are the membership.
    """

    observer: str
    peers: frozenset[str]
    synced: Optional[frozenset[str]] = None
    down: frozenset[str] = frozenset()
    stopping: bool = False
    hidden: bool = False
    rejoined: bool = False
    holds: frozenset[str] = frozenset()
    table: Optional[Table] = None

    @cached_property
    def linked(self) -> frozenset[str]:
        return self.peers - self.down if self.down else self.peers


@dataclass(frozen=True)
class Unreachable:
    """Why a node gave no view. ``silent``: it accepted our connection and never answered, so that it would not answer a
    member either; with any other reason a member may still reach it. ``answers_as``: the name under which another node
    answered there."""

    reason: str
    silent: bool = False
    answers_as: Optional[str] = None


@dataclass(frozen=True)
class Observation:
    """The views of all nodes that answered, and why the others did not."""

    views: Mapping[str, View]
    unreachable: Mapping[str, Unreachable] = field(default_factory=dict)

    @cached_property
    def members(self) -> frozenset[str]:
        """All nodes that answered or are listed by one that did."""
        listed = frozenset().union(*(view.peers for view in self.views.values()))
        return listed | frozenset(self.views)

    @cached_property
    def down(self) -> frozenset[str]:
        """All nodes that a member reports unreachable."""
        return frozenset().union(*(view.down for view in self.views.values()))

    @cached_property
    def alive(self) -> frozenset[str]:
        """All nodes that answered or are linked to one that did."""
        return frozenset(self.views).union(*(view.linked for view in self.views.values()))

    @cached_property
    def unsettled(self) -> Mapping[str, str]:
        """All nodes that a member lists and has not finished with, each with the first such member by name."""
        reported_by: dict[str, str] = {}
        for name, view in sorted(self.views.items()):
            if view.synced is not None:
                for node in view.linked - view.synced:
                    reported_by.setdefault(node, name)
        return reported_by

    @cached_property
    def parted(self) -> Mapping[str, str]:
        """For systems in which each member lists all the others: the members that disagree with another one on who is a
        member, or that it runs, each with the first such other one by name.

        A member with an empty list has none yet, or has lost it, and does not count. Nor do two that never met: neither
        lists the other.
        """
        parted: dict[str, str] = {}
        listing = sorted(name for name, view in self.views.items() if view.peers and not view.stopping)
        for one, other in combinations(listing, 2):
            if self._disagree(self.views[one], self.views[other]):
                parted.setdefault(one, other)
                parted.setdefault(other, one)
        return parted

    @cached_property
    def disagreement(self) -> Optional[str]:
        """The first two members that disagree, in words."""
        return " and ".join(min(self.parted.items())) + f" {DISAGREE}" if self.parted else None

    @staticmethod
    def _disagree(one: View, other: View) -> bool:
        if other.observer not in one.peers and one.observer not in other.peers:
            return False
        both_run = other.observer in one.linked and one.observer in other.linked
        return not both_run or one.peers | {one.observer} != other.peers | {other.observer}

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """The table of every observer that has one, in the order of their names."""
        return {name: view.table for name, view in sorted(self.views.items()) if view.table}


@dataclass(frozen=True)
class Absence:
    """What the looks at the source so far prove about missing nodes.

    ``listed``: the nodes of the last look. ``missing``: the nodes of earlier looks -> seconds for which each has been
    missing. ``others``: the seconds for all other nodes. ``samples``: why the source proves no absence, empty if it
    does.
    """

    listed: frozenset[str] = frozenset()
    missing: Mapping[str, float] = field(default_factory=dict)
    others: float = 0.0
    samples: str = ""

    def seconds(self, name: str) -> float:
        """For how long the node has been missing; 0 if it is not."""
        return 0.0 if name in self.listed else self.missing.get(name, self.others)


@dataclass(frozen=True)
class Policy:
    """What a plan may do: the options of the same names. ``prune_live`` of None means what the rules allow.

    ``absent_for`` counts for members that are dead, ``absent_for_live`` for those that run: the option gives both, and
    without it they differ for sources that may answer with samples. ``include_not_ready`` comes from the strategy's
    config: not-ready nodes are newly connected too. ``scope_of_nodes``: the basenames of the nodes are known once they
    are discovered, and so is the scope, see :meth:`over`.
    """

    prune: bool = True
    prune_live: Optional[bool] = None
    confirmations: int = 2
    confirmation_interval: float = 2.0
    max_prune: str = "34%"
    min_nodes: int = 1
    allow_empty: bool = False
    prune_unauthoritative: bool = False
    scope: tuple[str, ...] = ()
    on_unreachable: str = "warn"
    fence: bool = False
    absent_for: float = 0.0
    absent_for_live: float = 0.0
    include_not_ready: bool = False
    scope_of_nodes: bool = False

    def over(self, discovery: Discovery) -> Policy:
        """The policy for these nodes. If the scope follows them, it has all basenames before their ``@``; a member
        whose basename no node has any more is out of scope and stays."""
        if not self.scope_of_nodes:
            return self
        basenames = {name.partition("@")[0] for name in discovery.names if "@" in name}
        return replace(self, scope=tuple(f"{basename}@*" for basename in sorted(basenames)))

    def in_scope(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.scope)

    def prune_limit(self, members: int) -> int:
        """How many of ``members`` may go: a count as it is, a percentage rounded down but at least 1 unless it is 0."""
        if not self.max_prune.endswith("%"):
            return int(self.max_prune)
        percentage = int(self.max_prune[:-1])
        return max(1, members * percentage // 100) if percentage else 0


class Action(NamedTuple):
    """One line of a plan.

    ``observer`` is the member on which the call is made; a node that leaves by a call on itself is its own observer, a
    refused or kept node has none. ``reason`` is one word, ``detail`` explains it to people. ``refused`` is the kind of
    action that a REFUSE stands for. ``rejoin``: the node first leaves all that it is linked to.
    """

    kind: str
    node: str
    reason: str
    observer: Optional[str] = None
    refused: Optional[str] = None
    detail: str = ""
    rejoin: bool = False


Stage = Tuple[Action, ...]
"""The actions that may run side by side. The next stage starts once they are done and verified."""


@dataclass(frozen=True)
class Done:
    """The action is carried out, and the members show it."""


@dataclass(frozen=True)
class Failed:
    """The action is not carried out, and will not be: nothing of it goes on."""

    reason: str


@dataclass(frozen=True)
class Pending:
    """The members say that they are still carrying it out. ``progress`` says how far they are, in words."""

    reason: str
    progress: str = ""


@dataclass(frozen=True)
class Unknown:
    """It may have been carried out, or may be later: the call timed out after it was sent, say."""

    reason: str


Outcome = Union[Done, Failed, Pending, Unknown]


def _in_no_order(_actions: Sequence[Action]) -> tuple[Stage, ...]:
    return ()


@dataclass(frozen=True)
class Plan:
    """``doubts``: why the cluster is not whole even if no action is outstanding, in words. ``order`` makes stages of
    the actions."""

    actions: tuple[Action, ...] = ()
    islands: tuple[tuple[str, ...], ...] = ()
    doubts: tuple[str, ...] = ()
    order: Callable[[Sequence[Action]], tuple[Stage, ...]] = field(default=_in_no_order, repr=False, compare=False)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The connects and prunes, in the order in which they are carried out. Most plans are only looked at, and some
        have half a million actions, so it is made when it is asked for."""
        return self.order(self.actions)

    def of(self, kind: str) -> tuple[Action, ...]:
        return tuple(action for action in self.actions if action.kind == kind)

    @property
    def connects(self) -> tuple[Action, ...]:
        return self.of(CONNECT)

    @property
    def prunes(self) -> tuple[Action, ...]:
        return self.of(PRUNE)

    @property
    def refusals(self) -> tuple[Action, ...]:
        return self.of(REFUSE)

    @property
    def converged(self) -> bool:
        """Whether no action is outstanding, refused ones included, and there is no doubt."""
        return not self.doubts and all(action.kind == KEEP for action in self.actions)


@dataclass(frozen=True)
class MemberEvent:
    """``joined``, ``left``, ``connect_failed`` or ``prune_refused``."""

    event: str
    node: str
    reason: str
    observer: Optional[str] = None
