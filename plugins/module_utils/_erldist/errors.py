# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a member gave no answer. Each text is for the user: it names the node, where it was sought, and what to do."""

from __future__ import annotations

from typing import Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import ClusterError, UnreachableError


class EpmdUnreachable(UnreachableError):
    """The host's name has no address, or nothing answers as epmd there."""


class NotRegistered(UnreachableError):
    """epmd answers and knows no node of that name."""


class NodeUnreachable(UnreachableError):
    """Nothing accepts a connection on the node's port, or its host has no address."""


class TlsFailed(UnreachableError):
    """The node and we do not accept each other's certificates, or one of the two does not speak TLS."""


class HandshakeRefused(UnreachableError):
    """The node refuses connections from us."""


class NameInUse(HandshakeRefused):
    """The node is already connected to another node with our name."""


class WrongNode(UnreachableError):
    """A node with another name answers."""


class CookieRejected(UnreachableError):
    """The node and we don't have the same cookie."""


class GarbledAnswer(UnreachableError):
    """What answers doesn't keep to the protocol, or goes beyond our limits."""


class ConnectionLost(UnreachableError):
    """The connection was closed before the answer came."""


class CallTimeout(UnreachableError):
    """The deadline of an opening or of a call passed. ``silent``: not one byte came in that time."""


class BadRpc(ClusterError):
    """The node made the call and it failed there.

    ``missing`` is the function that is not there, with its arity, where that is the reason.
    """

    def __init__(self, reason: str, missing: Optional[str] = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.missing = missing
