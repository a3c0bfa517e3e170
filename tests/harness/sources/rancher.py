# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rancher 1.6's metadata service, since no package has it: one service, and who asks is one of its containers.

    with rancher_metadata(["127.0.8.1", "127.0.8.2"]) as metadata:
        metadata.config                                       # {"host": "http://127.0.0.1:40080"}
        metadata.containers[0]["state"] = "stopped"           # what it answers from now on
        metadata.knows_asker = False                          # whoever asks is in no container of a service
        metadata.fault = status(500)                          # see tests.harness.http_service

It answers as the real one does: JSON only to those who accept it, always as text/plain, and errors as an object with
code, message and type.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.harness.http_service import Handler, HttpService, running


class Metadata(HttpService):
    def __init__(self, addresses: Sequence[str]) -> None:
        super().__init__()
        self.config = {"host": self.url}
        self.containers = [container(number, address) for number, address in enumerate(addresses, 1)]
        self.knows_asker = True

    def respond(self, handler: Handler) -> None:
        value = self._look_up(handler.path)
        wants_json = handler.headers.get("Accept") == "application/json"
        if value is None:
            error = {"code": 404, "message": "Not found", "type": "error"}
            handler.answer(404, (json.dumps(error) if wants_json else "Not found").encode() + b"\n")
        else:
            handler.answer(200, (json.dumps(value) if wants_json else "".join(f"{key}\n" for key in value)).encode())

    def _look_up(self, path: str) -> Any:
        if path != "/latest/self/service" or not self.knows_asker:
            return None
        return {
            "name": "app",
            "stack_name": "chat",
            "kind": "service",
            "scale": len(self.containers),
            "token": "not for anybody's eyes",
            "metadata": {},
            # As the real one has a list without entries
            "containers": self.containers or None,
        }


def container(number: int, address: str) -> dict[str, Any]:
    return {
        "name": f"chat-app-{number}",
        "uuid": f"00000000-0000-4000-8000-{number:012}",
        "create_index": number,
        "external_id": f"{number:064x}",
        "health_state": None,
        "host_uuid": "00000000-0000-4000-9000-000000000001",
        "hostname": None,
        "ips": [address],
        "labels": {"io.rancher.stack.name": "chat"},
        "links": {},
        "ports": [],
        "primary_ip": address,
        "service_name": "app",
        "stack_name": "chat",
        "start_count": 1,
        "state": "running",
        "system": False,
    }


@contextmanager
def rancher_metadata(addresses: Sequence[str] = ()) -> Iterator[Metadata]:
    with running(Metadata(addresses)) as metadata:
        yield metadata
