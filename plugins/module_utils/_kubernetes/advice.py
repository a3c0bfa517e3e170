# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a refusal of the API server, or a failure to reach it, means, and what to do about it."""

from __future__ import annotations

import datetime
import http.client
import re
from typing import Optional
from urllib.parse import urlsplit

from ansible_collections.selfheal.cluster.plugins.module_utils._io.text import one_line
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.auth import ApiConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.certificate import certificate_in

_HOST = "config.host (or the kubeconfig's server)"
# The words of Go, nginx and Apache, which answer plain HTTP on a TLS port before the API server sees it.
_IS_TLS = re.compile(r"HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS|speaking plain HTTP to")
# Kubernetes authorizes a request as a path where it is not about an object.
_NO_OBJECT = re.compile(r"cannot [a-z]+ path \"")
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST")
_OUR_CERTIFICATE = re.compile(r"ALERT_(?:CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED)|CERTIFICATE_REQUIRED")


def explanation(connection: ApiConnection, status: int, body: bytes) -> Optional[str]:
    """What a refusal means; None where that depends on the request."""
    text = body.decode("utf-8", "replace").replace('\\"', '"')
    if status == 401:
        return _unauthorized(connection)
    if status == 403 and "cannot impersonate" in text:
        return "the kubeconfig's user has an 'as', for which the verb 'impersonate' on that must be allowed"
    if status == 400 and connection.host.startswith("http:") and _IS_TLS.search(text):
        return f"{_HOST} begins with http://, and this port speaks TLS: write https://"
    path = urlsplit(connection.host).path
    if status == 403 and path and _NO_OBJECT.search(text):
        return f"{_HOST} has the path {path!r}, which is not the root of this server's API: leave it out"
    if status == 403 and '"system:anonymous"' in text:
        return f"it takes you for nobody: {_unauthorized(connection)}"
    if status == 400 and not text.lstrip().startswith("{"):
        return f"it is no API server: check {_HOST}"
    return None


def _unauthorized(connection: ApiConnection) -> str:
    """The credentials that were sent, and what may be wrong with them."""
    sent = []
    if certificate := _client_certificate(connection):
        sent.append(certificate)
    if connection.is_basic:
        sent.append("the user name or the password of the kubeconfig is wrong")
    elif connection.secrets:
        sent.append("the token (config.api_key, the kubeconfig's or the service account's) is wrong or expired")
    return " and ".join(sent) or "no credentials were sent: give config.api_key, or a kubeconfig with a user"


def _client_certificate(connection: ApiConnection) -> Optional[str]:
    """What may be wrong with that which was sent; None where none was."""
    path = connection.configuration.cert_file
    if not path or not connection.host.startswith("https:"):
        return None
    found = certificate_in(path)
    if not found:
        return "the client certificate is not one that it takes"
    now, whose = datetime.datetime.now(datetime.timezone.utc), repr(one_line(found.subject))
    if now > found.ends:
        return f"the client certificate of {whose} ended on {_day(found.ends)}: renew it, or its kubeconfig"
    if now < found.begins:
        return f"the client certificate of {whose} begins on {_day(found.begins)}: is the clock right?"
    until = _day(found.ends)
    return f"the client certificate of {whose} (until {until}) is not one that it takes: is it of this cluster?"


def about_path(connection: ApiConnection) -> str:
    """The advice after a 404."""
    path = urlsplit(connection.host).path
    return f"is the API's root at the path {path!r} of {_HOST}?" if path else "does config.host need a path?"


def about_tls(connection: ApiConnection, error: BaseException) -> str:
    """The advice after a failed handshake."""
    text = f"{getattr(error, 'reason', None) or ''} {error}".upper().replace(" ", "_")
    if any(sign in text for sign in _NO_TLS):
        return f"the port speaks no TLS: is it http:// in {_HOST}, or another port?"
    if _OUR_CERTIFICATE.search(text):
        return _client_certificate(connection) or "it asks for a client certificate, and the kubeconfig's user has none"
    if "EOF" in text:
        return _client_certificate(connection) or f"it hung up in the handshake: does {_HOST} lead to the API server?"
    return "check config.ca_cert (or the kubeconfig's certificates) and the name in config.host"


def about_break(connection: ApiConnection, error: BaseException) -> str:
    """The advice after a connection that was closed without an answer; it may be empty.

    A server that rejects a certificate may close the connection before it says so.
    """
    if not isinstance(error, (http.client.BadStatusLine, ConnectionError)):
        return ""
    if connection.host.startswith("http:"):
        return f"; does this port speak TLS (https:// in {_HOST})?"
    certificate = _client_certificate(connection)
    return f"; {certificate}" if certificate else ""


def _day(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
