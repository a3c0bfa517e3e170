# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member is asked for its view. Each driver has a question of its own."""

from __future__ import annotations

from typing import Any, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.calls import CallResult, RemoteCall
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import BadRpc
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import View


class ViewQuestion:
    """The base class of all questions.

    ``desired``: the names of the desired nodes. ``calls`` are sent to each member, to a new one with the handshake.
    """

    desired: frozenset[str]
    calls: Sequence[RemoteCall]

    async def view(self, connection: NodeConnection, answers: Sequence[CallResult]) -> View:
        """The member's view. It may take further calls.

        :param answers: one for each of the calls.
        :raises UnreachableError: a call failed there, or has an answer that it cannot have.
        """
        raise NotImplementedError


def returned(answer: CallResult) -> Any:
    """What the call returned.

    :raises UnreachableError: it failed.
    """
    if isinstance(answer, BadRpc):
        raise UnreachableError(answer.reason)
    return answer
