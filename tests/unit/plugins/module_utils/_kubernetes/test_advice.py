# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""K14, K16: what refusals mean; that they are asked for is in tests/system/test_kubernetes_sign_in.py."""

from __future__ import annotations

import json

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.advice import about_path, explanation
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.auth import ApiConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.token_configuration import TokenConfiguration

NOBODY = "no credentials were sent: give config.api_key, or a kubeconfig with a user"


def connection(host: str = "https://127.0.0.1:6443", authorization: str = "") -> ApiConnection:
    headers = (("authorization", authorization),) if authorization else ()
    return ApiConnection(
        host, "default", TokenConfiguration(), None, None, headers, tuple(authorization.split(" ")[1:])
    )


def body(message: str) -> bytes:
    return json.dumps({"kind": "Status", "message": message}).encode()


@pytest.mark.parametrize(
    ("authorization", "told"),
    [
        ("", NOBODY),
        ("Bearer abc", "the token (config.api_key, the kubeconfig's or the service account's) is wrong or expired"),
        ("Basic abc", "the user name or the password of the kubeconfig is wrong"),
    ],
)
def test_a_401_blames_what_was_sent(authorization: str, told: str) -> None:
    assert explanation(connection(authorization=authorization), 401, body("Unauthorized")) == told


def test_a_403_for_nobody() -> None:
    message = 'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group ""'
    assert explanation(connection(), 403, body(message)) == f"it takes you for nobody: {NOBODY}"


def test_a_403_for_a_path() -> None:
    """Without a path in the URL it is the right to list that is missing."""
    refused = body('forbidden: User "system:anonymous" cannot get path "/api/api/v1"')
    told = explanation(connection("https://127.0.0.1:6443/api"), 403, refused)
    assert told == "config.host (or the kubeconfig's server) has the path '/api', which is not the root of this " + (
        "server's API: leave it out"
    )
    message = 'pods is forbidden: User "jane" cannot list resource "pods" in API group ""'
    for host in ("https://127.0.0.1:6443/api", "https://127.0.0.1:6443"):
        assert explanation(connection(host), 403, body(message)) is None


@pytest.mark.parametrize(
    "answer",
    [
        b"Client sent an HTTP request to an HTTPS server.\n",
        b"<center>The plain HTTP request was sent to HTTPS port</center>",
        b"Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
    ],
    ids=["Go", "nginx", "Apache"],
)
def test_http_to_a_port_with_tls(answer: bytes) -> None:
    told = explanation(connection("http://127.0.0.1:6443"), 400, answer)
    assert (
        told == "config.host (or the kubeconfig's server) begins with http://, and this port speaks TLS: write https://"
    )


def test_a_400_that_is_not_of_an_api_server() -> None:
    told = "it is no API server: check config.host (or the kubeconfig's server)"
    assert explanation(connection(), 400, b"<h1>Bad request</h1>") == told
    assert explanation(connection(), 400, b"") == told
    assert explanation(connection(), 400, body("unable to parse requirement")) is None


def test_what_only_the_caller_can_explain() -> None:
    for status in (200, 403, 404, 429, 500):
        assert explanation(connection(), status, b"\xff{") is None


def test_a_404() -> None:
    assert about_path(connection()) == "does config.host need a path?"
    told = "is the API's root at the path '/api' of config.host (or the kubeconfig's server)?"
    assert about_path(connection("https://127.0.0.1/api")) == told
