# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""K9: credential plugins that give no credentials, and what is told of it."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes import credential_plugin
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.credential_plugin import credentials_of
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.kubeconfig_files import MalformedError

SECRET = "never-to-be-seen-1"
VERSION = "client.authentication.k8s.io/v1"
CLUSTER = {"server": "https://127.0.0.1:1"}
TOLD = "the credential plugin of user 'u'"


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """On the PATH, and where the tests are run."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ask(directory: Path, script: str, cluster: dict[str, Any] | None = None, **more: Any) -> dict[str, str]:
    plugin = directory / "plugin"
    plugin.write_text(f"#!/bin/sh\n{script}\n")
    plugin.chmod(0o700)
    settings = {"apiVersion": VERSION, "command": "plugin", **more}
    return credentials_of("user 'u'", settings, cluster or CLUSTER)


def failed(directory: Path, script: str, **more: Any) -> str:
    with pytest.raises(DiscoveryError) as raised:
        ask(directory, script, **more)
    text = str(raised.value)
    assert SECRET not in text
    assert text.startswith(f"{TOLD}: ")
    assert raised.value.__cause__ is None
    return text[len(TOLD) + 2 :]


def answer(**status: Any) -> str:
    return f"echo '{json.dumps({'apiVersion': VERSION, 'kind': 'ExecCredential', 'status': status})}'"


def test_a_token_and_a_certificate(directory: Path) -> None:
    assert ask(directory, answer(token="abc")) == {"token": "abc"}
    user = ask(directory, answer(clientCertificateData="crt", clientKeyData="key", token="abc"))
    assert user.pop("token") == "abc"
    assert {name: base64.b64decode(value) for name, value in user.items()} == {
        "client-certificate-data": b"crt",
        "client-key-data": b"key",
    }


def test_what_it_is_given(directory: Path) -> None:
    ca = directory / "ca.crt"
    ca.write_text("authority")
    extensions = [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}]
    cluster = {**CLUSTER, "certificate-authority": str(ca), "tls-server-name": "api", "extensions": extensions}
    script = 'printf "%s\\n" "$KUBERNETES_EXEC_INFO" "$PWD" "$OWN" "$@" > told; cat >> told; ' + answer(token="abc")
    own = {"args": ["one two"], "env": [{"name": "OWN", "value": "own"}]}
    ask(directory, script, cluster, **own, provideClusterInfo=True)
    info, *others = (directory / "told").read_text().splitlines()
    assert others == [str(directory), "own", "one two"]
    assert json.loads(info) == {
        "kind": "ExecCredential",
        "apiVersion": VERSION,
        "spec": {
            "interactive": False,
            "cluster": {
                **CLUSTER,
                "tls-server-name": "api",
                "certificate-authority-data": base64.b64encode(b"authority").decode(),
                "config": {"audience": "x"},
            },
        },
    }
    ask(directory, script, cluster, **own)
    assert "cluster" not in json.loads((directory / "told").read_text().splitlines()[0])["spec"]


def test_one_that_is_not_there(directory: Path) -> None:
    path = f"{directory}:/usr/bin:/bin"
    assert failed(directory, "", command="no-such-plugin") == (
        f"'no-such-plugin' is not on the PATH, which is {path!r} here"
    )
    told = failed(directory, "", command="no-such-plugin", installHint="Install it:\n\tapt install it\n")
    assert told.endswith("here; Install it: apt install it")
    gone = str(directory / "gone")
    assert failed(directory, "", command=gone) == f"{gone!r} can't be run: No such file or directory"
    (directory / "gone").write_text("")
    assert failed(directory, "", command=gone) == f"{gone!r} can't be run: Permission denied"


def test_the_first_line_of_its_standard_error(directory: Path) -> None:
    script = (
        f"echo; echo '{SECRET}'; printf '\\n  \\nUnable to locate\\t\\001credentials.\\nMore of it.\\n' >&2; exit 3"
    )
    assert failed(directory, script) == "'plugin' ended with exit code 3: Unable to locate credentials."
    traceback = 'Traceback (most recent call last):\\n  File "x"\\n    y\\nModuleNotFoundError: No module named z\\n'
    script = f"printf '{traceback}' >&2; exit 1"
    assert failed(directory, script) == "'plugin' ended with exit code 1: ModuleNotFoundError: No module named z"
    assert failed(directory, "exit 1") == ("'plugin' ended with exit code 1, and said nothing on its standard error")
    assert failed(directory, "kill -9 $$").startswith("'plugin' was ended by signal 9")


def test_it_is_bounded(directory: Path) -> None:
    script = "head -c 3000000 /dev/zero | tr '\\0' 'x ' >&2; exit 1"
    assert len(failed(directory, script)) < 500
    assert failed(directory, "head -c 3000000 /dev/zero") == "'plugin' printed no ExecCredential"


JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"refused with token={SECRET}", "refused with token=********"),
        (f'POST: {{"client_secret": "{SECRET}"}}', 'POST: {"client_secret": "********"}'),
        (f"password: {SECRET}", "password: ********"),
        (f"Authorization: Bearer {SECRET}", "Authorization: Bearer ********"),
        (f"GET https://me:{SECRET}@127.0.0.1/ 401", "GET https://********@127.0.0.1/ 401"),
        (f"got {JWT}, expired", "got ********, expired"),
        ("key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY is off", "key ******** is off"),
        ("GET /x?sv=1&sig=Ab%2Fcd3%3D failed", "GET /x?sv=1&sig=******** failed"),
        ("GET /x?X-Amz-Signature=fe5f80f77d5f failed", "GET /x?X-Amz-Signature=******** failed"),
        ("code Ab%2Fcd3fGh%2BiJk4lmNopQr5stUvWx6yZ%3D is off", "code ******** is off"),
        ("wrong password hunter2hunter for me", "wrong password ******** for me"),
        ("signal: 11, design=round2, password authentication of me failed",) * 2,
        ("could not refresh token: oauth2: invalid_grant", "could not refresh token: oauth2: invalid_grant"),
        ("The config profile (production) could not be found", "The config profile (production) could not be found"),
        ("open /home/app/.kube/cache/oidc-login: permission denied",) * 2,
    ],
)
def test_secrets_in_it_are_masked(directory: Path, line: str, shown: str) -> None:
    (directory / "line").write_text(line)
    told = failed(directory, "cat line >&2; exit 1")
    assert told == f"'plugin' ended with exit code 1: {shown}"


def test_secrets_that_it_was_given_or_printed_are_masked(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-environment")
    own = {
        "env": [{"name": "CLIENT_SECRET", "value": "of-its-own"}, {"name": "PROFILE", "value": "production"}],
        "args": ["--client-secret", "an-argument", "--api-key=another", "get-token"],
    }
    words = f"{SECRET} of-the-environment of-its-own production an-argument another get-token"
    script = f"echo '{SECRET}'; echo {words} >&2; exit 1"
    assert failed(directory, script, **own).endswith(
        "code 1: ******** ******** ******** production ******** ******** get-token"
    )


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (f"echo {SECRET}", "printed no ExecCredential"),
        ("echo 5", "printed no ExecCredential"),
        ("printf '\\377'", "printed no ExecCredential"),
        (
            'echo \'{"apiVersion": "x", "status": {}}\'',
            f"printed an ExecCredential of another apiVersion than {VERSION!r}",
        ),
        (answer(), "gave neither a token nor a certificate with its key"),
        (answer(token=5), "gave neither a token nor a certificate with its key"),
        (answer(clientCertificateData=SECRET), "gave neither a token nor a certificate with its key"),
        (answer(clientCertificateData=SECRET, token="x"), "gave neither a token nor a certificate with its key"),
    ],
)
def test_what_is_no_credential(directory: Path, script: str, problem: str) -> None:
    assert failed(directory, script) == f"'plugin' {problem}"
    assert failed(directory, f"{script}; echo why >&2") == f"'plugin' {problem}: why"


def test_one_that_wants_a_terminal(directory: Path) -> None:
    told = failed(directory, "touch ran", interactiveMode="Always")
    assert told == "it works at a terminal only (interactiveMode: Always), and here is none"
    assert not (directory / "ran").exists()


def test_one_that_does_not_end_is_ended_with_what_it_started(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credential_plugin, "SECONDS", 0.5)
    told = failed(directory, "echo waiting >&2; sleep 600 & echo $! > child; exec sleep 600")
    assert told == "'plugin' did not end within 0.5 s: waiting"
    child = Path(f"/proc/{(directory / 'child').read_text().strip()}/stat")
    deadline = time.monotonic() + 30
    while child.exists() and child.read_text().rsplit(")", 1)[1].split()[0] != "Z":
        assert time.monotonic() < deadline
        os.sched_yield()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("x", "'exec' of user 'u' is no mapping"),
        ({}, f"{TOLD} has no command"),
        ({"command": 5}, f"'command' of {TOLD} is no text"),
        ({"command": "x", "args": [5]}, f"'args' of {TOLD} are no list of texts"),
        ({"command": "x", "env": {"a": "b"}}, f"'env' of {TOLD} is no list of names and values"),
        ({"command": "x", "env": [{"name": "a=b"}]}, f"'env' of {TOLD} holds what no environment can"),
        ({"command": "x", "provideClusterInfo": True}, "'/gone', its certificate-authority, can't be read: No such"),
    ],
)
def test_settings_that_are_none(settings: Any, problem: str) -> None:
    with pytest.raises(MalformedError) as raised:
        credentials_of("user 'u'", settings, {**CLUSTER, "certificate-authority": "/gone"})
    assert problem in str(raised.value)
