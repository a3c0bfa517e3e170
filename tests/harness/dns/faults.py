# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A nameserver that fails in the ways that no real one can be made to, over real sockets and in real DNS messages.

    with faulty_nameserver(rcode("SERVFAIL")) as ns:
        ns.config                                 # {"nameservers": ["127.0.53.1:40053"]}
        ns.queries                                # what it was asked: ("udp", "app.example.test.", "A"), …

A fault is a function ``(query, transport) -> bytes, a message, or None`` (say nothing).
"""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Union

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.harness.dns.nameserver import free_port

Fault = Callable[[dns.message.Message, str], Union[bytes, dns.message.Message, None]]
Answering = Callable[[dns.message.Message, str], dns.message.Message]
"""One that always answers with a whole message."""


class FaultyNameserver:
    def __init__(self, fault: Fault, address: str, tcp: bool) -> None:
        self.fault = fault
        self.queries: list[tuple[str, str, str]] = []
        self.address = address
        self.port = free_port(address)
        self._sockets = []
        self._threads = []
        for transport, kind in [("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)][: 2 if tcp else 1]:
            listener = socket.socket(socket.AF_INET, kind)
            listener.bind((address, self.port))
            if transport == "tcp":
                listener.listen()
            self._sockets.append(listener)
            serve = self._serve_udp if transport == "udp" else self._serve_tcp
            self._threads.append(threading.Thread(target=serve, args=(listener,)))
        for thread in self._threads:
            thread.start()

    @property
    def spec(self) -> str:
        return f"{self.address}:{self.port}"

    @property
    def config(self) -> dict[str, list[str]]:
        return {"nameservers": [self.spec]}

    def stop(self) -> None:
        for listener in self._sockets:
            # close() alone does not wake a thread that waits in recv or accept
            with ExitStack() as stack:
                stack.callback(listener.close)
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _serve_udp(self, listener: socket.socket) -> None:
        while True:
            try:
                wire, client = listener.recvfrom(65535)
            except OSError:
                return
            if not wire:
                return
            answer = self._answer(wire, "udp")
            if answer is not None:
                listener.sendto(answer, client)

    def _serve_tcp(self, listener: socket.socket) -> None:
        silent = []
        while True:
            try:
                connection, _client = listener.accept()
            except OSError:
                break
            size = connection.recv(2)
            answer = self._answer(connection.recv(struct.unpack("!H", size)[0]), "tcp") if size else b""
            if answer is None:
                silent.append(connection)
                continue
            connection.sendall(struct.pack("!H", len(answer)) + answer)
            connection.close()
        for connection in silent:
            connection.close()

    def _answer(self, wire: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        (question,) = query.question
        self.queries.append((transport, question.name.to_text(), dns.rdatatype.to_text(question.rdtype)))
        answer = self.fault(query, transport)
        return answer.to_wire(max_size=65535) if isinstance(answer, dns.message.Message) else answer


@contextmanager
def faulty_nameserver(fault: Fault, *, address: str | None = None, tcp: bool = True) -> Iterator[FaultyNameserver]:
    address = address or f"127.{random.randint(16, 250)}.{random.randint(0, 255)}.54"
    server = FaultyNameserver(fault, address, tcp)
    try:
        yield server
    finally:
        server.stop()


def rcode(text: str) -> Fault:
    """Answer everything with this rcode."""

    def fault(query: dns.message.Message, transport: str) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.from_text(text))
        return response

    return fault


def records(by_type: dict[str, Sequence[str]], *, flags: int = dns.flags.AA) -> Answering:
    """Answer honestly with these records, whatever the name: type -> texts."""

    def fault(query: dns.message.Message, transport: str) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= flags
        (question,) = query.question
        texts = by_type.get(dns.rdatatype.to_text(question.rdtype), ())
        if texts:
            rrset = dns.rrset.from_text_list(question.name, 30, "IN", question.rdtype, texts)
            response.answer.append(rrset)
        return response

    return fault


def samples(addresses: Sequence[str], size: int, seed: int) -> Fault:
    """Answer each query for A with a random ``size`` of the addresses, over UDP and TCP alike and never truncated."""
    chance = random.Random(seed)
    lock = threading.Lock()

    def fault(query: dns.message.Message, transport: str) -> dns.message.Message:
        with lock:
            chosen = chance.sample(list(addresses), size)
        response = records({"A": chosen})(query, transport)
        if not response.answer:
            soa = dns.rrset.from_text("test.", 30, "IN", "SOA", "ns.test. hostmaster.test. 1 3600 600 86400 86400")
            response.authority.append(soa)
        return response

    return fault


def cached(fault: Fault, ttl: int, clock: Callable[[], float]) -> Fault:
    """A caching resolver in front of a fault that answers with messages.

    Each name and type keeps its answer for ``ttl`` seconds on the clock. The records' TTL counts down in whole seconds,
    and so does the SOA's of an answer without records.
    """
    kept: dict[tuple[str, str], tuple[float, dns.message.Message]] = {}
    lock = threading.Lock()

    def answer(query: dns.message.Message, transport: str) -> dns.message.Message:
        (question,) = query.question
        key = (question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype))
        with lock:
            now = clock()
            if key not in kept or now - kept[key][0] >= ttl:
                fresh = fault(query, transport)
                assert isinstance(fresh, dns.message.Message)
                kept[key] = (now, fresh)
            since, fresh = kept[key]
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        response.set_rcode(fresh.rcode())
        left = ttl - int(now - since)
        response.answer = [_with_ttl(rrset, left) for rrset in fresh.answer]
        response.authority = [_with_ttl(rrset, left) for rrset in fresh.authority]
        return response

    return answer


def _with_ttl(rrset: dns.rrset.RRset, ttl: int) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(rrset.name, ttl, list(rrset))


def silence(query: dns.message.Message, transport: str) -> None:
    """Take the query, and the TCP connection, and never answer."""


def garbage(query: dns.message.Message, transport: str) -> bytes:
    return b"this is not DNS"


def wrong_id(query: dns.message.Message, transport: str) -> dns.message.Message:
    response = records({"A": ["127.6.6.6"], "AAAA": ["::6"]})(query, transport)
    response.id = query.id ^ 1
    return response


def wrong_question(query: dns.message.Message, transport: str) -> dns.message.Message:
    other = dns.message.make_query("other.example.test", query.question[0].rdtype, id=query.id)
    return records({"A": ["127.6.6.6"], "AAAA": ["::6"]})(other, transport)


def cut_in_half(query: dns.message.Message, transport: str) -> bytes:
    """A good response whose second half got lost."""
    response = records({"A": ["127.0.8.1", "127.0.8.2"], "AAAA": ["::1", "::2"]})(query, transport)
    wire = response.to_wire()
    return wire[: len(wire) - 10]


def truncated(query: dns.message.Message, transport: str) -> dns.message.Message:
    """One record and the flag that there are more."""
    return records({"A": ["127.0.8.1"], "AAAA": ["::1"], "SRV": ["0 0 1 a.test."]}, flags=dns.flags.TC)(
        query, transport
    )


def for_edns(refusal: Fault, fault: Fault) -> Fault:
    """Refuse what is asked with EDNS, and do the other for what is asked without it."""
    return lambda query, transport: (refusal if query.edns >= 0 else fault)(query, transport)


def without_question(text: str) -> Fault:
    """Answer everything with a header that has this rcode and nothing behind it, as old servers do."""

    def fault(query: dns.message.Message, transport: str) -> dns.message.Message:
        response = dns.message.Message(id=query.id)
        response.flags |= dns.flags.QR
        response.set_rcode(dns.rcode.from_text(text))
        return response

    return fault


def by_type(**faults: Fault) -> Fault:
    """Another fault for each type that is asked for."""
    return lambda query, transport: faults[dns.rdatatype.to_text(query.question[0].rdtype)](query, transport)


def by_transport(*, udp: Fault, tcp: Fault) -> Fault:
    """Another fault for UDP than for TCP."""
    return lambda query, transport: {"udp": udp, "tcp": tcp}[transport](query, transport)
