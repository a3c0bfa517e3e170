# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real authoritative nameserver whose records change under the test: Knot DNS, or BIND if TEST_NAMESERVER is named.

    with nameserver({"app.example.test": ["127.0.8.1", "127.0.8.2", "::1"]}) as ns:
        ns.config                                                   # {"nameservers": ["127.0.53.1:40053"]}
        ns.replace("app.example.test", A=["127.0.8.1"])             # all the records that the name has from now on
        ns.replace("_app._tcp.example.test", SRV=["0 5 4369 a.example.test."])
        ns.replace("alias.example.test", CNAME=["app.example.test."])
        ns.remove("app.example.test")                               # NXDOMAIN from now on
        ns.stop(); ns.start()                                       # the same address, port and records

Names end with one of its zones ("test" alone, unless told); for any other name it answers REFUSED. A change is in
effect when the call returns (RFC 2136 over TCP).
"""

from __future__ import annotations

import ipaddress
import os
import random
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.update

TTL = 30
_BIND_IS_MEANT = os.environ.get("TEST_NAMESERVER") == "named"
_START_WITHIN = 30.0
_KNOT = """
server:
    rundir: "{directory}"
    listen: {address}@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: warning
database:
    storage: "{directory}/db"
acl:
  - id: everyone
    address: [0.0.0.0/0, "::/0"]
    action: update
template:
  - id: default
    storage: "{directory}"
    file: "%s.zone"
    acl: everyone
    journal-content: none
    zonefile-sync: 0
zone:
"""
_BIND = """
options {{
    directory "{directory}";
    pid-file none;
    session-keyfile "{directory}/session.key";
    listen-on {listens4};
    listen-on-v6 {listens6};
    recursion no;
    notify no;
    dnssec-validation no;
    max-records-per-type 0;
}};
controls {{ }};
"""
_BIND_ZONE = 'zone "{zone}" {{ type primary; file "{zone}.zone"; allow-update {{ any; }}; }};\n'
_ZONE = """@ {ttl} SOA ns hostmaster 1 3600 600 86400 {ttl}
@ {ttl} NS ns
ns {ttl} {type} {address}
"""


class Nameserver:
    """One running server and its zones."""

    def __init__(self, address: str, port: int, directory: Path, zones: Sequence[str]) -> None:
        self.address = address
        self.port = port
        self._zones = [dns.name.from_text(zone) for zone in zones]
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        rdtype = "AAAA" if ":" in address else "A"
        for zone in zones:
            (directory / f"{zone}.zone").write_text(_ZONE.format(ttl=TTL, type=rdtype, address=address))
        self._command = (self._bind if _BIND_IS_MEANT else self._knot)(zones)

    def _knot(self, zones: Sequence[str]) -> list[str]:
        """:returns: what starts it, once its configuration is written."""
        file = self._directory / "knot.conf"
        config = _KNOT.format(directory=self._directory, address=self.address, port=self.port)
        file.write_text(config + "".join(f"  - domain: {zone}\n" for zone in zones))
        return ["knotd", "-c", str(file)]

    def _bind(self, zones: Sequence[str]) -> list[str]:
        """:returns: what starts it, once its configuration is written."""
        file = self._directory / "named.conf"
        listens = [f"port {self.port} {{ {self.address}; }}", "{ none; }"]
        listens4, listens6 = reversed(listens) if ":" in self.address else listens
        config = _BIND.format(directory=self._directory, listens4=listens4, listens6=listens6)
        file.write_text(config + "".join(_BIND_ZONE.format(zone=zone) for zone in zones))
        return ["named", "-g", "-c", str(file)]

    @property
    def spec(self) -> str:
        """``ip:port`` or ``[ipv6]:port``, as an entry of the option ``nameservers``."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def config(self) -> dict[str, list[str]]:
        """The resolver options that make a strategy ask this nameserver alone."""
        return {"nameservers": [self.spec]}

    def start(self) -> None:
        """Return when it answers; :raises RuntimeError: it did not come up."""
        log = (self._directory / "log").open("ab")
        with log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_WITHIN
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self._command[0]} did not start: {self._log()}")
            time.sleep(0.01)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def replace(self, name: str, **records: Sequence[str]) -> None:
        """From now on the name has these records and no others: type -> texts as in a zone file."""
        owner, update = self._update(name)
        update.delete(owner)
        for rdtype, texts in records.items():
            for text in texts:
                update.add(owner, TTL, rdtype, text)
        self._send(update)

    def set_addresses(self, name: str, addresses: Sequence[str]) -> None:
        """:meth:`replace` with A and AAAA records, whichever each address is."""
        by_type: dict[str, list[str]] = {}
        for address in addresses:
            rdtype = "A" if ipaddress.ip_address(address).version == 4 else "AAAA"
            by_type.setdefault(rdtype, []).append(address)
        self.replace(name, **by_type)

    def remove(self, name: str) -> None:
        self.replace(name)

    def types(self, name: str) -> set[str]:
        """Of the records that the name itself has, as an answer for A shows them."""
        owner = dns.name.from_text(name)
        answer = dns.query.tcp(dns.message.make_query(owner, "A"), self.address, timeout=30, port=self.port).answer
        return {dns.rdatatype.to_text(rrset.rdtype) for rrset in answer if rrset.name == owner}

    def _update(self, name: str) -> tuple[dns.name.Name, dns.update.UpdateMessage]:
        owner = dns.name.from_text(name)
        (zone,) = [zone for zone in self._zones if owner.is_subdomain(zone)]
        return owner, dns.update.UpdateMessage(zone)

    def _send(self, update: dns.update.UpdateMessage) -> None:
        response = dns.query.tcp(update, self.address, timeout=30, port=self.port)
        if response.rcode() != dns.rcode.NOERROR:
            rcode = dns.rcode.to_text(response.rcode())
            raise RuntimeError(f"{self._command[0]} refused the update: {rcode}: {self._log()}")

    def _log(self) -> str:
        return (self._directory / "log").read_text()

    def _answers(self) -> bool:
        query = dns.message.make_query(self._zones[0], "SOA")
        try:
            answer = dns.query.tcp(query, self.address, timeout=1, port=self.port)
        except (OSError, EOFError, dns.exception.DNSException):
            return False
        return bool(answer.answer)


@contextmanager
def nameserver(
    records: Mapping[str, Sequence[str]] | None = None,
    *,
    address: str | None = None,
    port: int | None = None,
    zones: Sequence[str] = ("test",),
) -> Iterator[Nameserver]:
    """
    :param records: name -> addresses.
    :param address: its own; without one, some 127.x.y.z that nobody is likely to use at the same time.
    """
    address = address or _address()
    with tempfile.TemporaryDirectory(prefix="nameserver-") as directory:
        server = Nameserver(address, port or free_port(address), Path(directory), zones)
        try:
            server.start()
            for name, addresses in (records or {}).items():
                server.set_addresses(name, addresses)
            yield server
        finally:
            server.stop()


def _address() -> str:
    """BIND listens on what interfaces are said to have, and of the loopback network that is one."""
    return "127.0.0.1" if _BIND_IS_MEANT else f"127.{random.randint(16, 250)}.{random.randint(0, 255)}.53"


def free_port(address: str) -> int:
    """A port that is free for UDP and TCP."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
            tcp.bind((address, 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind((address, port))
            except OSError:
                continue
            return port
