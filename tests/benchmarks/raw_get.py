# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of the Kubernetes API, read with the standard library alone: the least that anybody could do."""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import urllib.parse
from collections.abc import Mapping
from typing import Any

from tests.benchmarks import peak_memory

PAGE = 500


def get(auth: Mapping[str, Any], path: str) -> int:
    """:returns: how many pods, or endpoints of slices, the pages listed."""
    url = urllib.parse.urlsplit(auth["host"])
    context = ssl.create_default_context(cafile=auth["ca_cert"])
    connection = http.client.HTTPSConnection(url.hostname, url.port, context=context)
    headers = {"Authorization": f"Bearer {auth['api_key']}"}
    found: list[Any] = []
    token = ""
    while True:
        connection.request("GET", f"{path}?limit={PAGE}" + (f"&continue={token}" if token else ""), headers=headers)
        page = json.loads(connection.getresponse().read())
        found += page["items"]
        token = page["metadata"].get("continue", "")
        if not token:
            break
    connection.close()
    return sum(len(item.get("endpoints", [0])) for item in found)


if __name__ == "__main__":
    get(*json.loads(sys.argv[1]))
    print(peak_memory())
