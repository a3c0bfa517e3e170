# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""K14: whose a certificate is and until when, against certificates of a library."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.certificate import (
    certificate_in,
    certificate_of,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.harness.certificates import CertificateAuthority

UTC = datetime.timezone.utc


def issued(begins: datetime.datetime, ends: datetime.datetime) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    parts = [
        (NameOID.ORGANIZATION_NAME, "system:masters"),
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.COMMON_NAME, "j\u00fcrgen"),
    ]
    name = x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(begins).not_valid_after(ends)
    return builder.sign(key, hashes.SHA256())


@pytest.mark.parametrize("year", [1999, 2026, 2060])  # after 2049 a time has another form
def test_its_subject_and_its_days(year: int) -> None:
    begins, ends = (
        datetime.datetime(1998, 1, 2, 3, 4, 5, tzinfo=UTC),
        datetime.datetime(year, 6, 7, 8, 9, 10, tzinfo=UTC),
    )
    der = issued(begins, ends).public_bytes(serialization.Encoding.DER)
    found = certificate_of(der)
    assert (found.subject, found.begins, found.ends) == ("CN=j\u00fcrgen, O=system:masters", begins, ends)
    for length in range(len(der)):
        with pytest.raises(ValueError, match="cut off|no certificate"):
            certificate_of(der[:length])


def test_the_first_in_a_file(tmp_path: Path) -> None:
    path = CertificateAuthority(tmp_path).issue("client")
    expected = x509.load_pem_x509_certificate(path.read_bytes())
    found = certificate_in(str(path))
    assert found is not None
    assert (found.subject, found.ends) == ("CN=client", expected.not_valid_after_utc)


@pytest.mark.parametrize(
    "content",
    [b"", b"junk", b"-----BEGIN CERTIFICATE-----\n\xff\n-----END CERTIFICATE-----"]
    + [b"-----BEGIN CERTIFICATE-----\n" + text + b"\n-----END CERTIFICATE-----" for text in (b"!", b"MAA=", b"MP8=")],
)
def test_what_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "crt").write_bytes(content)
    assert certificate_in(str(tmp_path / "crt")) is None
    assert certificate_in(str(tmp_path / "gone")) is None
