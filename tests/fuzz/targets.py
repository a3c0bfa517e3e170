# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One target a decoder: everything that takes bytes from outside. A target takes any bytes, returns whether the decoder
took them, and lets every exception through that is not the decoder's own refusal."""

from __future__ import annotations

import json
from typing import Callable

import dns.message
import dns.rdatatype
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.view import Question
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.exec import output
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist import decoder, epmd
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import Switchboard
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.handshake import Handshake
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import TermError
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import ClusterError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes import resources, stream
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.common import (
    resolver,
    resolver_exchange,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.dns import fetch as dns_strategy
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.dns_srv import fetch as dns_srv
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.erlang_hosts import parse as erlang_hosts
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.gossip import packet
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes import merge
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.kubernetes import parse as _kubernetes_parse
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.rancher import parse as _rancher_parse

Target = Callable[[bytes], bool]

SECRET = "a-secret-of-the-tests"
_DESIRED = frozenset({"app@10.0.0.1", "app@10.0.0.2"})
_MOST_NODES = 2000
_MOST_OF_A_LINE = 4096
_CHUNK = 100
_QUERIES = [
    dns.message.make_query(f"{name}.example.test", rdtype, id=0)
    for name in ("app", "_app._tcp", "alias", "elsewhere")
    for rdtype in ("A", "AAAA", "SRV")
]


def term(data: bytes) -> bool:
    try:
        decoder.decode(data)
    except TermError:
        return False
    return True


def view(data: bytes) -> bool:
    """A member's whole answer to the question for its view."""
    try:
        Question(_DESIRED, 1.0).parse(decoder.decode(data))
    except (TermError, ClusterError):
        return False
    return True


def message(data: bytes) -> bool:
    """One frame of an open connection."""
    try:
        Switchboard("me@127.0.0.1", 4, "app@10.0.0.1 (10.0.0.1:9100)").take(data)
    except TermError:
        return False
    return True


def handshake(data: bytes) -> bool:
    """The peer's frames, each with its length in two bytes before it."""
    talk = Handshake("app@10.0.0.1", "app@10.0.0.1 (10.0.0.1:9100)", "a-cookie", None)
    talk.start()
    frames = 0
    while len(data) >= 2:
        size = int.from_bytes(data[:2], "big")
        frame, data = data[2 : 2 + size], data[2 + size :]
        try:
            talk.feed(frame)
        except ClusterError:
            # A recorded acknowledgement fits the recorded challenge only.
            return frames == 2
        frames += 1
    return frames > 0


def epmd_port(data: bytes) -> bool:
    return epmd._is_whole_port_answer(data) and bool(epmd._parse_port(data, b"app"))


def epmd_names(data: bytes) -> bool:
    return epmd._parse_names(data) is not None


def gossip_plain(data: bytes) -> bool:
    return _names_a_node(packet.reader(None), data)


def gossip_encrypted(data: bytes) -> bool:
    return _names_a_node(packet.reader(SECRET), data)


def _names_a_node(read: packet.NodeOf, data: bytes) -> bool:
    try:
        read(data)
    except packet.UnreadableError:
        return False
    return True


def dns_answer(data: bytes) -> bool:
    return any(_answers(query, data) for query in _QUERIES)


def _answers(query: dns.message.Message, data: bytes) -> bool:
    try:
        answer = resolver.interpret(resolver_exchange._parse((query,), data)[0])
    except resolver_exchange.NameserverError:
        return False
    if not isinstance(answer, resolver.RecordsAnswer):
        return True
    if query.question[0].rdtype == dns.rdatatype.SRV:
        dns_srv.nodes_of("app", answer)
    else:
        dns_strategy.nodes_of("app", answer.records)
    return True


def kubernetes_pods(data: bytes) -> bool:
    return _kubernetes("pods", data)


def kubernetes_endpoint_slices(data: bytes) -> bool:
    return _kubernetes("endpoint_slices", data)


def kubernetes_endpoints(data: bytes) -> bool:
    return _kubernetes("endpoints", data)


def _kubernetes(lookup: str, data: bytes) -> bool:
    payload = _json(data)
    try:
        items, _token = resources.page_of(payload, resources.RESOURCES[lookup])
    except ClusterError:
        return False
    for mode in ("ip", "dns", "hostname"):
        naming = _kubernetes_parse.Naming("app", mode, "cluster.local", "chat")
        nodes, _problems = merge.merge([_kubernetes_parse.parse(lookup, items, naming)])
        assert len(nodes) <= _MOST_NODES
    return True


def kubernetes_watch(data: bytes) -> bool:
    """A whole stream, in chunks as they may come."""
    decoder = stream.WatchDecoder(_MOST_OF_A_LINE)
    try:
        for start in range(0, len(data), _CHUNK):
            for event in decoder.feed(data[start : start + _CHUNK]):
                assert event.version.isprintable()
                assert isinstance(event.code, (int, type(None)))
    except stream.GarbledError:
        return False
    return True


def rancher(data: bytes) -> bool:
    try:
        _rancher_parse.parse("app", _json(data))
    except ClusterError:
        return False
    return True


def hosts_file(data: bytes) -> bool:
    try:
        erlang_hosts.parse(data.decode("latin-1"))
    except ClusterError:
        return False
    return True


def exec_lines(data: bytes) -> bool:
    return _exec(data, {"format": "lines", "path": None, "down_path": None, "unsettled_path": None})


def exec_json(data: bytes) -> bool:
    paths = {"path": "members[*].name", "down_path": "members[?status=='failed'].name", "unsettled_path": None}
    return _exec(data, {"format": "json", **paths})


def _exec(data: bytes, driver_config: dict[str, object]) -> bool:
    read = output.reader_of(driver_config)
    try:
        read(data)
    except ClusterError:
        return False
    return True


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        term,
        view,
        message,
        handshake,
        epmd_port,
        epmd_names,
        gossip_plain,
        gossip_encrypted,
        dns_answer,
        kubernetes_pods,
        kubernetes_endpoint_slices,
        kubernetes_endpoints,
        kubernetes_watch,
        rancher,
        hosts_file,
        exec_lines,
        exec_json,
    )
}
