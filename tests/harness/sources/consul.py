# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health endpoint of Consul's HTTP API, since Debian 12 has no Consul.

with consul("chat", ["127.0.8.1", "127.0.8.2"]) as agent:
    agent.url                                             # "http://127.0.0.1:40085"
    agent.failing.add("127.0.8.2")                        # its check is critical
    agent.filtered = True                                 # the token may not see everything
    agent.fault = no_leader                               # see tests.harness.http_service
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.harness.http_service import TEXT, Fault, Handler, HttpService, running, status

TOKEN = "00000000-feed-4000-8000-000000000000"

no_leader: Fault = status(500, b"No cluster leader", TEXT)


class Consul(HttpService):
    def __init__(self, service: str, addresses: Sequence[str]) -> None:
        super().__init__()
        self.addresses = list(addresses)
        self.failing: set[str] = set()
        self.filtered = False
        self._path = f"/v1/health/service/{service}"

    def respond(self, handler: Handler) -> None:
        token = handler.headers.get("X-Consul-Token")
        if token != TOKEN:
            handler.answer(403, b"ACL not found" if token else b"Permission denied")
            return
        headers = {
            "X-Consul-Default-Acl-Policy": "deny",
            "X-Consul-Effective-Consistency": "leader",
            "X-Consul-Index": "17",
            "X-Consul-Knownleader": "true",
            "X-Consul-Lastcontact": "0",
            **({"X-Consul-Results-Filtered-By-Acls": "true"} if self.filtered else {}),
        }
        found = [self._entry(address) for address in self.addresses] if handler.path == self._path else []
        handler.answer(200, json.dumps(found).encode(), "application/json", **headers)

    def _entry(self, address: str) -> dict[str, object]:
        check = {"CheckID": "service:chat", "Status": "critical" if address in self.failing else "passing"}
        return {
            "Node": {"Node": f"host-{address}", "Address": address, "Datacenter": "dc1"},
            # Empty where the service has its node's address
            "Service": {"ID": "chat", "Service": "chat", "Address": "", "Port": 9100},
            "Checks": [{"CheckID": "serfHealth", "Status": "passing"}, check],
        }


@contextmanager
def consul(service: str, addresses: Sequence[str]) -> Iterator[Consul]:
    with running(Consul(service, addresses)) as agent:
        yield agent
