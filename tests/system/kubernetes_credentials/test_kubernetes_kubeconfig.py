# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs as kubectl reads them, the authority, the URL and proxies, for lists, watches and port-forwards alike.

Against the double; what a real API server says in its place was seen on 1.36.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import MissingLibraryError

from tests.harness.certificates import CertificateAuthority
from tests.harness.kubernetes.asking import (
    SECRET,
    WAYS,
    Way,
    ask,
    by_list,
    by_port_forward,
    by_watch,
    change,
    failed,
    filled,
    namespaces,
    refused,
)
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.kubernetes.server import status
from tests.harness.loopback import free_port

pytestmark = pytest.mark.double("it counts what the server is asked for, and has servers that refuse")


class TestFiles:
    def test_of_several_the_first_current_context_counts(
        self, api: KubeDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """K1"""
        first, second = (api.kubeconfig(tmp_path / name, namespace=name) for name in ("team", "prod"))
        content = yaml.safe_load(Path(second).read_text())
        content["contexts"][0]["name"] = content["current-context"] = "other"
        Path(second).write_text(yaml.safe_dump(content))
        both = os.pathsep.join((first, second))
        monkeypatch.setenv("KUBECONFIG", both)
        assert namespaces(ask()) == {"team"}
        assert namespaces(ask(context="other")) == {"prod"}
        monkeypatch.delenv("KUBECONFIG")
        assert namespaces(ask(kubeconfig=both)) == {"team"}

    def test_of_the_variable_those_that_are_there_count(
        self, api: KubeDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """K2"""
        gone, there = str(tmp_path / "gone"), api.kubeconfig(tmp_path / "team", namespace="team")
        monkeypatch.setenv("KUBECONFIG", os.pathsep.join((gone, there)))
        assert namespaces(ask()) == {"team"}
        told = f"config.kubeconfig: {gone!r} can't be read: No such file or directory"
        assert refused(kubeconfig=os.pathsep.join((there, gone))) == told
        monkeypatch.setenv("KUBECONFIG", gone)
        assert refused().endswith(f"no file of the variable KUBECONFIG is there: {gone!r}")
        (tmp_path / ".kube").mkdir()
        api.kubeconfig(tmp_path / ".kube" / "config", namespace="prod")
        monkeypatch.setenv("KUBECONFIG", "")
        assert namespaces(ask()) == {"prod"}

    def test_relative_paths_in_two_files(
        self, api: KubeDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The cluster is in one, with its CA, the user in another, with a token file that is replaced in time."""
        here, there = tmp_path / "here", tmp_path / "there"
        for directory in (here, there):
            directory.mkdir()
        cluster, user = Path(api.kubeconfig(here / "config")), Path(api.kubeconfig(there / "config"))
        (here / "ca.crt").write_bytes(api.ca_cert.read_bytes())
        (there / "token").write_text(f"{api.token}\n")
        change(str(cluster), "cluster", certificate_authority="ca.crt")
        cluster.write_text(yaml.safe_dump({**yaml.safe_load(cluster.read_text()), "users": []}))
        change(str(user), "user", tokenFile="token", token="expired")
        user.write_text(yaml.safe_dump({"users": yaml.safe_load(user.read_text())["users"]}))
        monkeypatch.setenv("KUBECONFIG", f"{cluster}:{user}")
        assert namespaces(ask()) == {"default"}
        (there / "token").unlink()
        assert "401: Unauthorized; the token (config.api_key, the kubeconfig's" in failed()

    def test_what_the_topology_says_counts(self, api: KubeDouble, tmp_path: Path) -> None:
        path = api.kubeconfig(tmp_path / "config")
        authority = str(CertificateAuthority(tmp_path).certificate)
        change(path, "cluster", certificate_authority=authority, server="https://127.0.0.1:1")
        for way in WAYS:
            assert way(kubeconfig=path, host=api.url, ca_cert=str(api.ca_cert), namespace="prod") == ""
            assert "CERTIFICATE_VERIFY_FAILED" in way(kubeconfig=path, host=api.url, namespace="prod")

    def test_a_server_by_another_name(self, api: KubeDouble, tmp_path: Path) -> None:
        path = change(api.kubeconfig(tmp_path / "config"), "cluster", tls_server_name="localhost")
        for way in WAYS:
            assert way(kubeconfig=path, namespace="prod") == ""
        change(path, "cluster", tls_server_name="elsewhere")
        for way in WAYS:
            assert "CERTIFICATE_VERIFY_FAILED" in way(kubeconfig=path, namespace="prod")


@pytest.fixture(scope="module")
def old() -> Iterator[KubeDouble]:
    with kube_api(authority=partial(CertificateAuthority, key_identifiers=False)) as api:
        yield filled(api)


class TestAuthority:
    """K3. Only Python 3.13 and newer ask for the strict form of themselves."""

    def test_it_is_not_of_the_strict_form(self, old: KubeDouble) -> None:
        context = ssl.create_default_context(cafile=str(old.ca_cert))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        address = ("127.0.0.1", int(old.url.rsplit(":", 1)[1]))
        with socket.create_connection(address) as plain, pytest.raises(ssl.SSLCertVerificationError, match="Key Ident"):
            context.wrap_socket(plain, server_hostname="127.0.0.1")

    @pytest.mark.parametrize("way", WAYS)
    def test_one_without_key_identifiers(self, old: KubeDouble, tmp_path: Path, way: Way) -> None:
        assert way(**old.auth, namespace="prod") == ""
        assert way(kubeconfig=old.kubeconfig(tmp_path / "config"), namespace="prod") == ""

    @pytest.mark.parametrize("way", WAYS)
    def test_the_chain_and_the_host_name_are_verified(self, old: KubeDouble, tmp_path: Path, way: Way) -> None:
        other = CertificateAuthority(tmp_path, key_identifiers=False)
        told = way(**{**old.auth, "ca_cert": str(other.certificate)}, namespace="prod")
        assert "CERTIFICATE_VERIFY_FAILED" in told
        assert "check config.ca_cert" in told
        path = change(old.kubeconfig(tmp_path / "config"), "cluster", tls_server_name="elsewhere")
        assert "Hostname mismatch" in way(kubeconfig=path, namespace="prod")

    def test_the_dates_are_verified(self, tmp_path: Path) -> None:
        class Expired(CertificateAuthority):
            def issue(self, *hosts: str, **more: Any) -> Path:
                return super().issue(*hosts, **{**more, "expired": True})

        with kube_api(authority=partial(Expired, key_identifiers=False)) as api:
            for way in WAYS:
                assert "certificate has expired" in way(**api.auth, namespace="prod")


class TestUrl:
    """K16"""

    @pytest.mark.parametrize("way", WAYS)
    def test_a_path_that_is_not_the_root_of_the_api(self, api: KubeDouble, way: Way) -> None:
        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            return status(403, "Forbidden", f'forbidden: User "jane" cannot get path "{request.path}"')

        api.serve(answer)
        told = way(**{**api.auth, "host": f"{api.url}/api"}, namespace="prod")
        assert "answered 403: forbidden: " in told
        assert "; config.host (or the kubeconfig's server) has the path '/api', which is not the root of this" in told
        assert "RBAC" not in told

    def test_a_path_that_is_not_there(self, api: KubeDouble) -> None:
        api.answer(b"404 page not found\n", code=404, content_type="text/plain")
        assert "is the API's root at the path '/api' of config.host" in failed(**{**api.auth, "host": f"{api.url}/api"})
        assert "and does config.host need a path?" in failed(**api.auth)

    @pytest.mark.parametrize("way", WAYS)
    def test_http_to_a_port_of_an_api_server_with_tls(self, way: Way) -> None:
        with kube_api(tls=False) as api:
            api.answer(b"Client sent an HTTP request to an HTTPS server.\n", code=400, content_type="text/plain")
            told = way(**api.auth, namespace="prod", selector="app=chat")
            assert told.startswith(("list pods", "watch pods", "port-forward to"))
            assert "config.host (or the kubeconfig's server) begins with http://, and this port speaks TLS" in told
            api.heal()
            api.answer(b"<h1>Bad request</h1>", code=400, content_type="text/html")
            told = way(**api.auth, namespace="prod", selector="app=chat")
            assert "it is no API server: check config.host" in told

    def test_http_to_a_port_with_tls_that_hangs_up(self, api: KubeDouble) -> None:
        told = failed(host=api.url.replace("https", "http"), api_key="x")
        assert "does this port speak TLS (https:// in config.host" in told

    @pytest.mark.parametrize("way", WAYS)
    def test_https_to_a_port_without_tls(self, way: Way) -> None:
        with kube_api(tls=False) as api:
            told = way(**{**api.auth, "host": api.url.replace("http", "https")}, namespace="prod")
            assert "the port speaks no TLS: is it http:// in config.host" in told


class TestProxies:
    @pytest.mark.parametrize("way", [by_watch, by_port_forward])
    @pytest.mark.parametrize("given", ["proxy-url", "ALL_PROXY"])
    def test_a_socks_proxy_takes_a_library(
        self, api: KubeDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Way, given: str
    ) -> None:
        """K6"""
        for name in ("socks", "urllib3.contrib.socks"):
            monkeypatch.setitem(sys.modules, name, None)
        proxy = f"socks5://127.0.0.1:{free_port('127.0.0.1')}"
        config: dict[str, Any] = {**api.auth, "namespace": "prod"}
        if given == "proxy-url":
            path = change(api.kubeconfig(tmp_path / "config"), "cluster", proxy_url=proxy)
            config = {"kubeconfig": path, "namespace": "prod"}
        else:
            monkeypatch.setenv(given, proxy)
        assert way(**config) == "the Python library PySocks is missing"
        with pytest.raises(MissingLibraryError, match="^the Python library PySocks is missing$"):
            ask(**config)

    @pytest.mark.parametrize(
        "variables",
        [{"ALL_PROXY": "{}", "NO_PROXY": "127.0.0.1"}, {"HTTP_PROXY": "{}"}, {"FTP_PROXY": "{}"}],
    )
    def test_a_variable_that_would_not_be_used_does_not_matter(
        self, api: KubeDouble, monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]
    ) -> None:
        """K6"""
        for name in ("socks", "urllib3.contrib.socks"):
            monkeypatch.setitem(sys.modules, name, None)
        for variable, value in variables.items():
            monkeypatch.setenv(variable, value.format(f"socks5://127.0.0.1:{free_port('127.0.0.1')}"))
        for way in WAYS:
            assert way(**api.auth, namespace="prod") == ""

    def test_that_of_the_kubeconfig_counts_whatever_no_proxy_says(
        self, api: KubeDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy = f"http://127.0.0.1:{free_port('127.0.0.1')}"
        path = change(api.kubeconfig(tmp_path / "config"), "cluster", proxy_url=proxy)
        monkeypatch.setenv("NO_PROXY", "*")
        assert "check HTTPS_PROXY and NO_PROXY (or the kubeconfig's proxy-url)" in by_list(kubeconfig=path)
        assert "the proxy takes no connection" in by_port_forward(kubeconfig=path)
        assert api.requests == []

    @pytest.mark.parametrize("proxy", ["10.0.0.1:3128", "socks4://10.0.0.1", f"ftp://me:{SECRET}@10.0.0.1", "http://"])
    def test_one_of_the_kubeconfig_that_is_none(self, api: KubeDouble, tmp_path: Path, proxy: str) -> None:
        path = change(api.kubeconfig(tmp_path / "config"), "cluster", proxy_url=proxy)
        assert "of its cluster is no URL of http, https or socks5" in refused(kubeconfig=path)

    def test_one_of_the_environment_without_a_scheme(self, api: KubeDouble, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{free_port('127.0.0.1')}")
        assert "Connection refused; check HTTPS_PROXY and NO_PROXY" in failed(**api.auth)
        monkeypatch.setenv("HTTPS_PROXY", "gopher://127.0.0.1")
        assert "the proxy on the way to the API server (HTTPS_PROXY" in failed(**api.auth)
