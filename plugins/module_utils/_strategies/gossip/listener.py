# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The socket on which ``gossip`` listens, and the options for it.

The socket is bound to the group or broadcast address itself, not to all addresses. So it only receives what was sent
there, and a node of libcluster on the same machine and port still gets the packets that are sent to its own address: if
several sockets share a port, a unicast packet reaches only one of them.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
import sys
from dataclasses import dataclass
from typing import Any, Mapping, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError, OptionError

_ANY = "0.0.0.0"  # noqa: S104 - what libcluster writes for the system's choice
# Of <linux/in.h> and <asm-generic/socket.h>; Python has no names for them.
_IP_MULTICAST_ALL = 49
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("=9I")
_MEMINFO_DROPS = 8


@dataclass(frozen=True)
class Channel:
    """The address and port that the nodes send to. ``interface``: the address of the interface on which the group is
    joined; None for the system's choice, and without a group. ``interface_option``: the option that gave it."""

    address: str
    port: int
    is_group: bool
    interface: Optional[str] = None
    interface_option: str = "config.multicast_if"

    def __str__(self) -> str:
        if not self.is_group:
            return f"broadcast address {self.address}, port {self.port}"
        interface = f"interface {self.interface}" if self.interface else "the system's choice of interface"
        return f"multicast group {self.address}, port {self.port}, {interface}"


def channel_of(config: Mapping[str, Any]) -> Channel:
    """
    :raises OptionError: an address is not IPv4 or of the wrong kind, or options contradict each other.
    """
    address = _ipv4(config, "multicast_addr")
    interfaces = {
        option: _ipv4(config, option) for option in ("multicast_if", "if_addr") if config[option] not in (None, _ANY)
    }
    if config["broadcast_only"]:
        _check_broadcast(address, interfaces)
        return Channel(address, config["port"], is_group=False)
    if not ipaddress.IPv4Address(address).is_multicast:
        raise OptionError(
            "config.multicast_addr",
            f"{address!r} is no multicast group (224.0.0.0 to 239.255.255.255); for a broadcast address set"
            " config.broadcast_only",
        )
    if len(set(interfaces.values())) > 1:
        raise OptionError(
            "config.if_addr", f"{interfaces['if_addr']!r} is not config.multicast_if: give one of the two"
        )
    for option, interface in interfaces.items():
        return Channel(address, config["port"], True, interface, f"config.{option}")
    return Channel(address, config["port"], True)


def open_socket(channel: Channel) -> socket.socket:
    """A non-blocking socket that receives what is sent to the channel.

    :raises OptionError: this machine cannot listen on an address.
    :raises DiscoveryError: the system refused to open or bind the socket.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        _share_port(sock)
        _bind(sock, channel)
        if channel.is_group:
            _join(sock, channel)
    except BaseException:
        sock.close()
        raise
    return sock


def dropped(sock: socket.socket) -> int:
    """How many packets the system dropped because they were not read fast enough; 0 where it does not report that."""
    if not _is_linux():
        return 0
    try:
        info = sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
    except OSError:
        return 0
    return int(_MEMINFO.unpack(info)[_MEMINFO_DROPS]) if len(info) == _MEMINFO.size else 0


def _ipv4(config: Mapping[str, Any], option: str) -> str:
    try:
        return str(ipaddress.IPv4Address(config[option]))
    except ValueError:
        raise OptionError(
            f"config.{option}", f"{config[option]!r} is no IPv4 address, and libcluster's gossip has no other"
        ) from None


def _check_broadcast(address: str, interfaces: Mapping[str, str]) -> None:
    if ipaddress.IPv4Address(address).is_multicast:
        raise OptionError(
            "config.multicast_addr",
            f"{address!r} is a multicast group, which nobody hears with config.broadcast_only: set it to the broadcast"
            " address, such as 255.255.255.255, or leave out config.broadcast_only",
        )
    for option, interface in interfaces.items():
        raise OptionError(
            f"config.{option}",
            f"{interface!r} says nothing with config.broadcast_only: leave it out, and name the broadcast address of"
            " that network in config.multicast_addr",
        )


def _is_linux() -> bool:
    return sys.platform.startswith("linux")


def _share_port(sock: socket.socket) -> None:
    """As libcluster does. On Linux SO_REUSEADDR is enough, and libcluster sets nothing else there, since its value of
    SO_REUSEPORT is that of the BSDs and macOS, which ask for it."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if not _is_linux():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def _bind(sock: socket.socket, channel: Channel) -> None:
    try:
        sock.bind((channel.address, channel.port))
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL and not channel.is_group:
            raise _no_broadcast_address(channel) from error
        way_out = {
            errno.EADDRINUSE: ": another program has the port and doesn't share it (SO_REUSEADDR)",
            errno.EACCES: ": ports below 1024 may be for root alone",
        }.get(error.errno or 0, "")
        raise DiscoveryError(f"config.port: cannot listen on {channel}: {error.strerror}{way_out}") from error
    if not channel.is_group and not _is_broadcast(channel):
        raise _no_broadcast_address(channel)


def _no_broadcast_address(channel: Channel) -> OptionError:
    return OptionError(
        "config.multicast_addr",
        f"{channel.address!r} is not the broadcast address of any network that this machine is in",
    )


def _is_broadcast(channel: Channel) -> bool:
    """Whether it is a broadcast address. Linux refuses to connect to one without SO_BROADCAST; other systems give no
    sign of it."""
    if not _is_linux():
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((channel.address, channel.port))
        except PermissionError:
            return True
        except OSError:
            return False
    return False


def _join(sock: socket.socket, channel: Channel) -> None:
    group, interface = (socket.inet_aton(address) for address in (channel.address, channel.interface or _ANY))
    try:
        if _is_linux():
            # Otherwise it receives the group on every interface on which any program of this machine has joined it.
            sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + interface)
    except OSError as error:
        if error.errno not in (errno.ENODEV, errno.EADDRNOTAVAIL):
            raise DiscoveryError(f"{channel.interface_option}: cannot join {channel}: {error.strerror}") from error
        if channel.interface:
            problem = f"{channel.interface!r} is not the address of an interface of this machine"
        else:
            problem = f"the system has no route to {channel.address}: set this to the address of an interface"
        raise OptionError(channel.interface_option, problem) from error
