# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS below the distribution protocol, as ``inet_tls_dist`` speaks it. It does no I/O: bytes in, bytes out.

Not asyncio's own, which makes a second deadline and a large buffer for each connection, and hides what the peer says.
"""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
from dataclasses import dataclass
from typing import Any, Mapping, Union

from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import TlsFailed

_RECORD = 16384
_NAMES_SHOWN = 5

# X509_V_ERR_… of OpenSSL.
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_ISSUER = (2, 18, 19, 20, 21)

_ABOUT_OUR_CERTIFICATE = (
    "ACCESS_DENIED",
    "BAD_CERTIFICATE",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_REQUIRED",
    "CERTIFICATE_REVOKED",
    "CERTIFICATE_UNKNOWN",
    "UNKNOWN_CA",
    "UNSUPPORTED_CERTIFICATE",
)
# How a record begins: an alert or a part of the handshake, in any version of TLS (RFC 8446, section 5.1).
_BEGINNINGS = (b"\x15\x03", b"\x16\x03")
_OWN_CERTIFICATE = "driver_config.tls.client_cert and client_key"


@dataclass(frozen=True)
class Tls:
    """What TLS with all members of a topology takes.

    :param context: it verifies certificates or does not, and leaves the host name to us.
    :param check_hostname: whether a verified certificate has to be one for the host in the member's name.
    :param has_certificate: whether the context has one of our own to show.
    """

    context: ssl.SSLContext
    check_hostname: bool
    has_certificate: bool


class TlsStream:
    """Our side of TLS with one member.

    ``open``: the handshake is done. ``ended``: the member has announced that it sends nothing more.

    :param host: the part of the member's name after the ``@``, which is what members check of each other.
    :param where: node, address and port, for messages.
    :raises TlsFailed: ``host`` is nothing that TLS can ask for.
    """

    def __init__(self, tls: Tls, host: str, where: str) -> None:
        self._tls = tls
        self._host = host
        self._where = where
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            self._object = tls.context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        except ValueError:
            raise TlsFailed(f"{where}: {host!r} is not a host name that TLS can ask for") from None
        self.open = False
        self.ended = False
        self._beginning = b""

    def start(self) -> bytes:
        """The first bytes to send."""
        self.feed(b"")
        return self.unsent()

    def feed(self, data: bytes) -> bytes:
        """
        :param data: what the member sent.
        :returns: the decrypted data; none before the handshake is done and ``open`` is true.
        :raises TlsFailed: one of the two rejects the other.
        """
        self._beginning += data[: 2 - len(self._beginning)]
        self._incoming.write(data)
        try:
            if not self.open:
                self._object.do_handshake()
                self._check_host()
                self.open = True
            return self._read()
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError as error:
            raise TlsFailed(self._why(error)) from None

    def seal(self, data: bytes) -> bytes:
        """What to send so that the member reads ``data`` inside. Only once it is open.

        :raises TlsFailed: TLS has come to its end meanwhile.
        """
        try:
            self._object.write(data)
        except ssl.SSLError as error:
            raise TlsFailed(self._why(error)) from None
        return self.unsent()

    def unsent(self) -> bytes:
        """What TLS itself has to send, an alert before it fails included."""
        return self._outgoing.read()

    def _read(self) -> bytes:
        """All that is whole by now."""
        parts = []
        with contextlib.suppress(ssl.SSLWantReadError):
            while not self.ended:
                part = self._object.read(_RECORD)
                parts.append(part)
                self.ended = not part
        return b"".join(parts)

    def _check_host(self) -> None:
        if not self._tls.check_hostname:
            return
        try:
            names = names_of(self._object.getpeercert() or {})
        except ValueError:
            raise TlsFailed(f"{self._where}: the names in its certificate cannot be read") from None
        if not is_for(names, self._host):
            self._outgoing.read()  # in TLS 1.3 our own certificate is among it, which is not for this one to see
            shown = ", ".join(repr(name) for name in names[:_NAMES_SHOWN]) or "no host at all"
            more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
            raise TlsFailed(
                f"{self._where}: its certificate is for {shown}{more} and not for {self._host!r}: give it one for the"
                " host in its name, or set driver_config.tls.check_hostname to false"
            )

    def _why(self, error: ssl.SSLError) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"{self._where}: {_why_not_trusted(error.verify_code, error.verify_message)}"
        reason = (error.reason or str(error)).upper().replace(" ", "_")
        _before, is_alert, alert = reason.partition("ALERT_")
        if is_alert:
            return f"{self._where} {self._refusal(alert)}"
        if self._beginning not in _BEGINNINGS:
            return (
                f"what answers as {self._where} does not speak TLS: check address and port, run the member with"
                " -proto_dist inet_tls, or leave out driver_config.tls"
            )
        return f"{self._where}: TLS failed ({_words(reason)}): have both a version and a cipher in common?"

    def _refusal(self, alert: str) -> str:
        ours = self._tls.has_certificate
        if alert in _ABOUT_OUR_CERTIFICATE and ours:
            return f"refuses the driver's certificate ({_words(alert)}): check {_OWN_CERTIFICATE}"
        if alert in _ABOUT_OUR_CERTIFICATE:
            return f"refuses the driver, which has no certificate ({_words(alert)}): set {_OWN_CERTIFICATE}"
        hint = "have both a version and a cipher in common?"
        if alert == "HANDSHAKE_FAILURE" and not ours:  # what TLS 1.2 says where TLS 1.3 says "certificate required"
            hint = f"if it demands a certificate, set {_OWN_CERTIFICATE}"
        return f"refuses TLS with the driver ({_words(alert)}): {hint}"


def names_of(certificate: Mapping[str, Any]) -> list[str]:
    """The hosts that a certificate is for.

    :param certificate: as ``SSLObject.getpeercert`` returns it, so that it is a verified one.
    """
    names = [str(value) for kind, value in certificate.get("subjectAltName", ()) if kind in ("DNS", "IP Address")]
    if names:
        return list(dict.fromkeys(names))  # an address is often there as a name of both kinds
    return [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]


def is_for(names: list[str], host: str) -> bool:
    """Whether a certificate for ``names`` is one for ``host``: RFC 6125, section 6.4, with a wildcard for the whole
    first label only.

    OpenSSL would take an IP address only from a name of that kind; ``inet_tls_dist`` takes it only from a DNS name.
    What the members take of each other has to be good enough here.
    """
    address = _address(host)
    if address is not None:
        return any(_address(name) == address for name in names)
    fitting = {host.lower()}
    domain = host.lower().partition(".")[2]
    if "." in domain:
        fitting.add(f"*.{domain}")
    return any(name.lower() in fitting for name in names)


def _address(text: str) -> Union[ipaddress.IPv4Address, ipaddress.IPv6Address, None]:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _why_not_trusted(code: int, message: str) -> str:
    if code == _EXPIRED:
        return "its certificate, or that of the authority that signed it, has expired: renew it"
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet: is the clock right, here and where it was made?"
    if code in _UNKNOWN_ISSUER:
        return (
            f"its certificate is not signed by an authority that is known here ({message}): give that authority's"
            " certificate as driver_config.tls.ca_cert"
        )
    return f"its certificate cannot be trusted: {message}"


def _words(reason: str) -> str:
    return reason.lower().replace("_", " ")
