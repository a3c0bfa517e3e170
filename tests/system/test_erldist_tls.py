# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distribution client and real nodes that speak TLS (``inet_tls_dist``)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._drivers.common.beam.tls import tls_of
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.connection import NodeConnection
from ansible_collections.selfheal.cluster.plugins.module_utils._erldist.errors import (
    CallTimeout,
    ConnectionLost,
    CookieRejected,
    TlsFailed,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._io.net import Address, dial

from tests.harness.certificates import CertificateAuthority
from tests.harness.erlang.beam import COOKIE, Beam, beam, beams, epmd
from tests.harness.erlang.tls import TLS_1_2, TLS_1_3, NodeTls
from tests.harness.loopback import free_port


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("foreign"), "somebody else")


@pytest.fixture(scope="module")
def ours(authority: CertificateAuthority) -> dict[str, str]:
    """What fits nodes that verify both ways."""
    return {"ca_cert": str(authority.certificate), "client_cert": str(authority.issue("ansible"))}


@pytest.fixture(scope="module", params=[TLS_1_2, TLS_1_3])
def demanding(request: pytest.FixtureRequest, authority: CertificateAuthority) -> Iterator[Beam]:
    """A node that wants a certificate of whoever connects."""
    with beams(1, tls=NodeTls(authority, versions=[request.param])) as (node,):
        yield node


@pytest.fixture(scope="module")
def plain() -> Iterator[Beam]:
    with beams(1) as (node,):
        yield node


@contextmanager
def undemanding(signer: CertificateAuthority, host: str | None = None, **options: Any) -> Iterator[Beam]:
    """A node that takes anybody. ``host``: what its certificate is for, if not for its own."""
    tls = NodeTls(signer, demands=False, verifies=False)
    with beams(1, tls=lambda address: tls(host or address, **options)) as (node,):
        yield node


def with_connection(
    node: Beam, tls: dict[str, Any], work: Callable[[NodeConnection], Awaitable[Any]], **options: Any
) -> Any:
    async def run() -> Any:
        connection = await NodeConnection.open(
            node.name,
            **{"cookie": COOKIE, "port": node.port, "timeout": 20, "tls": tls_of({"tls": tls}), **options},
        )
        try:
            return await work(connection)
        finally:
            connection.close()

    return asyncio.run(run())


def call(node: Beam, tls: dict[str, Any], module: str, function: str, *args: Any, **options: Any) -> Any:
    return with_connection(node, tls, lambda connection: connection.call(module, function, args, 20), **options)


def refusal(node: Beam, tls: dict[str, Any], **options: Any) -> str:
    with pytest.raises(TlsFailed) as caught:
        call(node, tls, "erlang", "node", **options)
    assert not caught.value.silent
    assert f"{node.name} ({node.address}:{node.port})" in caught.value.reason
    assert "PRIVATE" not in caught.value.reason
    return caught.value.reason


class TestSpeaking:
    def test_both_verify_each_other(self, demanding: Beam, ours: dict[str, str]) -> None:
        assert call(demanding, ours, "erlang", "node") == demanding.name
        assert call(demanding, ours, "erlang", "node", own_name="me@127.0.0.1") == demanding.name

    def test_large_messages_both_ways(self, demanding: Beam, ours: dict[str, str]) -> None:
        assert call(demanding, ours, "binary", "copy", b"x", 5_000_000) == b"x" * 5_000_000
        assert call(demanding, ours, "erlang", "byte_size", b"x" * 5_000_000) == 5_000_000

    def test_a_wrong_cookie_is_still_told(self, demanding: Beam, ours: dict[str, str]) -> None:
        with pytest.raises(CookieRejected):
            call(demanding, ours, "erlang", "node", cookie="a-wrong-cookie")

    def test_a_member_that_demands_nothing(self, authority: CertificateAuthority) -> None:
        with undemanding(authority) as node:
            assert call(node, {"ca_cert": str(authority.certificate)}, "erlang", "node") == node.name

    def test_epmd_is_asked_without_tls(self, authority: CertificateAuthority, ours: dict[str, str]) -> None:
        options = NodeTls(authority)("localhost")
        with (
            epmd() as port,
            beam("a@localhost", "127.0.0.1", port=None, epmd_port=port, short=True, tls=options) as node,
        ):
            assert call(node, ours, "erlang", "node", epmd_port=port) == "a@localhost"

    def test_the_host_in_the_name_counts_and_not_the_address(
        self, authority: CertificateAuthority, ours: dict[str, str]
    ) -> None:
        name, port = "far@web1.example.net", free_port("127.0.0.1")
        with beam(name, "127.0.0.1", port=port, tls=NodeTls(authority)("*.example.net")) as node:
            assert call(node, ours, "erlang", "node", address="127.0.0.1") == name

    def test_ipv6(self, authority: CertificateAuthority, ours: dict[str, str]) -> None:
        with beam("six@::1", "::1", port=free_port("::1"), tls=NodeTls(authority)("::1")) as six:
            assert call(six, ours, "erlang", "node") == "six@::1"

    def test_it_runs_on_whatever_socket_there_is(self, demanding: Beam, ours: dict[str, str]) -> None:
        dialled = []

        async def elsewhere(address: Address, port: int, deadline: float) -> socket.socket:
            dialled.append((address.ip, port))
            return await dial(Address(socket.AF_INET, demanding.address), demanding.port, deadline)

        name = call(demanding, ours, "erlang", "node", address="127.0.0.9", port=1, dial=elsewhere)
        assert (name, dialled) == (demanding.name, [("127.0.0.9", 1)])

    def test_the_member_dies_during_a_call(self, authority: CertificateAuthority, ours: dict[str, str]) -> None:
        async def work(connection: NodeConnection) -> None:
            waiting = asyncio.ensure_future(connection.call("timer", "sleep", [60_000], 60))
            assert await connection.call("erlang", "node", [], 20) == node.name
            node.kill()
            with pytest.raises(ConnectionLost, match="closed the connection"):
                await waiting

        with beams(1, tls=NodeTls(authority)) as (node,):
            with_connection(node, ours, work)

    def test_ticks_keep_the_connection(self, authority: CertificateAuthority, ours: dict[str, str]) -> None:
        async def work(connection: NodeConnection) -> None:
            assert await connection.call("timer", "sleep", [4_000], 20) == "ok"
            assert not connection.closed

        with beams(1, tls=NodeTls(authority), arguments=("-kernel", "net_ticktime", "2")) as (node,):
            with_connection(node, ours, work)


