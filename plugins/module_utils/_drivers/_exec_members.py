# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members as the topology's commands show them."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any, Awaitable, Callable, Iterable, Mapping, Optional, Sequence, TypeVar

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers import _exec_process
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._exec_output import Listing, reader_of
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers._exec_templates import (
    OBSERVER,
    Template,
    template_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node, Observation, Unreachable, View
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology

_STRAYS = 64
"""So many strays are asked at least; above four times the desired nodes a list of peers is not to be believed."""
_NOT_ASKED = Unreachable("it was not asked: there are too many nodes that discovery does not list")

T = TypeVar("T")


class Members:
    """Who was unreachable is not asked again until an observation says so: each try may cost a time-out."""

    def __init__(self, topology: Topology) -> None:
        config = topology.driver_config
        self._list_nodes = template_of(topology.name, "list_nodes", topology.list_nodes, OBSERVER)
        self._read = reader_of(topology.name, config)
        self._timeout: float = config["timeout"]
        self._parallel: int = config["parallel"]
        self._addresses: dict[str, Optional[str]] = {}
        self._unreachable: dict[str, Unreachable] = {}

    async def observe(self, desired: Sequence[Node], in_scope: Callable[[str], bool], again: bool) -> Observation:
        """All views at once: those of the desired nodes, then those of the in-scope peers that they list.

        :param again: ask also those who were unreachable before.
        """
        if again:
            self._unreachable = {}
        self._addresses.update((node.name, node.address) for node in desired)
        names = frozenset(node.name for node in desired)
        listings = await self._listings(names)
        if _speak_of_others(listings, names):
            self._unreachable.update((name, _other_names(listing)) for name, listing in listings.items())
            listings = {}
        listed = frozenset().union(*(listing.names for listing in listings.values())) - names
        strays = sorted(name for name in listed if in_scope(name))
        most = max(_STRAYS, 4 * len(desired))
        self._unreachable.update((name, _NOT_ASKED) for name in strays[most:])
        listings.update(await self._listings(strays[:most]))
        relevant = names.union(strays)
        unreachable = {name: why for name, why in self._unreachable.items() if name in relevant}
        return Observation({name: _view(name, listing) for name, listing in listings.items()}, unreachable)

    async def views(self, names: Iterable[str]) -> dict[str, View]:
        """The views of those who give one, read now."""
        return {name: _view(name, listing) for name, listing in (await self._listings(names)).items()}

    def answers(self, name: str) -> bool:
        """Whether one that was asked gave a view."""
        return name not in self._unreachable

    async def run(self, template: Template, observer: str, node: Optional[str] = None) -> bytes:
        """Run one of the topology's commands.

        :raises UnreachableError: a placeholder has no value, or the command failed.
        """
        values = {"observer": observer, "observer_address": self._address(observer)}
        if node is not None:
            values.update(node=node, node_address=self._address(node))
        return await _exec_process.run(template.label, template.fill(values), self._timeout)

    async def together(self, work: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
        """All of it, as many at the same time as the topology allows."""
        places = asyncio.Semaphore(self._parallel)

        async def one(start: Callable[[], Awaitable[T]]) -> T:
            async with places:
                return await start()

        return list(await asyncio.gather(*map(one, work)))

    async def _listings(self, names: Iterable[str]) -> dict[str, Listing]:
        asked = sorted(name for name in names if name not in self._unreachable)
        found = await self.together(_bound(self._listing, name) for name in asked)
        return {name: listing for name, listing in zip(asked, found) if listing}

    async def _listing(self, name: str) -> Optional[Listing]:
        try:
            return self._read(await self.run(self._list_nodes, name))
        except UnreachableError as error:
            self._unreachable[name] = Unreachable(error.reason)
            return None

    def _address(self, name: str) -> Optional[str]:
        """The one that discovery gave it; a stray has one where its name is that of an IP address."""
        host = name.rpartition("@")[2]
        return self._addresses.get(name) or (host if _is_ip(host) else None)


def _bound(work: Callable[..., Awaitable[T]], *arguments: Any) -> Callable[[], Awaitable[T]]:
    return lambda: work(*arguments)


def _view(observer: str, listing: Listing) -> View:
    return View(observer, listing.names - {observer}, down=listing.down - {observer})


def _speak_of_others(listings: Mapping[str, Listing], desired: frozenset[str]) -> bool:
    """Whether nobody lists anyone whom discovery lists: then the two call the same nodes by different names, and every
    member would look like a stray. One alone may really have only strays for peers."""
    listed = [listing.names for listing in listings.values()]
    return len(listed) > 1 and all(listed) and all(names.isdisjoint(desired) for names in listed)


def _other_names(listing: Listing) -> Unreachable:
    first = ", ".join(sorted(listing.names)[:3])
    return Unreachable(
        f"it lists {first}, and nobody lists a name that discovery gives: does the cluster call its members otherwise?"
    )


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
