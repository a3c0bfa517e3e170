# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening connections to members of which some may be fenced, and so have a cookie of their own."""

from __future__ import annotations

import contextlib
from typing import Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.opener import Opener
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.erlang.fence import Fence
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import CookieRejected
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Node
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Topology


class FencedOpener(Opener):
    """Opens fenced nodes too. ``fenced``: the nodes that accepted the cookie of their fence."""

    def __init__(self, topology: Topology) -> None:
        super().__init__(topology)
        self.fence = Fence(self._cookie)
        self.fenced: set[str] = set()

    async def open(self, node: Node, calls: Sequence[RemoteCall]) -> NodeConnection:
        """Try the cluster's cookie, then that of the node's fence, then the cluster's once more, since another run may
        have unfenced the node meanwhile."""
        self.fenced.discard(node.name)
        try:
            return await super().open(node, calls)
        except CookieRejected as error:
            rejected = error
        try:
            connection = await self._open_with(self.fence.cookie_of(node.name), node, calls)
        except CookieRejected:
            with contextlib.suppress(CookieRejected):
                return await super().open(node, calls)
            raise rejected from None
        self.fenced.add(node.name)
        return connection
