# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to an API server and their errors. Against the double: each needs its own server, token or certificate."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import MissingLibraryError

from tests.harness.certificates import CertificateAuthority
from tests.harness.kubernetes.asking import SECRET, ask, failed, namespaces, refused
from tests.harness.kubernetes.double import KubeDouble, kube_api

pytestmark = pytest.mark.double("each test has a server, a token or a certificate of its own")


def test_host_and_token(api: KubeDouble) -> None:
    assert namespaces(ask(**api.auth)) == {"default"}
    assert namespaces(ask(**{**api.auth, "api_key": f" {api.token}\n"})) == {"default"}


def test_a_kubeconfig_and_its_contexts_namespace(api: KubeDouble, tmp_path: Path) -> None:
    assert namespaces(ask(kubeconfig=api.kubeconfig(tmp_path / "a"))) == {"default"}
    path = api.kubeconfig(tmp_path / "b", namespace="team")
    assert namespaces(ask(kubeconfig=path, context="tests")) == {"team"}
    assert namespaces(ask(kubeconfig=path, namespace="prod")) == {"prod"}


def test_default_kubeconfigs(api: KubeDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".kube").mkdir()
    api.kubeconfig(tmp_path / ".kube" / "config", namespace="prod")
    assert namespaces(ask()) == {"prod"}
    assert namespaces(ask(context="tests")) == {"prod"}
    monkeypatch.setenv("KUBECONFIG", api.kubeconfig(tmp_path / "b", namespace="team"))
    assert namespaces(ask()) == {"team"}


