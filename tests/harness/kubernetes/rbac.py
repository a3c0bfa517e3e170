# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Role allows, as an API server decides it.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/v1/namespaces/(?P<namespace>[^/]+)/(?P<plural>[^/]+)"
    r"(?:/(?P<name>[^/]+)(?:/(?P<subresource>[^/]+))?)?"
)
_VERBS = {"GET": "get", "POST": "create", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True)
class Role:
    """``rules`` are those of the object of that kind."""

    namespace: str
    rules: Sequence[Mapping[str, Any]]

    def refusal(self, method: str, path: str, watching: bool = False) -> str | None:
        """The message of the 403, or None for what is allowed."""
        found = _PATH.fullmatch(path)
        if not found:
            return f'User "{_USER}" cannot {_VERBS[method]} path "{path}"'
        group, resource, name = found["group"] or "", found["plural"], found["name"]
        verbs = [_VERBS[method] if name else "watch" if watching else "list"]
        if found["subresource"]:
            resource += f"/{found['subresource']}"
        if resource == "pods/portforward" and method == "GET":
            verbs.append("create")  # of a WebSocket, since Kubernetes 1.35
        what = f'{found["plural"]} "{name}"' if name else found["plural"]
        for verb in verbs:
            if found["namespace"] != self.namespace or not self._allows(verb, group, resource):
                return (
                    f'{what} is forbidden: User "{_USER}" cannot {verb} resource "{resource}" in API group "{group}" '
                    f'in the namespace "{found["namespace"]}"'
                )
        return None

    def _allows(self, verb: str, group: str, resource: str) -> bool:
        return any(
            verb in rule["verbs"] and group in rule["apiGroups"] and resource in rule["resources"]
            for rule in self.rules
        )


_USER = "system:serviceaccount:tests:tests"
