# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nameservers are asked: those of the option ``nameservers``, else those of this machine's resolv.conf."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError, OptionError

RESOLV_CONF = Path("/etc/resolv.conf")
_WITH_PORT = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<v4>[^:\[\]]+)):(?P<port>[0-9]{1,5})")
_MOST_BYTES = 65536


@dataclass(frozen=True)
class Nameserver:
    address: str
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True)
class SystemConfig:
    """The settings in a resolv.conf(5); lines other than ``nameserver``, ``search`` and ``domain`` are ignored."""

    nameservers: tuple[str, ...]
    search: tuple[str, ...]


def nameservers_of(config: Mapping[str, Any], attempt: int) -> list[Nameserver]:
    """The nameservers in the order of this attempt: each attempt starts with the next one.

    :raises OptionError: an entry is not ``ip``, ``ip:port`` or ``[ipv6]:port``.
    :raises DiscoveryError: none is configured, and resolv.conf has none either.
    """
    port = config["port"]
    given = config["nameservers"]
    if given is None:
        option, entries = str(RESOLV_CONF), system_config().nameservers
    else:
        option, entries = "config.nameservers", given
    servers = [_nameserver(f"{option}[{i}]", entry, port) for i, entry in enumerate(entries)]
    if not servers:
        raise DiscoveryError(f"{RESOLV_CONF} names no nameserver: set config.nameservers")
    first = attempt % len(servers)
    return servers[first:] + servers[:first]


def system_config() -> SystemConfig:
    """
    :raises DiscoveryError: resolv.conf can't be read.
    """
    try:
        with RESOLV_CONF.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_MOST_BYTES)
    except OSError as error:
        raise DiscoveryError(f"{RESOLV_CONF}: {error.strerror}: set config.nameservers") from error
    return parse_system_config(text)


def parse_system_config(text: str) -> SystemConfig:
    """The last of several ``search`` and ``domain`` lines wins, as resolv.conf(5) says."""
    nameservers: list[str] = []
    search: Sequence[str] = ()
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2:
            continue
        if words[0] == "nameserver":
            nameservers.append(words[1])
        elif words[0] in ("search", "domain"):
            search = [word.strip(".") for word in words[1:]]
    return SystemConfig(tuple(nameservers), tuple(domain for domain in search if domain))


def _nameserver(option: str, entry: str, default_port: int) -> Nameserver:
    with_port = _WITH_PORT.fullmatch(entry)
    address = (with_port["v6"] or with_port["v4"]) if with_port else entry
    port = int(with_port["port"]) if with_port else default_port
    try:
        # The zone of a link-local address is the socket's business: ipaddress knows it only since Python 3.9.
        ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        examples = "'10.0.0.53', '10.0.0.53:5353' or '[fd00::53]:5353'"
        raise OptionError(option, f"{entry!r} is not an address such as {examples}")
    return Nameserver(address, port)
