# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages in refusals of the API server, or of a proxy that answers in its place."""

from __future__ import annotations

import json
import re
from typing import Any, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._io.text import one_line
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.auth import ApiConnection

LONGEST_DELAY = 300.0
_SECONDS = re.compile(r"[0-9]{1,9}")


def message_of(connection: ApiConnection, body: bytes, headers: Mapping[str, str]) -> str:
    """The message of the server's Status object. It is untrusted text: shortened, on one line, without secrets."""
    try:
        message = json.loads(body)["message"]
    except (ValueError, RecursionError, KeyError, TypeError):
        message = None
    if not isinstance(message, str):
        content = headers.get("Content-Type") or "no content type"
        return f"(no answer of a Kubernetes API server, but {content[:80]!r})"
    return cleared(connection, message)


def cleared(connection: ApiConnection, message: Any) -> str:
    """A message of the server, made safe to show."""
    if not isinstance(message, str):
        return "(no message)"
    for secret in connection.secrets:
        message = message.replace(secret, "********")
    return one_line(message)


def requested_delay(headers: Mapping[str, str]) -> float:
    """The seconds that a server asks to wait, up to LONGEST_DELAY; 0 where it asks for none, or gives a date."""
    text = headers.get("Retry-After") or ""
    return min(float(text), LONGEST_DELAY) if _SECONDS.fullmatch(text) else 0.0


def root_of(error: BaseException) -> BaseException:
    """The innermost error: urllib3 wraps the useful one in others that repeat the URL."""
    inner = error.__cause__ or next((arg for arg in error.args if isinstance(arg, BaseException)), None)
    return root_of(inner) if inner is not None else error
