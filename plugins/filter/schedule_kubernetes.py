# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role schedule has to know about its inventory files before it creates Kubernetes objects."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import PluginError, plain
from ansible_collections.selfheal.cluster.plugins.plugin_utils._schedule_kubernetes import (
    check_roles,
    checksum_of,
    cron_of,
    roles_of,
    topologies_of,
)


def schedule_kubernetes(
    paths: list[str],
    name: str,
    namespace: str,
    interval: float,
    loop: bool = False,
    watch: bool | str = "auto",
    roles: dict[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
) -> dict[str, Any]:
    """See DOCUMENTATION in schedule_kubernetes.yml."""
    try:
        files = {os.path.basename(path): _read(path) for path in plain(paths)}
        topologies = topologies_of(files)
        return {
            "cron": None if loop else cron_of(interval),
            "files": files,
            "topologies": sum(len(found) for found in topologies.values()),
            "roles": roles_of(topologies, namespace, loop, watch) if roles is None else check_roles(plain(roles)),
            "checksum": checksum_of(files, plain(secrets or {}), f"{namespace}/{name}"),
        }
    except (OSError, PluginError) as error:
        problem = str(error)
    raise AnsibleFilterError(f"schedule {str(name)!r}: {problem}")


def _read(path: str) -> str:
    """
    :raises PluginError: it is no text.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError:
        raise PluginError(f"{path}: is not in UTF-8") from None


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"schedule_kubernetes": schedule_kubernetes}
