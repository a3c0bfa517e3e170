# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a member is reached."""

from __future__ import annotations

from typing import Any, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import Connection
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node


class Reach:
    """The direct way."""

    async def open(self, node: Node, *, timeout: float, cookie: str, port: Optional[int], **options: Any) -> Connection:
        """
        :param options: the others of :meth:`Connection.open`.
        :raises UnreachableError: it cannot be reached.
        """
        return await Connection.open(node.name, node.address, timeout=timeout, cookie=cookie, port=port, **options)

    def renew(self) -> None:
        """Forget what may have changed since the last round."""

    async def close(self) -> None:
        """Close what the connections leave behind."""
