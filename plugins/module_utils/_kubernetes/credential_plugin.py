# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credential plugin of a kubeconfig (``exec``).

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins

It runs as under kubectl 1.32 without a terminal: in the current directory, without input. Its standard output is the
credential and is never shown; its standard error explains a failure.
"""

from __future__ import annotations

import base64
import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from typing import Any, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import DiscoveryError
from ansible_collections.selfheal.cluster.plugins.module_utils._io.text import masked, one_line
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.kubeconfig_files import (
    MalformedError,
    text_in,
)

SECONDS = 60.0
"""Time limit of a plugin. It is long, since some ask a cloud for a token and retry."""
_MAX_BYTES = 1024 * 1024
_CHUNK = 64 * 1024
_LONGEST_LINE = 8192
_EXTENSION = "client.authentication.k8s.io/exec"
_OF_CLUSTER = ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url", "disable-compression")
# Anything in its output that is long enough may be a token; a short word of prose is not one.
_PRINTED = re.compile(r"[^\s\"'\\]{16,}|(?=[^\s\"'\\]*[0-9])[^\s\"'\\]{8,}")
_SECRET = re.compile(r"secret|token|passw|passphrase|credential|key", re.IGNORECASE)


class _CredentialPluginError(Exception):
    pass


class _Output(NamedTuple):
    """``code`` is the exit code, None where the plugin did not end in time."""

    code: Optional[int]
    stdout: bytes
    stderr: bytes


def credentials_of(whose: str, settings: Any, cluster: Mapping[str, Any]) -> dict[str, str]:
    """Run the plugin.

    :param whose: the kubeconfig's user, for messages.
    :param settings: the value of ``exec``.
    :param cluster: the entry of the cluster, with absolute paths.
    :returns: the keys of a user in a kubeconfig: ``token``, ``client-certificate-data`` and ``client-key-data``.
    :raises DiscoveryError: the plugin gave no credentials.
    :raises MalformedError: the settings are malformed.
    """
    what = f"the credential plugin of {whose}"
    if not isinstance(settings, dict):
        raise MalformedError(f"'exec' of {whose} is no mapping")
    argv, version = _argv(settings, what), text_in(settings, "apiVersion", what)
    own = _own_environment(settings, what)
    info = _info(version, cluster if settings.get("provideClusterInfo") else None)
    try:
        if text_in(settings, "interactiveMode", what) == "Always":
            raise _CredentialPluginError("it works at a terminal only (interactiveMode: Always), and here is none")
        environment = {**os.environ, **own, "KUBERNETES_EXEC_INFO": info}
        output = _run([_program(argv[0], settings), *argv[1:]], environment)
        return _credentials(argv[0], output, version, _secrets(environment, argv[1:]))
    except _CredentialPluginError as error:
        raise DiscoveryError(f"{what}: {error}") from None


def _argv(settings: Mapping[str, Any], what: str) -> list[str]:
    command = text_in(settings, "command", what)
    arguments = settings.get("args") or []
    if not command:
        raise MalformedError(f"{what} has no command")
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        raise MalformedError(f"'args' of {what} are no list of texts; write numbers in quotes")
    return [command, *arguments]


def _own_environment(settings: Mapping[str, Any], what: str) -> dict[str, str]:
    own: dict[str, str] = {}
    items = settings.get("env") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise MalformedError(f"'env' of {what} is no list of names and values")
    for item in items:
        own[text_in(item, "name", what)] = text_in(item, "value", f"an 'env' of {what}")
    if any(not name or "=" in name or "\0" in name + value for name, value in own.items()):
        raise MalformedError(f"'env' of {what} holds what no environment can")
    return own


def _secrets(environment: Mapping[str, str], arguments: Sequence[str]) -> list[str]:
    """The values that the plugin gets under names which suggest secrets."""
    given = list(environment.items())
    given += [(name, value) for name, _equals, value in (argument.partition("=") for argument in arguments)]
    given += [(name, value) for name, value in zip(arguments, arguments[1:]) if "=" not in name]
    return [value for name, value in given if value and _SECRET.search(name) and not os.path.exists(value)]


def _info(version: str, cluster: Optional[Mapping[str, Any]]) -> str:
    spec: dict[str, Any] = {"interactive": False}
    if cluster is not None:
        spec["cluster"] = {key: cluster[key] for key in _OF_CLUSTER if key in cluster}
        spec["cluster"]["config"] = _config(cluster.get("extensions"))
        if data := _authority(cluster):
            spec["cluster"]["certificate-authority-data"] = data
    return json.dumps({"kind": "ExecCredential", "apiVersion": version, "spec": spec})


def _config(extensions: Any) -> Any:
    for item in extensions if isinstance(extensions, list) else ():
        if isinstance(item, dict) and item.get("name") == _EXTENSION:
            return item.get("extension")
    return None


def _authority(cluster: Mapping[str, Any]) -> Optional[str]:
    data, path = cluster.get("certificate-authority-data"), cluster.get("certificate-authority")
    if data or not path:
        return data
    try:
        with open(path, "rb") as file:
            return base64.b64encode(file.read(_MAX_BYTES)).decode()
    except OSError as error:
        raise MalformedError(f"{path!r}, its certificate-authority, can't be read: {error.strerror}") from None


def _program(command: str, settings: Mapping[str, Any]) -> str:
    if os.sep in command:
        return command
    path = os.environ.get("PATH", os.defpath)
    found = shutil.which(command, path=path)
    if not found:
        hint = settings.get("installHint")
        advice = f"; {one_line(hint)}" if isinstance(hint, str) else ""
        raise _CredentialPluginError(f"{command!r} is not on the PATH, which is {one_line(path)!r} here{advice}")
    return found


def _run(argv: Sequence[str], environment: Mapping[str, str]) -> _Output:
    try:
        # The command is what the user's own file names. A run_command is a module's, and there may be none here.
        process = subprocess.Popen(  # noqa: S603  # pylint: disable=ansible-bad-function
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or "it holds what no command line can"
        raise _CredentialPluginError(f"{argv[0]!r} can't be run: {problem}") from None
    with process:
        try:
            return _read(process, time.monotonic() + SECONDS)
        finally:  # the whole process group, so that nothing that it started is left
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _read(process: subprocess.Popen[bytes], deadline: float) -> _Output:
    """Read all output, so that the plugin never blocks in a write, but keep only as much as is used."""
    texts = {pipe.fileno(): bytearray() for pipe in (process.stdout, process.stderr) if pipe}
    with selectors.DefaultSelector() as selector:
        for descriptor in texts:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _events in selector.select(left):
                data = os.read(key.fd, _CHUNK)
                texts[key.fd] += data[: _MAX_BYTES + 1 - len(texts[key.fd])]
                if not data:
                    selector.unregister(key.fd)
    stdout, stderr = (bytes(text) for text in texts.values())
    try:
        return _Output(process.wait(max(0.0, deadline - time.monotonic())), stdout, stderr)
    except subprocess.TimeoutExpired:
        return _Output(None, stdout, stderr)


def _credentials(command: str, output: _Output, version: str, known: Sequence[str]) -> dict[str, str]:
    printed = output.stdout.decode("utf-8", "replace")
    reason = _reason(output.stderr.decode("utf-8", "replace"), [*known, *_PRINTED.findall(printed)])
    if output.code is None:
        raise _CredentialPluginError(f"{command!r} did not end within {SECONDS:g} s{reason}")
    if output.code:
        ended = f"ended with exit code {output.code}" if output.code > 0 else f"was ended by signal {-output.code}"
        raise _CredentialPluginError(f"{command!r} {ended}{reason or ', and said nothing on its standard error'}")
    status = _status(command, printed, version, reason)
    token, certificate, key = (_text(status.get(name)) for name in ("token", "clientCertificateData", "clientKeyData"))
    if bool(certificate) != bool(key) or not (token or key):
        raise _CredentialPluginError(f"{command!r} gave neither a token nor a certificate with its key{reason}")
    user = {"token": token} if token else {}
    if certificate and key:
        user["client-certificate-data"] = base64.b64encode(certificate.encode()).decode()
        user["client-key-data"] = base64.b64encode(key.encode()).decode()
    return user


def _status(command: str, printed: str, version: str, reason: str) -> Mapping[str, Any]:
    try:
        answer: Any = json.loads(printed) if len(printed) <= _MAX_BYTES else None
        status, printed_version = answer["status"], answer["apiVersion"]
    except (ValueError, RecursionError, KeyError, TypeError):
        status, printed_version = None, version
    if not isinstance(status, dict):
        raise _CredentialPluginError(f"{command!r} printed no ExecCredential{reason}")
    if printed_version != version:
        problem = f"{command!r} printed an ExecCredential of another apiVersion than {version!r}"
        raise _CredentialPluginError(f"{problem}{reason}")
    return status


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _reason(stderr: str, known: Sequence[str]) -> str:
    """The first meaningful line; of a Python traceback that is the error."""
    for line in stderr.splitlines():
        if line.strip() and not line[0].isspace() and not line.startswith("Traceback "):
            return f": {one_line(masked(line[:_LONGEST_LINE], known))}"
    return ""
