# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects the heartbeats of ``gossip``, within limits, since anybody can send packets.

There are limits on the packets that are read from one sender each second, on the names that are accepted from one
sender and from all, and on the senders that are remembered. Everything above a limit makes the discovery partial.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.gossip.packet import (
    NodeOf,
    UnreadableError,
)

MAX_PACKETS_A_SECOND = 1000
"""The most packets from one address and port. A node sends one in two and a half seconds."""
MAX_NAMES_OF_ONE = 256
MAX_NAMES = 4096
MAX_SENDERS = 4096
_MAX_SENDERS_OF_ONE = 8
_SHOWN = 3

_TOO_OFTEN = f"not read, since one sender sent more than {MAX_PACKETS_A_SECOND} in a second"
_TOO_MANY_OF_ONE = f"left out, since one sender sent more than {MAX_NAMES_OF_ONE} names"
_TOO_MANY = f"left out, since there were more than {MAX_NAMES} names"
_SILENCE = (
    "no packet came at all; check config.port, config.multicast_addr and config.multicast_if, whether this machine is"
    " in the nodes' network, and what the nodes' multicast_ttl and firewalls let through"
)


@dataclass
class _Packets:
    """The packets that were left out for the same reason."""

    count: int = 0
    senders: set[str] = field(default_factory=set)

    def add(self, sender: str) -> None:
        self.count += 1
        if len(self.senders) < MAX_SENDERS:
            self.senders.add(sender)

    def __str__(self) -> str:
        packets = "1 packet" if self.count == 1 else f"{self.count} packets"
        shown = ", ".join(sorted(self.senders)[:_SHOWN])
        number = len(self.senders)
        if number <= _SHOWN:
            return f"{packets} from {shown}"
        at_least = "at least " if number == MAX_SENDERS else ""
        return f"{packets} from {at_least}{number} senders ({shown}, …)"


class HeartbeatCollector:
    """:param node_of: parses a packet to the name of its sender."""

    def __init__(self, node_of: NodeOf) -> None:
        self._node_of = node_of
        self._senders_by_name: dict[str, set[str]] = {}
        self._names_by_sender: dict[str, int] = {}
        self._doubts: dict[str, _Packets] = {}
        self._second: Optional[int] = None
        self._this_second: dict[tuple[str, int], int] = {}

    def collect(self, packet: bytes, address: str, port: int, now: float) -> None:
        """Process one packet.

        :param address: the sender's address; ``port`` is its port.
        :param now: seconds, on any clock.
        """
        if self._is_too_often((address, port), now):
            self._doubt(_TOO_OFTEN, address)
            return
        try:
            name = self._node_of(packet)
        except UnreadableError as error:
            self._doubt(error.reason, address)
            return
        self._add_name(name, address)

    def discovery(self, where: str, seconds: float, dropped: int) -> Discovery:
        """
        :param where: the channel that was listened on, and ``seconds`` is for how long.
        :param dropped: how many packets the system dropped before they were read.
        :raises DiscoveryError: there was no heartbeat.
        """
        reasons = [f"{packets}: {reason}" for reason, packets in sorted(self._doubts.items())]
        reasons += [
            f"{name!r} was heard from {len(senders)} addresses ({', '.join(sorted(senders)[:_SHOWN])}"
            f"{', …' if len(senders) > _SHOWN else ''}): several nodes with one name, unless its host has all of them"
            for name, senders in sorted(self._senders_by_name.items())
            if len(senders) > 1
        ]
        if dropped:
            reasons.append(f"{dropped} packets came faster than they could be read and were lost")
        if not self._senders_by_name:
            raise DiscoveryError(f"no node was heard in {seconds:g} s on {where}: {'; '.join(reasons) or _SILENCE}")
        nodes = [
            Node(name, name.partition("@")[2], attributes={"heard_from": sorted(senders)})
            for name, senders in sorted(self._senders_by_name.items())
        ]
        if reasons:
            return Discovery.partial(nodes, reasons, authoritative=False)
        return Discovery.complete(nodes, authoritative=False)

    def _is_too_often(self, sender: tuple[str, int], now: float) -> bool:
        """Whether the sender is above its limit. A sender is an address with a port: all nodes of a host send from the
        port of the gossip, and other programs from ports of their own."""
        if int(now) != self._second:
            self._second, self._this_second = int(now), {}
        number = self._this_second.get(sender, 0) + 1
        if number > 1 or len(self._this_second) < MAX_SENDERS:
            self._this_second[sender] = number
        return number > MAX_PACKETS_A_SECOND

    def _add_name(self, name: str, sender: str) -> None:
        senders = self._senders_by_name.get(name)
        if senders is None:
            if self._names_by_sender.get(sender, 0) >= MAX_NAMES_OF_ONE:
                self._doubt(_TOO_MANY_OF_ONE, sender)
                return
            if len(self._senders_by_name) >= MAX_NAMES:
                self._doubt(_TOO_MANY, sender)
                return
            self._names_by_sender[sender] = self._names_by_sender.get(sender, 0) + 1
            senders = self._senders_by_name[name] = set()
        if len(senders) < _MAX_SENDERS_OF_ONE:
            senders.add(sender)

    def _doubt(self, reason: str, sender: str) -> None:
        self._doubts.setdefault(reason, _Packets()).add(sender)