class TestTheMembersCertificate:
    def test_expired(self, authority: CertificateAuthority) -> None:
        known = {"ca_cert": str(authority.certificate)}
        with undemanding(authority, expired=True) as node:
            reason = "its certificate, or that of the authority that signed it, has expired: renew it"
            assert reason in refusal(node, known)
            assert reason in refusal(node, {**known, "check_hostname": False})
            assert call(node, {"validate_certs": False}, "erlang", "node") == node.name

    def test_signed_by_another_authority(self, authority: CertificateAuthority, foreign: CertificateAuthority) -> None:
        known = {"ca_cert": str(authority.certificate)}
        with undemanding(foreign) as node:
            for tls in (known, {**known, "check_hostname": False}, {}):
                reason = refusal(node, tls)
                assert "its certificate is not signed by an authority that is known here" in reason
                assert "driver_config.tls.ca_cert" in reason
            assert call(node, {**known, "validate_certs": False}, "erlang", "node") == node.name

    def test_for_another_host(self, authority: CertificateAuthority, ours: dict[str, str]) -> None:
        with undemanding(authority, host="web1.example.net") as node:
            assert (
                f"its certificate is for 'web1.example.net' and not for '{node.address}': give it one for the host in"
                " its name, or set driver_config.tls.check_hostname to false"
            ) in refusal(node, ours)
            assert call(node, {**ours, "check_hostname": False}, "erlang", "node") == node.name
            assert call(node, {"validate_certs": False}, "erlang", "node") == node.name


class TestOurCertificate:
    def test_there_is_none(self, demanding: Beam, ours: dict[str, str]) -> None:
        reason = refusal(demanding, {"ca_cert": ours["ca_cert"]})
        assert "set driver_config.tls.client_cert and client_key" in reason
        assert "certificate required" in reason or "handshake failure" in reason

    def test_expired(self, demanding: Beam, authority: CertificateAuthority, ours: dict[str, str]) -> None:
        certificate = str(authority.issue("ansible", expired=True))
        reason = refusal(demanding, {**ours, "client_cert": certificate})
        assert "refuses the driver's certificate (certificate expired): check driver_config.tls.client_cert" in reason

    def test_signed_by_another_authority(
        self, demanding: Beam, foreign: CertificateAuthority, ours: dict[str, str]
    ) -> None:
        reason = refusal(demanding, {**ours, "client_cert": str(foreign.issue("ansible"))})
        assert "refuses the driver's certificate (unknown ca): check driver_config.tls.client_cert" in reason


class TestTlsOnOneSideOnly:
    def test_a_plain_member_waits_for_more(self, plain: Beam) -> None:
        with pytest.raises(CallTimeout) as caught:
            call(plain, {"validate_certs": False}, "erlang", "node", timeout=2)
        assert caught.value.silent
        where = f"{plain.name} ({plain.address}:{plain.port})"
        assert caught.value.reason == (
            f"{where} said nothing and did not finish the TLS handshake within 2 s: does it speak TLS?"
        )

    def test_a_member_with_tls_is_told_so(self, demanding: Beam) -> None:
        with pytest.raises(TlsFailed) as caught:
            asyncio.run(NodeConnection.open(demanding.name, cookie=COOKIE, port=demanding.port, timeout=20))
        where = f"{demanding.name} ({demanding.address}:{demanding.port})"
        assert caught.value.reason == f"{where} speaks TLS: set driver_config.tls"

    def test_a_frozen_member_is_silent(self, authority: CertificateAuthority, ours: dict[str, str]) -> None:
        with beams(1, tls=NodeTls(authority)) as (node,):
            node.freeze()
            with pytest.raises(CallTimeout, match="said nothing and did not finish the TLS handshake") as caught:
                call(node, ours, "erlang", "node", timeout=2)
            assert caught.value.silent
            node.thaw()
            assert call(node, ours, "erlang", "node") == node.name
