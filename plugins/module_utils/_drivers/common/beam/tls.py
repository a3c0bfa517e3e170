# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From ``driver_config.tls`` and its files to a TLS context. The content of a key file is never shown."""

from __future__ import annotations

import ssl
from typing import Any, Mapping, NoReturn, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.options import TLS_SPEC
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.tls import Tls
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError

_MAX_BYTES = 4 * 1024 * 1024
_PRIVATE_KEY = "PRIVATE KEY-----"


def tls_of(driver_config: Mapping[str, Any]) -> Optional[Tls]:
    """
    :returns: None where the option is not set.
    :raises OptionError: a file is missing, unreadable or unusable, or does not fit another one.
    """
    given = driver_config["tls"]
    if given is None:
        return None
    options = {**{key: option.get("default") for key, option in TLS_SPEC.items()}, **given}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # With renegotiation a member could make a write wait for a read.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.check_hostname = False  # checked later, by the rules that members use among themselves
    if not options["validate_certs"]:
        context.verify_mode = ssl.CERT_NONE
    files = _Files(options)
    if options["ca_cert"] is not None:
        context.load_verify_locations(cadata=files.certificates("ca_cert"))
    elif options["validate_certs"]:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if options["client_cert"] is not None:
        files.load_own(context)
    elif options["client_key"] is not None:
        raise files.error("client_cert", "is required by client_key")
    return Tls(context, options["check_hostname"] and options["validate_certs"], options["client_cert"] is not None)


class _EncryptedKey(Exception):
    pass


class _Files:
    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options

    def error(self, key: str, problem: str) -> OptionError:
        return OptionError(f"driver_config.tls.{key}", problem)

    def certificates(self, key: str) -> str:
        """The text of a file that holds at least one certificate."""
        text = self._text(key)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
        except (ssl.SSLError, ValueError):
            raise self.error(key, f"{self._options[key]!r} holds no certificate in PEM form, or a broken one") from None
        return text

    def load_own(self, context: ssl.SSLContext) -> None:
        text = self.certificates("client_cert")
        key = "client_cert" if self._options["client_key"] is None else "client_key"
        if _PRIVATE_KEY not in (self._text(key) if key == "client_key" else text):
            problem = f"{self._options[key]!r} holds no private key in PEM form"
            raise self.error(key, problem if key == "client_key" else f"{problem}, and there is no client_key")
        try:
            context.load_cert_chain(self._options["client_cert"], self._options["client_key"], _no_passphrase)
        except _EncryptedKey:
            problem = "is encrypted, and there is no way to give a passphrase: give a key that only its user can read"
        except OSError as error:
            reason = getattr(error, "reason", None) or error.strerror or "no reason given"
            if reason == "KEY_VALUES_MISMATCH":
                problem = f"is not the key of the certificate in {self._options['client_cert']!r}"
            else:
                problem = f"cannot be used: {reason.lower().replace('_', ' ')}"
        else:
            return
        raise self.error(key, f"the key in {self._options[key]!r} {problem}")

    def _text(self, key: str) -> str:
        path = self._options[key]
        try:
            with open(path, "rb") as file:
                content = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            raise self.error(key, f"there is no file {path!r}") from None
        except (OSError, ValueError) as error:
            raise self.error(key, f"cannot read {path!r}: {getattr(error, 'strerror', None) or error}") from None
        if len(content) > _MAX_BYTES:
            raise self.error(key, f"{path!r} is too large, {_MAX_BYTES} bytes is the limit")
        return content.decode("ascii", "ignore")  # there may be comments in any language between the certificates


def _no_passphrase() -> NoReturn:
    raise _EncryptedKey
