# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cautious resolver: no cache, no search list, and every doubtful response counts as a failure.

A nameserver gives either the records, which may be none (NOERROR without data, RFC 2308 section 2.2), or a reason why
its response is no answer. After a reason the next nameserver is asked. NXDOMAIN is such a reason: a zone that is not
loaded yet, and a mistyped name, look just like a cluster without members.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Mapping, NamedTuple, Optional, Sequence, Union

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import MissingLibraryError, OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.threads import in_a_thread
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Answered, Discovery, Node
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common import (
    resolver_exchange as _resolver_exchange,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver_config import (
    Nameserver,
    nameservers_of,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver_exchange import (
    NameserverError,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common.resolver_records import (
    AAAA,
    CNAME,
    DNSPYTHON_ERROR,
    NS,
    SOA,
    A,
    DnsRecord,
    Response,
)

if DNSPYTHON_ERROR is None:
    import dns.exception
    import dns.flags
    import dns.name
    import dns.rcode

_ASIDE = 1.0
"""Seconds at most for a question that a discovery can do without."""
_NEAR_A_LIMIT = 100
"""Records of one type at a name: ``max-records-per-type`` of BIND 9.18.28 and newer, unless it is set."""
_MOST_ALIASES = 16
_IN_A_CIRCLE = f"more than {_MOST_ALIASES} CNAMEs in a row: the aliases go round in a circle"
_WAY_OUT = {
    "NXDOMAIN": "the name does not exist there: check its spelling, it is taken as a full name",
    "REFUSED": "it does not serve this name to this machine: check config.nameservers",
    "SERVFAIL": "it could not find out: look at its log",
}


@dataclass(frozen=True)
class RecordsAnswer:
    """``records``: the data of the records of one type, each once. ``addresses``: name in lower case -> the addresses
    that came with them, IPv4 first. ``ttl``: the least TTL in seconds, aliases included (RFC 2308 section 5 if there
    are no records). ``kept``: the least TTL of the records alone, for which a cache may repeat them, even if it asks
    anew for an alias to them."""

    records: tuple[Any, ...]
    addresses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ttl: Optional[int] = None
    kept: int = 0


class Alias(NamedTuple):
    """The name at the end of the aliases in a response without records, and their least TTL in seconds."""

    target: str
    ttl: int


class NoSuchName(NameserverError):
    """The nameserver answered that the name does not exist."""


class Failure(NamedTuple):
    """Why a nameserver gave no answer."""

    server: Nameserver
    error: NameserverError


class Given(NamedTuple):
    """An answer, the server that gave it, and when it arrived, on the clock of ``time.monotonic``."""

    answer: RecordsAnswer
    server: Nameserver
    at: float


@dataclass(frozen=True)
class QueryResult:
    """The answers by type, the reasons why a type has none, the queried name, and the deadline of the discovery."""

    answers: Mapping[str, RecordsAnswer]
    reasons: tuple[str, ...]
    name: str = ""
    given: Mapping[str, Given] = field(default_factory=dict)
    deadline: float = 0.0

    def discovery(self, nodes: Sequence[Node], left_out: Sequence[str] = ()) -> Discovery:
        """
        :param nodes: the nodes that the records stand for.
        :param left_out: why some records stand for no node.
        """
        reasons = [*self.reasons, *left_out]
        if reasons and not nodes:
            return Discovery.failed(reasons)
        found = Discovery.partial(nodes, reasons) if reasons else Discovery.complete(nodes)
        ttls = (answer.ttl for answer in self.answers.values() if answer.ttl is not None)
        return replace(found, ttl=min(ttls, default=None), answers=self._answered(), notes=self._notes())

    def ask_aside(self, answered: str, query: str, rdtype: str, tcp: bool) -> tuple[Any, ...]:
        """Send a further query to the nameserver that answered a type.

        :returns: the data of its records, none if it does not answer within a second and before the deadline.
        """
        deadline = min(self.deadline, time.monotonic() + _ASIDE)
        try:
            given = _follow(self.given[answered].server, dns.name.from_text(query), rdtype, deadline, tcp)
        except NameserverError:
            return ()
        return given.answer.records

    def _answered(self) -> tuple[Answered, ...]:
        """The answers that a cache may repeat. Caches keep for hours that there are no AAAA next to the A. That proves
        nothing about nodes that left, so an answer without records counts only if there is no other."""
        holds_records = any(found.answer.records for found in self.given.values())
        return tuple(
            Answered(f"{self.name} {rdtype}", str(found.server), found.at, float(found.answer.kept))
            for rdtype, found in self.given.items()
            if found.answer.records or not holds_records
        )

    def _notes(self) -> tuple[str, ...]:
        return tuple(
            f"DNS query {self.name} {rdtype}: {len(answer.records)} records are close to a server's limit: with its"
            f" defaults BIND keeps the whole old zone when a name gets more than {_NEAR_A_LIMIT} of one type, and only"
            " its log says so: see that every server of the zone takes more (max-records-per-type)"
            for rdtype, answer in self.answers.items()
            if len(answer.records) >= _NEAR_A_LIMIT
        )


def read(config: Mapping[str, Any], attempt: int, option: str, query: str, types: Sequence[str]) -> QueryResult:
    """Ask for all types concurrently, within ``timeout`` seconds in total.

    :param option: the option that has the ``query``, for the error text.
    :raises OptionError: the query is not a domain name, or a nameserver is not an address.
    :raises MissingLibraryError: dnspython is missing.
    """
    if DNSPYTHON_ERROR is not None:
        raise MissingLibraryError("dnspython >= 2.1", DNSPYTHON_ERROR)
    try:
        name = dns.name.from_text(query)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise OptionError(option, f"{query!r} is not a domain name: {error}") from error
    servers = nameservers_of(config, attempt)
    deadline = time.monotonic() + config["timeout"]
    types = list(dict.fromkeys(types))
    asked = [in_a_thread(partial(_ask_each, servers, name, rdtype, deadline, config["tcp"])) for rdtype in types]
    results = [future.result() for future in asked]
    given = {rdtype: result for rdtype, result in zip(types, results) if isinstance(result, Given)}
    text = name.to_text(omit_final_dot=True)
    return QueryResult(
        {rdtype: found.answer for rdtype, found in given.items()},
        tuple(
            f"DNS query {text} {rdtype}: {'; '.join(_text(rdtype, failure, given) for failure in result)}"
            for rdtype, result in zip(types, results)
            if not isinstance(result, Given)
        ),
        text,
        given,
        deadline,
    )


def _text(rdtype: str, failure: Failure, given: Mapping[str, Given]) -> str:
    """The failure in words. By RFC 8020 a name exists for all types or for none; some servers violate that."""
    other = next((one for one, found in given.items() if found.answer.records), None)
    if not isinstance(failure.error, NoSuchName) or other is None:
        return f"nameserver {failure.server}: {failure.error}"
    same = given[other].server == failure.server
    who, it = ("it", "") if same else (f"nameserver {given[other].server}", "this one ")
    return (
        f"nameserver {failure.server}: NXDOMAIN: {who} answered {other} for this name and {it}says that the name does"
        f" not exist for {rdtype}: where all nodes have {other} records, set config.types to [{other}]"
    )


def _ask_each(
    servers: Sequence[Nameserver], name: dns.name.Name, rdtype: str, deadline: float, tcp: bool
) -> Union[Given, Sequence[Failure]]:
    """The first answer, or else why each nameserver gave none. Each one gets an equal share of the remaining time."""
    failures = []
    for index, server in enumerate(servers):
        now = time.monotonic()
        share = (deadline - now) / (len(servers) - index)
        try:
            return _follow(server, name, rdtype, now + share, tcp)
        except NameserverError as error:
            failures.append(Failure(server, error))
    return failures


def _follow(server: Nameserver, name: dns.name.Name, rdtype: str, deadline: float, tcp: bool) -> Given:
    ttls = []
    for _alias in range(_MOST_ALIASES):
        found = interpret(_resolver_exchange.ask(server, name, rdtype, deadline, tcp))
        ttls.append(found.ttl or 0)
        if isinstance(found, RecordsAnswer):
            return Given(replace(found, ttl=min(ttls)), server, time.monotonic())
        name = dns.name.from_text(found.target)
    raise NameserverError(_IN_A_CIRCLE)


def interpret(response: Response) -> Union[RecordsAnswer, Alias]:
    """Interpret a response.

    :returns: the answer, or the alias to follow if the response ends at one.
    :raises NameserverError: the response proves nothing about the records.
    """
    if response.rcode != dns.rcode.NOERROR:
        text = dns.rcode.Rcode.to_text(response.rcode)
        kind = NoSuchName if response.rcode == dns.rcode.NXDOMAIN else NameserverError
        raise kind(f"{text}: {_WAY_OUT.get(text, 'it does not answer such a query')}")
    name = response.name
    passed: list[DnsRecord] = []
    while not (records := _of(response.answer, name, response.rdtype)):
        aliases = _of(response.answer, name, CNAME)
        if not aliases:
            break
        if len(passed) == _MOST_ALIASES:
            raise NameserverError(_IN_A_CIRCLE)
        passed.append(aliases[0])
        name = aliases[0].data.lower()
    ttls = [record.ttl for record in (*passed, *records)]
    if records:
        data = tuple(dict.fromkeys(record.data for record in records))
        return RecordsAnswer(data, _addresses(response), min(ttls), min(record.ttl for record in records))
    if passed:
        return Alias(name, min(ttls))
    if not _knows(response):
        raise NameserverError("no data, only the advice to ask elsewhere: name a recursive nameserver")
    ttl = _ttl_of_nothing(response)
    return RecordsAnswer((), ttl=ttl, kept=ttl)


def _of(section: Sequence[DnsRecord], owner: str, rdtype: int) -> list[DnsRecord]:
    return [record for record in section if record.rdtype == rdtype and record.owner == owner]


def _knows(response: Response) -> bool:
    """Whether an empty answer counts: only from a server that could have had the data, since a referral looks alike."""
    authority = {record.rdtype for record in response.authority}
    if response.flags & dns.flags.AA or SOA in authority:
        return True
    return bool(response.flags & dns.flags.RA) and NS not in authority


def _ttl_of_nothing(response: Response) -> int:
    """The TTL of an empty answer (RFC 2308 section 5); without an SOA record the default of other resolvers."""
    return min((min(soa.ttl, soa.data) for soa in response.authority if soa.rdtype == SOA), default=300)


def _addresses(response: Response) -> dict[str, list[str]]:
    """The addresses in the additional section, each once: a server may repeat one for each record that leads to it."""
    found: dict[str, dict[str, None]] = {}
    for rdtype in (A, AAAA):
        records = [record for record in response.additional if record.rdtype == rdtype]
        for record in sorted(records, key=lambda record: str(record.data)):
            found.setdefault(record.owner, {})[record.data] = None
    return {owner: list(addresses) for owner, addresses in found.items()}
