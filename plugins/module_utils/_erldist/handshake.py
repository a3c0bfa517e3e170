# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distribution handshake, version 6, from the side that connects (the ERTS User's Guide, ``erl_dist_protocol``).

It does no I/O: frames in, bytes to send out. We are a hidden node: without the flag PUBLISHED the peer does not
announce us to other nodes, and without DIST_HDR_ATOM_CACHE and FRAGMENTS every message arrives whole.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
import sys
from typing import Any, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import (
    ConnectionLost,
    CookieRejected,
    GarbledAnswer,
    HandshakeRefused,
    NameInUse,
    WrongNode,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import UnreachableError

_EXTENDED_REFERENCES = 1 << 2
_FUN_TAGS = 1 << 4
_NEW_FUN_TAGS = 1 << 7
_EXTENDED_PIDS_PORTS = 1 << 8
_EXPORT_PTR_TAG = 1 << 9
_BIT_BINARIES = 1 << 10
_NEW_FLOATS = 1 << 11
_UTF8_ATOMS = 1 << 16
_MAP_TAG = 1 << 17
_BIG_CREATION = 1 << 18
_HANDSHAKE_23 = 1 << 24
_UNLINK_ID = 1 << 25
_MANDATORY_25_DIGEST = 1 << 26
_NAME_ME = 1 << 33
_V4_NC = 1 << 34

_FLAGS = (
    _EXTENDED_REFERENCES
    | _FUN_TAGS
    | _NEW_FUN_TAGS
    | _EXTENDED_PIDS_PORTS
    | _EXPORT_PTR_TAG
    | _BIT_BINARIES
    | _NEW_FLOATS
    | _UTF8_ATOMS
    | _MAP_TAG
    | _BIG_CREATION
    | _HANDSHAKE_23
    | _UNLINK_ID
    | _MANDATORY_25_DIGEST
    | _V4_NC
)

# A late answer makes the peer connect back to us; it must not wait for a resolver first.
_OWN_HOST = "127.0.0.1"

# The protocol's digest, not our choice; a Python in FIPS mode gives MD5 for no other use.
_NOT_FOR_SECURITY: dict[str, Any] = {"usedforsecurity": False} if sys.version_info >= (3, 9) else {}


class Handshake:
    """
    :param peer: the full name of the node sought.
    :param where: node, address and port, for messages.
    :param own_name: a name of our own, or None for one that the peer gives us. A name of our own stays in the peer's
        tables, and can be in use; one that is given is used again for the next who asks.
    :param length_bytes: how many bytes the length before a frame has: 2 over plain TCP, 4 over TLS.
    """

    MAX_FRAME = 4096

    def __init__(self, peer: str, where: str, cookie: str, own_name: Optional[str], length_bytes: int = 2) -> None:
        if any(character > "\xff" for character in cookie):
            raise CookieRejected(f"no cookie for {where} can have such characters: check driver_config.cookie")
        self._peer = peer
        self._where = where
        self._cookie = cookie.encode("latin-1")
        self.length_bytes = length_bytes
        self._challenge = int.from_bytes(os.urandom(4), "big")
        self._step = self._on_status
        self.own_name = own_name or ""
        self.creation = 0 if own_name is None else int.from_bytes(os.urandom(4), "big") | 4
        self.done = False

    def start(self) -> bytes:
        """The first frame to send."""
        name = (self.own_name or _OWN_HOST).encode()
        flags = _FLAGS if self.own_name else _FLAGS | _NAME_ME
        return self._framed(struct.pack(">cQIH", b"N", flags, self.creation, len(name)) + name)

    def feed(self, frame: bytes) -> bytes:
        """
        :param frame: the next frame from the peer, without its length.
        :returns: what to send now, maybe nothing.
        :raises UnreachableError: in the subclass that says what the peer refuses.
        """
        try:
            return self._step(frame)
        except (struct.error, UnicodeDecodeError):
            raise self._garbled("a frame that is cut off") from None

    def on_close(self) -> UnreachableError:
        """What it means that the peer closes now."""
        if self._step == self._on_acknowledgement:
            return self._cookie_rejected()
        return ConnectionLost(f"{self._where} closed the connection during the handshake")

    def _on_status(self, frame: bytes) -> bytes:
        status = frame[1:]
        if frame[:1] != b"s":
            raise self._garbled("something else than a status")
        if status.startswith(b"named:") and not self.own_name:
            name, rest = _name_at(status, 6)
            self.own_name = name
            (self.creation,) = struct.unpack(">I", rest)
        elif status == b"alive":
            raise NameInUse(
                f"{self._where} is already connected to a node {self.own_name!r}:"
                " choose another driver_config.node_name"
            )
        elif status in (b"nok", b"not_allowed"):
            raise HandshakeRefused(
                f"{self._where} refuses the connection ({status.decode()}): it allows only certain node names, or its"
                " version of Erlang/OTP is not supported (25 to 28 are)"
            )
        elif status not in (b"ok", b"ok_simultaneous") or not self.own_name:
            raise self._garbled("an unknown status")
        self._step = self._on_challenge
        return b""

    def _on_challenge(self, frame: bytes) -> bytes:
        if frame[:1] != b"N":
            raise self._garbled("something else than a challenge")
        _flags, challenge, _creation = struct.unpack_from(">QII", frame, 1)
        name, _extra = _name_at(frame, 17)
        if name != self._peer:
            text = f"{self._where} answers as {name!r}: it is another node than the one that was sought"
            raise WrongNode(text, answers_as=name)
        self._step = self._on_acknowledgement
        return self._framed(struct.pack(">cI", b"r", self._challenge) + self._digest(challenge))

    def _on_acknowledgement(self, frame: bytes) -> bytes:
        if frame[:1] != b"a" or len(frame) != 17:
            raise self._garbled("something else than an acknowledgement")
        if not hmac.compare_digest(frame[1:], self._digest(self._challenge)):
            raise self._cookie_rejected()
        self.done = True
        return b""

    def _framed(self, payload: bytes) -> bytes:
        return len(payload).to_bytes(self.length_bytes, "big") + payload

    def _digest(self, challenge: int) -> bytes:
        return hashlib.md5(self._cookie + b"%d" % challenge, **_NOT_FOR_SECURITY).digest()  # noqa: S324

    def _cookie_rejected(self) -> CookieRejected:
        return CookieRejected(f"cookie rejected by {self._where}: check driver_config.cookie")

    def _garbled(self, got: str) -> GarbledAnswer:
        return GarbledAnswer(
            f"{self._where} does not speak the Erlang distribution protocol as OTP 25 to 28 do (it sent {got}):"
            " check address and port"
        )


def _name_at(data: bytes, position: int) -> tuple[str, bytes]:
    """A name with its length before it, and what follows."""
    (size,) = struct.unpack_from(">H", data, position)
    end = position + 2 + size
    if not size or end > len(data):
        raise struct.error
    return data[position + 2 : end].decode(), data[end:]
