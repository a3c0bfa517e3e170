#!/usr/bin/env bash
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# dnspython 2.9.2 beside aiodns 4.0.4 (c-ares of pycares 5.2.1): how a short name is looked up in the search domains
# "corp." and "cluster.", where chat.cluster has an A record, and chat.corp exists with a record of another type only.
#
# One would guess: both libraries pass over chat.corp, which has no address, and find the address of chat.cluster.
# Seen: c-ares does. dnspython ends its search at the first name that exists, whatever records that has: NoAnswer, and
# chat.cluster is never asked for. Where chat.corp does not exist at all (NXDOMAIN), both find the address.
# Why it matters: one wildcard MX in a company's own domain, with that domain in front of the cluster's in resolv.conf,
# and no member is found any more by its short name, though what resolves with c-ares on the same host finds it.
#
#   chat.corp has MX: dnspython NoAnswer, asked chat.corp.
#   chat.corp has MX: c-ares 10.0.0.1, asked chat.corp. chat.cluster.
#   no chat.corp: dnspython 10.0.0.1, asked chat.corp. chat.cluster.
#   no chat.corp: c-ares 10.0.0.1, asked chat.corp. chat.cluster.
#
# A small name server on the loopback answers. Needs Python 3.11 to 3.13 (PYTHON names another than python3). Fetches
# the packages named below into a folder of its own, takes a minute, and exits with 1 if it sees anything else.
# Usage: findings/dnspython-search-nodata.sh
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place/venv"
cd "$place"
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    dnspython==2.9.2 aiodns==4.0.4 pycares==5.2.1

cat >search.py <<'END'
import asyncio
import socket
from threading import Thread

import aiodns
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

zone = {}
asked = []


def serve(server):
    """Answer from the zone: the records of a name and type, or none of this type, or NXDOMAIN."""
    while True:
        wire, client = server.recvfrom(512)
        query = dns.message.from_wire(wire)
        answer = dns.message.make_response(query)
        name, kind = query.question[0].name.to_text(), dns.rdatatype.to_text(query.question[0].rdtype)
        asked.append(name)
        if kind in zone.get(name, {}):
            answer.answer.append(dns.rrset.from_text(name, 5, "IN", kind, zone[name][kind]))
        elif name not in zone:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        server.sendto(answer.to_wire(), client)


def dnspython(port):
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port
    resolver.search = [dns.name.from_text("corp."), dns.name.from_text("cluster.")]
    try:
        return [record.to_text() for record in resolver.resolve("chat", "A", search=True)]
    except dns.exception.DNSException as error:
        return [type(error).__name__]


async def c_ares(port):
    resolver = aiodns.DNSResolver(nameservers=["127.0.0.1"], udp_port=port, domains=["corp", "cluster"])
    try:
        found = await resolver.getaddrinfo("chat", family=socket.AF_INET)
        return [node.addr[0].decode() for node in found.nodes]
    except aiodns.error.DNSError as error:
        return [str(error)]


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 0))
    port = server.getsockname()[1]
    Thread(target=serve, args=(server,), daemon=True).start()
    for case, corp in (("chat.corp has MX", {"chat.corp.": {"MX": "10 mail.corp."}}), ("no chat.corp", {})):
        zone = {"chat.cluster.": {"A": "10.0.0.1"}, **corp}
        for library, look_up in (("dnspython", dnspython), ("c-ares", lambda port: asyncio.run(c_ares(port)))):
            asked.clear()
            found = " ".join(look_up(port))
            print(f"{case}: {library} {found}, asked {' '.join(asked)}")
END
venv/bin/python search.py >seen
cat >expected <<'END'
chat.corp has MX: dnspython NoAnswer, asked chat.corp.
chat.corp has MX: c-ares 10.0.0.1, asked chat.corp. chat.cluster.
no chat.corp: dnspython 10.0.0.1, asked chat.corp. chat.cluster.
no chat.corp: c-ares 10.0.0.1, asked chat.corp. chat.cluster.
END
cat seen
diff expected seen || { echo "This is not what was seen before." && exit 1; } >&2
