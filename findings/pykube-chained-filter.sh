#!/usr/bin/env bash
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# pykube-ng 23.6.0: what Kubernetes is asked for by two calls of filter() in a row.
#
# One would guess: each filter() narrows the query down further, as it does in Django, where objects and filter() are
# found under the same names: pods with both labels.
# Seen: a second selector takes the place of the first one, which is not sent any more, and so it is with
# field_selector. What the second call does not name is kept from the first one, so the two kinds do add up.
# Why it matters: a list of members that is narrowed down to the ready half of one application has the pods of every
# other application in it instead, and these get connected.
#
#   one call: labelSelector=app=chat,tier=api
#   two calls: labelSelector=tier=api
#   two calls: fieldSelector=spec.nodeName=a
#   two calls: fieldSelector=status.phase=Running labelSelector=tier=api
#
# A server on the loopback that has no pods writes down what it is asked. Needs Python 3.11 to 3.13 (PYTHON names
# another than python3). Fetches the package named below into a folder of its own, takes half a minute, and exits with
# 1 if it sees anything else. Usage: findings/pykube-chained-filter.sh
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place/venv"
cd "$place"
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: pykube-ng==23.6.0

cat >ask.py <<'END'
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

from pykube import HTTPClient, KubeConfig, Pod

asked = []


class NoPods(BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(" ".join(sorted(f"{key}={value}" for key, value in parse_qsl(urlsplit(self.path).query))))
        body = json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), NoPods)
Thread(target=server.serve_forever, daemon=True).start()
pods = Pod.objects(HTTPClient(KubeConfig.from_url(f"http://127.0.0.1:{server.server_port}")), namespace="prod")
for calls, query in (
    ("one call", pods.filter(selector={"app": "chat", "tier": "api"})),
    ("two calls", pods.filter(selector={"app": "chat"}).filter(selector={"tier": "api"})),
    (
        "two calls",
        pods.filter(field_selector={"status.phase": "Running"}).filter(field_selector={"spec.nodeName": "a"}),
    ),
    ("two calls", pods.filter(field_selector={"status.phase": "Running"}).filter(selector={"tier": "api"})),
):
    assert list(query) == []
    print(f"{calls}: {asked[-1]}")
END
venv/bin/python ask.py >seen
cat >expected <<'END'
one call: labelSelector=app=chat,tier=api
two calls: labelSelector=tier=api
two calls: fieldSelector=spec.nodeName=a
two calls: fieldSelector=status.phase=Running labelSelector=tier=api
END
cat seen
diff expected seen || { echo "This is not what was seen before." && exit 1; } >&2
