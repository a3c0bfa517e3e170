# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.tls import tls_of
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.tls import Tls
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError

from tests.harness.certificates import CertificateAuthority


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path)


def made(**tls: Any) -> Tls:
    found = tls_of({"tls": {key: str(value) if isinstance(value, Path) else value for key, value in tls.items()}})
    assert found
    return found


def refused(**tls: Any) -> OptionError:
    with pytest.raises(OptionError) as caught:
        made(**tls)
    assert str(caught.value).startswith(f"{caught.value.option}: ")
    assert "PRIVATE" not in str(caught.value)
    return caught.value


def split(pem: Path) -> tuple[Path, Path]:
    """The certificate and the key of a file that holds both, in one file each."""
    certificate, mark, key = pem.read_text().partition("-----BEGIN PRIVATE KEY")
    parts = pem.with_suffix(".crt"), pem.with_suffix(".key")
    parts[0].write_text(certificate)
    parts[1].write_text(mark + key)
    return parts


def test_left_out_there_is_no_tls() -> None:
    assert tls_of({"tls": None}) is None


def test_the_defaults_verify_with_the_authorities_of_the_system() -> None:
    tls = made()
    assert tls.context.verify_mode == ssl.CERT_REQUIRED
    assert tls.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert (tls.check_hostname, tls.has_certificate) == (True, False)


def test_what_is_not_verified_has_no_host_to_check() -> None:
    tls = made(validate_certs=False)
    assert tls.context.verify_mode == ssl.CERT_NONE
    assert not tls.check_hostname
    tls = made(check_hostname=False)
    assert tls.context.verify_mode == ssl.CERT_REQUIRED
    assert not tls.check_hostname


def test_key_and_certificate_in_one_file_or_two(authority: CertificateAuthority) -> None:
    both = authority.issue("me")
    certificate, key = split(both)
    assert made(client_cert=both).has_certificate
    assert made(client_cert=certificate, client_key=key, ca_cert=authority.certificate).has_certificate


def test_an_authority_is_the_only_one_and_its_file_may_have_comments(authority: CertificateAuthority) -> None:
    with_comment = authority.directory / "comment.crt"
    with_comment.write_text("Prüfstelle der Tests\n" + authority.certificate.read_text(), encoding="utf-8")
    assert made(ca_cert=with_comment).context.cert_store_stats()["x509"] == 1


@pytest.mark.parametrize("key", ["ca_cert", "client_cert"])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "there is no file '{path}'"),
        (b"", "'{path}' holds no certificate in PEM form, or a broken one"),
        (b"\x30\x82\x01\x00\xff", "'{path}' holds no certificate in PEM form, or a broken one"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "'{path}' holds no certificate in PEM form, or a broken one",
        ),
        (b"x" * 5_000_000, "'{path}' is too large, 4194304 bytes is the limit"),
    ],
)
def test_a_file_without_a_certificate(tmp_path: Path, key: str, content: bytes | None, problem: str) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_bytes(content)
    error = refused(**{key: path})
    assert error.option == f"driver_config.tls.{key}"
    assert error.problem == problem.format(path=path)


@pytest.mark.parametrize("key", ["ca_cert", "client_cert"])
@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/", "cannot read '/': Is a directory"),
        ("a\0b", "cannot read 'a\\x00b': embedded null byte"),
        ("", "there is no file ''"),
    ],
)
def test_a_path_that_cannot_be_read(key: str, path: str, problem: str) -> None:
    assert refused(**{key: path}).problem == problem


def test_a_key_that_does_not_fit(authority: CertificateAuthority) -> None:
    certificate, _key = split(authority.issue("me"))
    _other, key = split(authority.issue("other"))
    error = refused(client_cert=certificate, client_key=key)
    assert error.option == "driver_config.tls.client_key"
    assert error.problem == f"the key in {str(key)!r} is not the key of the certificate in {str(certificate)!r}"


def test_a_key_that_is_missing(authority: CertificateAuthority, tmp_path: Path) -> None:
    certificate, key = split(authority.issue("me"))
    error = refused(client_cert=certificate)
    assert error.option == "driver_config.tls.client_cert"
    assert "holds no private key in PEM form, and there is no client_key" in error.problem
    error = refused(client_cert=certificate, client_key=certificate)
    assert error.option == "driver_config.tls.client_key"
    error = refused(client_cert=certificate, client_key=tmp_path / "gone")
    assert (error.option, error.problem) == ("driver_config.tls.client_key", f"there is no file '{tmp_path}/gone'")
    error = refused(client_key=key)
    assert (error.option, error.problem) == ("driver_config.tls.client_cert", "is required by client_key")


def test_a_key_that_is_broken(authority: CertificateAuthority) -> None:
    certificate, key = split(authority.issue("me"))
    key.write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    error = refused(client_cert=certificate, client_key=key)
    assert error.option == "driver_config.tls.client_key"
    assert error.problem.startswith(f"the key in {str(key)!r} cannot be used: ")
    assert "c2VjcmV0" not in str(error)


def test_a_key_with_a_passphrase_asks_nobody_for_it(authority: CertificateAuthority) -> None:
    error = refused(client_cert=authority.issue("me", passphrase=b"hush"))
    assert error.option == "driver_config.tls.client_cert"
    assert "is encrypted, and there is no way to give a passphrase" in error.problem