@pytest.fixture
def account(api: KubeDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a service account, as in a pod."""
    account = tmp_path / "serviceaccount"
    account.mkdir()
    shutil.copy(api.ca_cert, account / "ca.crt")
    (account / "token").write_text(f"{api.token}\n")
    (account / "namespace").write_text("team")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", api.url.rsplit(":", 1)[1])
    return account


def test_in_a_pod(account: Path) -> None:
    assert account.is_dir()
    assert namespaces(ask()) == {"team"}


@pytest.mark.parametrize("file", ["ca.crt", "token", "namespace"])
def test_in_a_pod_whose_account_is_not_whole(account: Path, file: str) -> None:
    told = "config.kubeconfig: none is given, and the pod's service account: "
    (account / file).write_text(" \n")
    assert f"{told}{account / file} is empty" in refused()
    (account / file).write_bytes(b"\xff")
    assert f"{told}{account / file} can't be read: it is no text" in refused()
    if file != "token":  # without one it is no pod
        (account / file).unlink()
        assert f"{told}{account / file} can't be read: No such file" in refused()


@pytest.mark.parametrize("variable", ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"])
def test_in_a_pod_that_is_not_told_where(account: Path, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert account.is_dir()
    monkeypatch.delenv(variable)
    assert "KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not set" in refused()


@pytest.fixture
def without_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("kubernetes", "kubernetes.client", "kubernetes.config"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("without_the_client")
def test_neither_a_token_nor_a_pod_needs_the_kubernetes_client(api: KubeDouble, account: Path) -> None:
    assert account.is_dir()
    assert namespaces(ask(**api.auth)) == {"default"}
    assert namespaces(ask()) == {"team"}


@pytest.mark.usefixtures("without_the_client")
def test_a_kubeconfig_and_a_proxy_need_it(api: KubeDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingLibraryError, match="kubernetes"):
        ask(kubeconfig=api.kubeconfig(tmp_path / "config"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(MissingLibraryError, match="kubernetes"):
        ask(**api.auth)


def test_a_proxy_of_the_environment_and_for_whom_it_is_not(
    api: KubeDouble, account: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account.is_dir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    for auth in (api.auth, {}):
        assert "Connection refused; check HTTPS_PROXY and NO_PROXY" in failed(**auth)
    assert api.requests == []
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8,127.0.0.0/8")
    assert namespaces(ask(**api.auth)) == {"default"}
    assert namespaces(ask()) == {"team"}


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_variables_of_kubernetes_core(api: KubeDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8S_AUTH_HOST", api.url)
    monkeypatch.setenv("K8S_AUTH_API_KEY", api.token)
    monkeypatch.setenv("K8S_AUTH_VERIFY_SSL", "no")
    assert namespaces(ask()) == {"default"}
    monkeypatch.delenv("K8S_AUTH_VERIFY_SSL")
    assert "config.ca_cert" in failed()
    monkeypatch.setenv("K8S_AUTH_SSL_CA_CERT", str(api.ca_cert))
    assert namespaces(ask()) == {"default"}
    # A topology with a kubeconfig of its own is never sent to the variables' server.
    with kube_api() as another:
        another.add_pod("chat-0", "10.9.0.1", namespace="elsewhere")
        path = another.kubeconfig(tmp_path / "another", namespace="elsewhere")
        assert namespaces(ask(kubeconfig=path)) == {"elsewhere"}
    monkeypatch.delenv("K8S_AUTH_HOST")
    monkeypatch.delenv("K8S_AUTH_API_KEY")
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", api.kubeconfig(tmp_path / "config", namespace="team"))
    assert namespaces(ask(context="tests")) == {"team"}


def test_nothing_says_where(tmp_path: Path) -> None:
    assert "config.kubeconfig: nothing says where the API server is" in refused()


def test_the_process_wide_default_of_the_client_is_neither_used_nor_changed(api: KubeDouble) -> None:
    from kubernetes.client import Configuration

    theirs = Configuration(host="https://127.0.0.1:1")
    theirs.api_key = {"authorization": f"Bearer {SECRET}"}
    Configuration.set_default(theirs)
    try:
        assert "401" in failed(host=api.url, ca_cert=str(api.ca_cert))
        assert namespaces(ask(**api.auth)) == {"default"}
        default = Configuration.get_default_copy()
        assert (default.host, default.api_key) == (theirs.host, theirs.api_key)
    finally:
        Configuration.set_default(None)


def test_a_wrong_token(api: KubeDouble) -> None:
    reason = failed(**{**api.auth, "api_key": SECRET})
    assert "401: Unauthorized; the token (config.api_key" in reason
    told = "401: Unauthorized; no credentials were sent: give config.api_key, or a kubeconfig with a user"
    assert told in failed(host=api.url, ca_cert=str(api.ca_cert))


@pytest.mark.parametrize("token", [f"{SECRET}\nX-Other: 1", f"{SECRET}\u00e9"])
def test_a_token_that_cannot_be_sent(api: KubeDouble, token: str) -> None:
    assert "config.api_key: the token (not shown)" in refused(**{**api.auth, "api_key": token})


def test_a_ca_that_did_not_sign(api: KubeDouble, tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path)
    reason = failed(**{**api.auth, "ca_cert": str(other.certificate)})
    assert "TLS with https://127.0.0.1" in reason
    assert "CERTIFICATE_VERIFY_FAILED" in reason
    assert "check config.ca_cert" in reason
    assert api.requests == []


def test_a_ca_that_is_none(api: KubeDouble, tmp_path: Path) -> None:
    junk = tmp_path / "ca.crt"
    junk.write_text("junk")
    assert "check config.ca_cert" in failed(**{**api.auth, "ca_cert": str(junk)})
    gone = str(tmp_path / "gone")
    assert f"config.ca_cert: {gone!r} can't be read: No such file" in refused(**{**api.auth, "ca_cert": gone})


def test_tls_is_verified_unless_told_otherwise(api: KubeDouble) -> None:
    auth = {"host": api.url, "api_key": api.token}
    assert "CERTIFICATE_VERIFY_FAILED" in failed(**auth)
    with pytest.warns(Warning, match="Unverified HTTPS"):
        assert ask(**auth, validate_certs=False).status == "complete"


def test_an_api_server_on_ipv6() -> None:
    with kube_api("::1") as api:
        api.add_pod("chat-0", "fd00:10::1")
        assert ask(**api.auth, namespace=api.namespace).names == {"chat@fd00:10::1"}


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ("10.0.0.1:6443", "'10.0.0.1:6443' is not a URL"),
        ("ftp://10.0.0.1", "'ftp://10.0.0.1' is not a URL"),
        ("https://", "'https://' is not a URL"),
        (f"https://admin:{SECRET}@10.0.0.1", "holds credentials (not shown)"),
    ],
)
def test_a_bad_host(host: str, problem: str) -> None:
    assert f"config.host: {problem}" in refused(host=host, api_key="x")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "can't be read: No such file or directory"),
        ("", "is not a kubeconfig"),
        ("a: [b", "is not a kubeconfig: it is not YAML (line 1"),
        (f"token: *{SECRET}", "is not a kubeconfig: it is not YAML"),
        ("just text", "is not a kubeconfig"),
        ("[1, 2]", "is not a kubeconfig"),
        ("\x00\x01", "is not a kubeconfig"),
        ("apiVersion: v1", "has no current-context (its contexts: none)"),
        ("users: 5", "is not a kubeconfig"),
        ("current-context: a\ncontexts: [{name: a, context: {cluster: b}}]", "is not a kubeconfig: "),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: u}}]\n"
            f"clusters: [{{name: b}}]\nusers: [{{name: u, token: {SECRET}}}]",
            "is not a kubeconfig: 'b' in its clusters has no 'cluster'",
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b}}]\n"
            "clusters: [{name: b, cluster: {server: 'https://127.0.0.1', certificate-authority: /gone/ca.crt}}]",
            "is not a kubeconfig: File does not exist: /gone/ca.crt",
        ),
    ],
)
def test_a_bad_kubeconfig(content: str | None, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    text = refused(kubeconfig=str(path))
    assert text.startswith("config.")
    assert repr(str(path)) in text
    assert problem in text


def test_an_unreadable_kubeconfig(tmp_path: Path) -> None:
    assert "can't be read: Is a directory" in refused(kubeconfig=str(tmp_path))


def test_an_unknown_context(api: KubeDouble, tmp_path: Path) -> None:
    path = api.kubeconfig(tmp_path / "config")
    text = refused(kubeconfig=path, context="moon")
    assert text == f"config.context: 'moon' is not in kubeconfig {path!r} (its contexts: tests)"


def plugin(tmp_path: Path, code: str) -> dict[str, Any]:
    script = tmp_path / "plugin.py"
    script.write_text(code)
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": [str(script)]}
    return {"exec": {**command, "interactiveMode": "Never"}}


def test_a_credential_plugin(api: KubeDouble, tmp_path: Path) -> None:
    answer = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": api.token},
    }
    user = plugin(tmp_path, f"print({json.dumps(answer)!r})")
    assert namespaces(ask(kubeconfig=api.kubeconfig(tmp_path / "config", user=user))) == {"default"}


def test_a_credential_plugin_that_fails(api: KubeDouble, tmp_path: Path) -> None:
    """K9"""
    user = plugin(tmp_path, f"import sys; print('{SECRET}'); sys.exit('the session is over, token={SECRET}')")
    path = api.kubeconfig(tmp_path / "config", user=user)
    assert failed(kubeconfig=path) == (
        f"the credential plugin of user 'tests' in kubeconfig {path!r}: {sys.executable!r} ended with exit code 1: the "
        "session is over, token=********"
    )
    assert api.requests == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("namespace", "Prod"),
        ("namespace", "../../api"),
        ("namespaces", ["prod", "a b"]),
        ("service_name", "chat,app=web"),
        ("cluster_domain", "bad domain"),
    ],
)
def test_a_name_that_kubernetes_would_not_take(api: KubeDouble, option: str, value: Any) -> None:
    text = refused(**api.auth, **{option: value})
    assert f"config.{option}: " in text
    assert repr(value[-1] if isinstance(value, list) else value) in text
    assert api.requests == []
