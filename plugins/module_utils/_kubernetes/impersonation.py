# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User impersonation: the ``as`` keys of a kubeconfig's user -> the headers of each request.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
"""

from __future__ import annotations

from typing import Any, Mapping
from urllib.parse import quote

from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.kubeconfig_files import (
    MalformedError,
    text_in,
)

# The characters of a header's name (RFC 9110, section 5.6.2) that ``quote`` would escape; "%" starts an escape.
_SAFE = "!#$&'*+^`|"


def impersonation(user: Mapping[str, Any], whose: str) -> tuple[tuple[str, str], ...]:
    """
    :param user: an entry of a kubeconfig's users.
    :param whose: for messages.
    :returns: names and values of headers; a name is repeated for each of its values, as the API server expects.
    :raises MalformedError: a value has the wrong type, or no header can carry it.
    """
    name, uid = text_in(user, "as", whose), text_in(user, "as-uid", whose)
    groups = _texts(user.get("as-groups") or [], "as-groups", whose)
    extra = user.get("as-user-extra") or {}
    if not isinstance(extra, dict) or not all(isinstance(key, str) and key for key in extra):
        raise MalformedError(f"'as-user-extra' of {whose} is no mapping of texts")
    if not name:
        if uid or groups or extra:
            raise MalformedError(f"{whose} has as-uid, as-groups or as-user-extra, and no 'as', which they belong to")
        return ()
    headers = [("Impersonate-User", name)]
    headers += [("Impersonate-Uid", uid)] if uid else []
    headers += [("Impersonate-Group", group) for group in groups]
    for key, values in extra.items():
        header = f"Impersonate-Extra-{quote(key.lower(), safe=_SAFE)}"
        headers += [(header, value) for value in _texts(values, "as-user-extra", whose)]
    if not all(value.isascii() and value.isprintable() and value == value.strip() for _header, value in headers):
        raise MalformedError(f"an 'as' key of {whose} holds what no header can carry: ASCII alone, no outer blanks")
    return tuple(headers)


def _texts(values: Any, key: str, whose: str) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise MalformedError(f"{key!r} of {whose} is no list of texts; write numbers in quotes")
    return values
