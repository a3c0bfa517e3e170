# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes objects that the role schedule creates and deletes."""

from __future__ import annotations

from typing import Any

from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import plain
from ansible_collections.selfheal.cluster.plugins.plugin_utils._schedule_kubernetes import objects_of


def schedule_kubernetes_objects(
    roles_in: list[str], name: str, namespace: str, kinds: list[str]
) -> list[dict[str, Any]]:
    """See DOCUMENTATION in schedule_kubernetes_objects.yml."""
    return objects_of(str(name), str(namespace), plain(list(roles_in)), plain(list(kinds)))


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"schedule_kubernetes_objects": schedule_kubernetes_objects}
