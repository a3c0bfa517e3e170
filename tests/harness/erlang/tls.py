# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and ``ssl_dist_optfile`` of Erlang nodes that speak TLS.

with beams(3, tls=NodeTls(CertificateAuthority(tmp_path))) as nodes: ...
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.harness.certificates import CertificateAuthority

TLS_1_2, TLS_1_3 = "tlsv1.2", "tlsv1.3"


class NodeTls:
    """Makes the ``ssl_dist_optfile`` of one node after the other, each with a certificate of its own.

    :param authority: it signs the certificates, and is whom the nodes trust.
    :param signer: another one that signs instead.
    :param demands: whether a node wants a certificate from whoever connects, and verifies it.
    :param verifies: whether it verifies those whom it connects.
    """

    def __init__(
        self,
        authority: CertificateAuthority,
        *,
        signer: CertificateAuthority | None = None,
        demands: bool = True,
        verifies: bool = True,
        versions: Sequence[str] = (TLS_1_2, TLS_1_3),
    ) -> None:
        self.authority = authority
        self.signer = signer or authority
        self._server = f"{{verify, {_verify(demands)}}}, {{fail_if_no_peer_cert, {str(demands).lower()}}}"
        self._client = f"{{verify, {_verify(verifies)}}}"
        self._versions = ", ".join(f"'{version}'" for version in versions)

    def __call__(self, host: str, expired: bool = False) -> Path:
        """For a node whose name has this after its ``@``. An address is there as both: OTP 25 takes it from a DNS name
        alone, OTP 27 and later from an address alone."""
        certificate = self.signer.issue(host, dns=[host], expired=expired)
        common = (
            f'{{certfile, "{certificate}"}}, {{cacertfile, "{self.authority.certificate}"}}, '
            f"{{versions, [{self._versions}]}}"
        )
        path = certificate.with_suffix(".conf")
        path.write_text(f"[{{server, [{common}, {self._server}]}},\n {{client, [{common}, {self._client}]}}].\n")
        return path


def _verify(verifies: bool) -> str:
    return "verify_peer" if verifies else "verify_none"
