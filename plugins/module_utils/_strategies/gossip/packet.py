# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parse half of ``gossip``: one datagram -> the name of the node that sent it, or the reason why there is none.

A heartbeat of libcluster is ``heartbeat::`` and the external term format of ``#{node => Name}``. With a secret it is 16
random bytes and then the same, padded (PKCS #7) and encrypted with AES-256-CBC under the SHA-256 of the secret. It is
not authenticated and has no time.
"""

from __future__ import annotations

import hashlib
import traceback
from typing import Callable, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.decoder import decode
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.terms import Atom, TermError
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import MissingLibraryError, OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._names import check_node_name

MAX_BYTES = 2048
"""Several times the longest heartbeat, whose name has up to 255 characters."""

ANOTHER_SECRET = "not decrypted; check config.secret, unless they are another cluster's"  # noqa: S105 - it is no secret
ENCRYPTED = "encrypted as it seems, and config.secret is not set; set it to the nodes' secret"
PLAIN = "plain heartbeats, not believed while config.secret is set; give the nodes the secret, or leave it out here too"
NAMELESS = "from an Erlang without a node name; start it with one"
NO_NAME = "heartbeats without a node's name"
FOREIGN = "no heartbeats; check config.port and config.multicast_addr, unless other programs use the same"

_PRELUDE = b"heartbeat::"
_NOT_ALIVE = "nonode@nohost"
_MAX_TERMS = 32
_BLOCK = 16
_LEAST_ENCRYPTED = 3 * _BLOCK


class UnreadableError(Exception):
    """A packet without the name of a node. ``reason`` is one of the texts above."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


NodeOf = Callable[[bytes], str]
Decrypt = Callable[[bytes, bytes], Optional[bytes]]


def reader(secret: Optional[str]) -> NodeOf:
    """A function from a packet to its node's name, which raises UnreadableError for every other packet.

    :raises OptionError: ``secret`` cannot be written as UTF-8.
    :raises MissingLibraryError: there is a secret, and cryptography is missing.
    """
    if secret is None:
        return node_of_plain
    try:
        key = hashlib.sha256(secret.encode()).digest()
    except UnicodeEncodeError:
        raise OptionError("config.secret", "is no text that UTF-8 can write") from None
    decrypt = _aes_256_cbc(key)
    return lambda packet: node_of_encrypted(packet, decrypt)


def node_of_plain(packet: bytes) -> str:
    """
    :raises UnreadableError: it is not a plain heartbeat with the name of a node.
    """
    if packet.startswith(_PRELUDE) and len(packet) <= MAX_BYTES:
        return _node_of(packet)
    raise UnreadableError(ENCRYPTED if _may_be_encrypted(packet) else FOREIGN)


def node_of_encrypted(packet: bytes, decrypt: Decrypt) -> str:
    """
    :raises UnreadableError: it is not an encrypted heartbeat with the name of a node.
    """
    if packet.startswith(_PRELUDE):
        raise UnreadableError(PLAIN)
    if not _may_be_encrypted(packet):
        raise UnreadableError(FOREIGN)
    plain = decrypt(packet[:_BLOCK], packet[_BLOCK:])
    # With a wrong key the padding still looks right in one of 256 packets.
    if plain is None or not plain.startswith(_PRELUDE):
        raise UnreadableError(ANOTHER_SECRET)
    return _node_of(plain)


def _may_be_encrypted(packet: bytes) -> bool:
    return _LEAST_ENCRYPTED <= len(packet) <= MAX_BYTES and len(packet) % _BLOCK == 0


def _node_of(plain: bytes) -> str:
    try:
        term = decode(plain[len(_PRELUDE) :], _MAX_TERMS)
    except TermError:
        raise UnreadableError(NO_NAME) from None
    name = term.get("node") if isinstance(term, dict) else None
    if name == _NOT_ALIVE:
        raise UnreadableError(NAMELESS)
    # A text that is no atom is a binary, and that is bytes.
    if not isinstance(name, Atom):
        raise UnreadableError(NO_NAME)
    try:
        return check_node_name("", str(name))
    except OptionError:
        raise UnreadableError(NO_NAME) from None


def _aes_256_cbc(key: bytes) -> Decrypt:
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
        from cryptography.hazmat.primitives.padding import PKCS7
    except ImportError as error:
        raise MissingLibraryError("cryptography", traceback.format_exc()) from error
    algorithm, padding = algorithms.AES(key), PKCS7(8 * _BLOCK)

    def decrypt(iv: bytes, encrypted: bytes) -> Optional[bytes]:
        """None where the padding is wrong."""
        decryptor, unpadder = Cipher(algorithm, modes.CBC(iv)).decryptor(), padding.unpadder()
        padded = decryptor.update(encrypted) + decryptor.finalize()
        try:
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            return None

    return decrypt
