# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``gossip``: every sender of libcluster's heartbeat is a node.

A listener cannot know which nodes are missing, so it is not authoritative. It sends nothing.
"""

from __future__ import annotations

import selectors
import socket
import time
from typing import Any, Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.gossip.collector import HeartbeatCollector
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.gossip.listener import (
    channel_of,
    dropped,
    open_socket,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.gossip.packet import MAX_BYTES, reader


def discover(config: Mapping[str, Any], attempt: int) -> Discovery:
    """Listen for ``listen`` seconds, however many packets arrive.

    :raises OptionError: an address is malformed, of the wrong kind, or this machine cannot listen on it.
    :raises MissingLibraryError: there is a secret, and cryptography is missing.
    :raises DiscoveryError: it cannot listen, or received no heartbeat.
    """
    channel = channel_of(config)
    collector = HeartbeatCollector(reader(config["secret"]))
    with open_socket(channel) as sock:
        try:
            _listen(sock, config["listen"], collector)
        except OSError as error:
            raise DiscoveryError(f"listening on {channel} broke off: {error.strerror}") from error
        lost = dropped(sock)
    return collector.discovery(str(channel), config["listen"], lost)


def _listen(sock: socket.socket, seconds: float, collector: HeartbeatCollector) -> None:
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            if now >= deadline:
                return
            try:
                # One byte more than the maximum, so that a longer packet can be told from one of that size.
                packet, (address, port) = sock.recvfrom(MAX_BYTES + 1)
            except BlockingIOError:
                selector.select(deadline - now)
                continue
            collector.collect(packet, address, port, now)
