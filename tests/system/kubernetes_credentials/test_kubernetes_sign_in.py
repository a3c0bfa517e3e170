# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signs in and who is refused, for lists, watches and port-forwards alike.

Against the double; what a real API server says in its place was seen on 1.36.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from tests.harness.certificates import CertificateAuthority
from tests.harness.kubernetes.asking import SECRET, WAYS, Way, change, failed, refused
from tests.harness.kubernetes.double import KubeDouble, kube_api

pytestmark = pytest.mark.double("each test has tokens and rights of its own")


@contextlib.contextmanager
def demanding(authority: CertificateAuthority) -> Iterator[str]:
    """A server that takes no connection without a valid certificate of a client."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.certificate))
    context.load_cert_chain(authority.issue("127.0.0.1"))
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    plain, _address = listener.accept()
                except OSError:  # the test is over
                    return
                secure = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
                with contextlib.suppress(ConnectionError), secure:
                    with contextlib.suppress(ssl.SSLError):
                        secure.do_handshake()
                    # Whoever closes with something unread takes back what was said.
                    socket.socket.shutdown(secure, socket.SHUT_WR)
                    while os.read(secure.fileno(), 4096):
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


class TestImpersonation:
    """K15"""

    @pytest.fixture
    def acting(self, api: KubeDouble, tmp_path: Path) -> str:
        path = api.kubeconfig(tmp_path / "config", user={"token": api.token, "as": "jane", "as-groups": ["one", "two"]})
        return change(path, "user", as_uid="7", as_user_extra={"acme.com/project": ["a", "b"]})

    @pytest.mark.parametrize("way", WAYS)
    def test_each_request_says_so(self, api: KubeDouble, acting: str, way: Way) -> None:
        seen: list[list[tuple[str, str]]] = []

        async def note(request: web.BaseRequest) -> None:
            headers = [(name.lower(), value) for name, value in request.headers.items()]
            seen.append([header for header in headers if header[0].startswith("impersonate-")])

        api.serve(note)
        assert way(kubeconfig=acting, namespace="prod") == ""
        expected = [
            ("impersonate-user", "jane"),
            ("impersonate-uid", "7"),
            ("impersonate-group", "one"),
            ("impersonate-group", "two"),
            ("impersonate-extra-acme.com%2fproject", "a"),
            ("impersonate-extra-acme.com%2fproject", "b"),
        ]
        assert seen
        assert all(headers == expected for headers in seen)

    @pytest.mark.parametrize("way", WAYS)
    def test_one_that_may_not(self, api: KubeDouble, acting: str, way: Way) -> None:
        message = 'users "jane" is forbidden: User "me" cannot impersonate resource "users" in API group "" at the'
        api.fail(403, message)
        assert "for which the verb 'impersonate' on that must be allowed" in way(kubeconfig=acting, namespace="prod")

    def test_what_cannot_be_sent_is_refused(self, api: KubeDouble, tmp_path: Path) -> None:
        path = api.kubeconfig(tmp_path / "config", user={"token": api.token, "as-groups": ["admins"]})
        assert f"config.kubeconfig: {path!r} is not a kubeconfig: user 'tests' in" in refused(kubeconfig=path)
        assert api.requests == []


class TestWhoIsRefused:
    """K14"""

    @pytest.mark.parametrize("way", WAYS)
    def test_an_expired_client_certificate(self, api: KubeDouble, tmp_path: Path, way: Way) -> None:
        certificate = str(api.authority.issue("jane", expired=True))
        user = {"client-certificate": certificate, "client-key": certificate}
        told = way(kubeconfig=api.kubeconfig(tmp_path / "config", user=user), namespace="prod")
        assert "401: Unauthorized; the client certificate of 'CN=jane' ended on 20" in told
        assert "UTC: renew it" in told
        assert "token" not in told

    @pytest.mark.parametrize(
        ("user", "problem"),
        [
            ({}, "no credentials were sent"),
            ({"username": "me", "password": SECRET}, "the user name or the password of the kubeconfig is wrong"),
            (
                {"token": SECRET},
                "the token (config.api_key, the kubeconfig's or the service account's) is wrong or expired",
            ),
        ],
    )
    def test_what_was_sent_is_blamed(
        self, api: KubeDouble, tmp_path: Path, user: Mapping[str, str], problem: str
    ) -> None:
        path = change(api.kubeconfig(tmp_path / "config"), "user")
        content = yaml.safe_load(Path(path).read_text())
        content["users"][0]["user"] = dict(user)
        Path(path).write_text(yaml.safe_dump(content))
        assert f"401: Unauthorized; {problem}" in failed(kubeconfig=path)

    def test_a_certificate_and_a_token(self, api: KubeDouble, tmp_path: Path) -> None:
        certificate = str(api.authority.issue("jane"))
        user = {"client-certificate": certificate, "client-key": certificate, "token": "wrong"}
        told = failed(kubeconfig=api.kubeconfig(tmp_path / "config", user=user))
        assert "the client certificate of 'CN=jane' (until 20" in told
        assert "is it of this cluster? and the token (config.api_key" in told

    def test_one_that_is_refused_before_anything_is_asked(self, tmp_path: Path) -> None:
        """By a server that says why in TLS, and by one that hangs up."""
        with kube_api(client_certificate=True) as api:
            certificate = str(api.authority.issue("jane", expired=True))
            user = {"client-certificate": certificate, "client-key": certificate, "token": api.token}
            expired, without = api.kubeconfig(tmp_path / "expired", user=user), api.kubeconfig(tmp_path / "without")
            assert "the client certificate of 'CN=jane' ended on 20" in failed(kubeconfig=expired)
            with demanding(api.authority) as url:
                told = failed(kubeconfig=change(expired, "cluster", server=url))
                assert "CERTIFICATE_EXPIRED" in told
                assert "the client certificate of 'CN=jane' ended on 20" in told
                told = failed(kubeconfig=change(without, "cluster", server=url))
                assert "it asks for a client certificate, and the kubeconfig's user has none" in told

    def test_a_provider_that_gives_nothing(self, api: KubeDouble, tmp_path: Path) -> None:
        path = api.kubeconfig(tmp_path / "config", user={"auth-provider": {"name": "azure"}})
        assert "the auth-provider 'azure' of user 'tests' in" in failed(kubeconfig=path)
        assert api.requests == []

    def test_a_key_that_is_encrypted_or_of_another_certificate(self, api: KubeDouble, tmp_path: Path) -> None:
        locked, other = api.authority.issue("a", passphrase=b"x"), api.authority.issue("b")
        for key in (locked, other):
            user = {"client-certificate": str(api.authority.issue("a")), "client-key": str(key)}
            told = failed(kubeconfig=api.kubeconfig(tmp_path / "config", user=user))
            assert "the client certificate, or its key, can't be read: " in told
            assert "check the kubeconfig's user" in told
