# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members, read and changed by the topology's commands."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any, Awaitable, Callable, Iterable, Mapping, Optional, Sequence, TypeVar

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.atomic import atomic, side_by_side
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.undesired import (
    NOT_ASKED,
    most_undesired,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec import names as _exec_names
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec import process as _exec_process
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.output import ListedNames, reader_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec.templates import (
    OBSERVER,
    Template,
    template_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    Action,
    Node,
    Observation,
    Unreachable,
    View,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology

POLL = 0.25
"""Seconds between two readings of the members: each reading runs a command for each of them."""

T = TypeVar("T")


class ExecMembers:
    """Reads views with a command for each member. A member that never answered is asked again only where an observation
    retries it: each try may cost a time-out."""

    def __init__(self, topology: Topology) -> None:
        config = topology.driver_config
        self._list_nodes = template_of("list_nodes", topology.list_nodes, OBSERVER)
        self._read = reader_of(config)
        self._timeout: float = config["timeout"]
        self._parallel: int = config["parallel"]
        self._addresses: dict[str, Optional[str]] = {}
        self._unreachable: dict[str, Unreachable] = {}
        self._answered: set[str] = set()
        self._observed: frozenset[str] = frozenset()
        self._doubtful: frozenset[str] = frozenset()

    async def observe(
        self, desired: Sequence[Node], in_scope: Callable[[str], bool], retry_unreachable: bool
    ) -> Observation:
        """All views at once: those of the desired nodes, then those of the in-scope peers that they list.

        :param retry_unreachable: also ask members that never answered.
        """
        if retry_unreachable:
            self._unreachable = {}
            self._answered = set()
            self._doubtful = frozenset()
        self._addresses.update((node.name, node.address) for node in desired)
        names = frozenset(node.name for node in desired)
        most = most_undesired(len(desired))
        listings = await self._listings(names)
        if _exec_names.speak_of_others(listings, names) and not await self._is_listed(names, _listed(listings)[:most]):
            self._unreachable.update((name, _exec_names.nobody_known(found)) for name, found in listings.items())
            self._answered.difference_update(listings)
            listings = {}
        listings = self._without_other_names(listings, names)
        undesired = [name for name in _listed(listings) if name not in names and in_scope(name)]
        self._unreachable.update((name, NOT_ASKED) for name in undesired[most:])
        listings.update(await self._listings(undesired[:most]))
        self._observed = frozenset(listings)
        relevant = names.union(undesired)
        unreachable = {name: why for name, why in self._unreachable.items() if name in relevant}
        return Observation({name: _view(name, listing) for name, listing in listings.items()}, unreachable)

    async def views(self, names: Iterable[str]) -> dict[str, View]:
        """The current views of the members that answer."""
        return {name: _view(name, listing) for name, listing in (await self._listings(names)).items()}

    @property
    def observed(self) -> frozenset[str]:
        """The members that gave a view in the last observation."""
        return self._observed

    def answers(self, name: str) -> bool:
        """Whether this member, if it was asked, gave a view."""
        return name not in self._unreachable

    def has_lost(self, seen: Observation) -> bool:
        """Whether a member that answered before did not answer this time."""
        return not self._answered.isdisjoint(seen.unreachable)

    def may_be_desired(self, name: str) -> bool:
        """Whether this undesired name may belong to a desired node that discovery lists under another name."""
        return name in self._doubtful

    async def run(self, template: Template, observer: str, node: Optional[str] = None) -> bytes:
        """Run one of the topology's commands.

        :raises UnreachableError: a placeholder has no value, or the command failed.
        """
        values = {"observer": observer, "observer_address": self._address(observer)}
        if node is not None:
            values.update(node=node, node_address=self._address(node))
        return await _exec_process.run(template.label, template.fill(values), self._timeout)

    async def run_each(
        self, template: Template, actions: Sequence[Action], problems: dict[Action, Optional[str]]
    ) -> None:
        """Run a command for each action. An interruption lets those end that run, and starts no other one.

        :param problems: gets why each command failed, or None, once it has ended. Whether it had an effect shows in the
            views.
        """

        async def one(action: Action) -> None:
            problems[action] = await self._run_one(template, action)

        await self.together(_bound(atomic, _bound(one, action)) for action in actions)

    async def together(self, starts: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
        """Run all of it, as many at the same time as the option ``parallel`` allows."""
        places = asyncio.Semaphore(self._parallel)

        async def one(start: Callable[[], Awaitable[T]]) -> T:
            async with places:
                return await start()

        return await side_by_side(_bound(one, start) for start in starts)

    async def _run_one(self, template: Template, action: Action) -> Optional[str]:
        try:
            await self.run(template, str(action.observer), action.node)
        except UnreachableError as error:
            return error.reason
        return None

    async def _is_listed(self, names: frozenset[str], observers: Iterable[str]) -> bool:
        listings = await self._listings(observers)
        return any(not listing.names.isdisjoint(names) for listing in listings.values())

    def _without_other_names(self, listings: dict[str, ListedNames], desired: frozenset[str]) -> dict[str, ListedNames]:
        otherwise = _exec_names.called_otherwise(listings, desired)
        self._unreachable.update((name, _exec_names.other_name(candidates)) for name, candidates in otherwise.items())
        self._answered.difference_update(otherwise)
        self._doubtful = self._doubtful.union(*otherwise.values())
        return {name: listing for name, listing in listings.items() if name not in otherwise}

    async def _listings(self, names: Iterable[str]) -> dict[str, ListedNames]:
        asked = sorted(name for name in names if name not in self._unreachable or name in self._answered)
        found = await self.together(_bound(self._listing, name) for name in asked)
        return {name: listing for name, listing in zip(asked, found) if listing}

    async def _listing(self, name: str) -> Optional[ListedNames]:
        try:
            listing = self._read(await self.run(self._list_nodes, name))
        except UnreachableError as error:
            self._unreachable[name] = Unreachable(error.reason)
            return None
        self._unreachable.pop(name, None)
        self._answered.add(name)
        return listing

    def _address(self, name: str) -> Optional[str]:
        """The address from discovery; an undesired member has one only if the host in its name is an IP address."""
        host = name.rpartition("@")[2]
        return self._addresses.get(name) or (host if _is_ip(host) else None)


def _bound(function: Callable[..., Awaitable[T]], *arguments: Any) -> Callable[[], Awaitable[T]]:
    return lambda: function(*arguments)


def _view(observer: str, listing: ListedNames) -> View:
    peers, down = listing.names - {observer}, listing.down - {observer}
    return View(observer, peers, peers - down - listing.unsettled if listing.unsettled else None, down)


def _listed(listings: Mapping[str, ListedNames]) -> list[str]:
    return sorted(frozenset().union(*(listing.names for listing in listings.values())))


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
