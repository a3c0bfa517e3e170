# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three ways in which an API server is asked, with what comes out of each, and an environment that says nothing."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes import auth
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.api_server import ApiServer, PortForwardError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.pods import Pod
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.port_forward import PortForward
from ansible_collections.selfheal.cluster.plugins.module_utils._model import Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.harness.kubernetes.double import KubeDouble
from tests.harness.kubernetes.watching import PATIENCE, watching
from tests.harness.waiting import wait_until

SECRET = "never-to-be-seen"
_PORT = 9100


def forget_environment(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Nothing of it says where an API server is, or which way leads there."""
    for variable in [name for name in os.environ if name.startswith(("K8S_AUTH_", "KUBE"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(auth, "SERVICE_ACCOUNT", str(home / "serviceaccount"))
    for variable in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)


def ask(**config: Any) -> Discovery:
    return discover(source_of(_params(config)))


def namespaces(discovery: Discovery) -> set[str]:
    assert discovery.status == "complete", discovery.reasons
    return {node.attributes["namespace"] for node in discovery.nodes}


def refused(**config: Any) -> str:
    """Why the topology itself is wrong."""
    with pytest.raises(OptionError) as raised:
        ask(**config)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None
    return str(raised.value)


def failed(**config: Any) -> str:
    """Why the source could not be read."""
    reason = by_list(**config)
    assert reason
    return reason


def by_list(**config: Any) -> str:
    """
    :returns: what was wrong, or nothing, as the other two.
    """
    found = ask(**config)
    assert found.status in ("complete", "failed")
    return _shown(found.reasons[0] if found.reasons else "")


def by_watch(**config: Any) -> str:
    with watching(_params(config)) as heard:
        wait_until(lambda: bool(heard.changes or heard.lines or heard.error), PATIENCE, "a watch, or trouble")
        return _shown(str(heard.error) if heard.error else "".join(heard.lines[:1]))


def by_port_forward(**config: Any) -> str:
    """To pod ``chat-0`` of namespace ``prod``."""
    source = source_of(_params(config))

    async def forward() -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        server = await ApiServer.open(source.config, deadline)
        opened = await PortForward.open(server, Pod("prod", "chat-0"), _PORT, deadline)
        opened.socket.close()
        await opened.task

    try:
        asyncio.run(forward())
    except PortForwardError as error:
        return _shown(str(error))
    return ""


Way = Callable[..., str]
WAYS: tuple[Way, ...] = (by_list, by_watch, by_port_forward)


def unforwarded(_port: int) -> socket.socket:
    raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")


def filled(api: KubeDouble) -> KubeDouble:
    for namespace in ("prod", "default", "team"):
        api.add_pod("chat-0", "10.1.0.1", namespace=namespace)
    api.forward("chat-0", unforwarded, namespace="prod")
    return api


def change(path: str, kind: str, **entry: Any) -> str:
    """Set keys of the one cluster, or the one user, of a kubeconfig."""
    content = yaml.safe_load(Path(path).read_text())
    content[f"{kind}s"][0][kind].update({key.replace("_", "-"): value for key, value in entry.items()})
    Path(path).write_text(yaml.safe_dump(content))
    return path


def _params(config: dict[str, Any]) -> dict[str, Any]:
    return {"topology": "t", "strategy": "kubernetes", "config": {"node_basename": "chat", "lookup": "pods", **config}}


def _shown(text: str) -> str:
    assert SECRET not in text
    return text
