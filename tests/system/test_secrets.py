# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cookie, the token of the Kubernetes API and the secret of the gossip show nowhere, whatever is run, and however
it ends."""

from __future__ import annotations

import base64
import json
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.harness.ansible.command import PACKED, Ansible
from tests.harness.certificates import CertificateAuthority
from tests.harness.erlang.beam import BASENAME, Beam, beams, is_whole
from tests.harness.kubernetes.double import KubeDouble, kube_api
from tests.harness.sources.gossip import LOOPBACK, all_send, free_udp_port

NODES_INFO = "selfheal.cluster.nodes_info"
MEMBERSHIP_INFO = "selfheal.cluster.membership_info"
MEMBERSHIP = "selfheal.cluster.membership"
ECHOING = "echoing"
"""The namespace for which the API server answers with the token that it was sent."""


class World:
    """Nodes, an API that lists them, and the user's own files, which are the only ones that may hold a secret."""

    def __init__(self, directory: Path, nodes: list[Beam], api: KubeDouble, cookie: str) -> None:
        self.nodes = nodes
        self.home = directory / "home"
        self._inputs = directory / "inputs"
        self._api = api
        self.gossip_port = free_udp_port()
        self.gossip_secret = f"gossip-{uuid.uuid4().hex}"
        self._secrets = {
            "cookie": cookie,
            "token": api.token,
            "other_cookie": f"other-{uuid.uuid4().hex}",
            "gossip_secret": self.gossip_secret,
            "other_gossip_secret": f"other-{uuid.uuid4().hex}",
        }
        for path in (self.home, self.home / "tmp", self._inputs):
            path.mkdir()
        for name, content in self._secrets.items():
            self._write(name, content)
        pem = CertificateAuthority(self._inputs).issue("someone").read_bytes()
        data = base64.b64encode(pem).decode()
        user = {"token": api.token, "client-certificate-data": data, "client-key-data": data}
        api.kubeconfig(self._inputs / "kubeconfig", user=user)
        self._key = pem.split(b"PRIVATE KEY-----\n", 1)[1].split(b"\n", 1)[0]
        self.ansible = Ansible(
            self.home,
            TMPDIR=str(self.home / "tmp"),
            ANSIBLE_LOG_PATH=str(self.home / "log"),
            ANSIBLE_INVENTORY_CACHE="true",
            ANSIBLE_INVENTORY_CACHE_PLUGIN="jsonfile",
            ANSIBLE_INVENTORY_CACHE_CONNECTION=str(self.home / "cache"),
        )

    def template(self, name: str) -> str:
        return f"{{{{ lookup('ansible.builtin.file', '{self._inputs / name}') }}}}"

    def path(self, name: str) -> str:
        return str(self._inputs / name)

    def source(self, **config: Any) -> dict[str, Any]:
        more = {**self._api.auth, "api_key": self.template("token")} if "kubeconfig" not in config else {}
        config = {"node_basename": BASENAME, "namespace": self._api.namespace, "lookup": "pods", **more, **config}
        return {"strategy": "kubernetes", "config": config}

    def gossip(self, secret: str, **config: Any) -> dict[str, Any]:
        config = {"port": self.gossip_port, "multicast_if": LOOPBACK, "listen": 0.5, **config}
        return {"strategy": "gossip", "config": {**config, "secret": self.template(secret)}}

    def topology(self, driver_config: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
        cookie = {"cookie": self.template("cookie")}
        return {**self.source(**config), "driver_config": {"port": self.nodes[0].port, **(driver_config or cookie)}}

    def inventory(self, **topologies: Any) -> str:
        """The path of a file; secrets are in it in the clear, as a user may write them."""
        text = json.dumps({"plugin": "selfheal.cluster.nodes", "topologies": topologies})
        for name, value in self._secrets.items():
            text = text.replace(self.template(name), value)
        assert self._secrets["cookie"] in text
        assert "lookup(" not in text
        return self._write("app.cluster.yml", text)

    def assert_hidden(self, *texts: str) -> None:
        """No secret is in the texts, nor in any file that is left."""
        left = {path: path.read_bytes() for path in self.home.rglob("*") if path.is_file()}
        assert left, "there are the log and the results at least"
        for name, needle in self._needles():
            assert not [text for text in texts if needle.decode() in text], f"the {name} was shown"
            assert not [path for path, content in left.items() if needle in content], f"the {name} was left behind"

    @contextmanager
    def watched_processes(self) -> Iterator[None]:
        """No command line on this machine shows a secret meanwhile."""
        over, seen, shown = threading.Event(), set(), []

        def look() -> None:
            while not over.wait(0.01):
                for command in _command_lines():
                    seen.add(command)
                    shown.extend(f"the {name}: {command!r}" for name, needle in self._needles() if needle in command)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        assert any(b"ansible-playbook" in command for command in seen), "the run was seen at work"
        assert not shown

    def _needles(self) -> list[tuple[str, bytes]]:
        return [
            ("key of a kubeconfig", self._key),
            *(
                (name, needle)
                for name, value in self._secrets.items()
                for needle in (value.encode(), base64.b64encode(value.encode()))
            ),
        ]

    def _write(self, name: str, content: str) -> str:
        path = self._inputs / name
        path.write_text(content)
        path.chmod(0o600)
        return str(path)


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # With a short name: a socket that Ansible makes below it must not have a longer one than sockets may.
    directory = tmp_path_factory.mktemp("world")
    cookie, token = (f"{kind}-{uuid.uuid4().hex}" for kind in ("cookie", "token"))
    with beams(2, cookie=cookie) as nodes, kube_api(token=token) as api:
        for number, node in enumerate(nodes):
            api.add_pod(f"chat-{number}", node.address)
        api.fail(403, f"you may not, with 'Authorization: Bearer {token}'", namespace=ECHOING)
        yield World(directory, nodes, api, cookie)


@pytest.mark.parametrize(
    "way", [pytest.param({}, id="in process"), pytest.param(PACKED, id="as modules", marks=pytest.mark.long)]
)
def test_modules(world: World, way: dict[str, Any]) -> None:
    static = {"strategy": "static", "config": {"nodes": [node.name for node in world.nodes]}}
    port = world.nodes[0].port
    cookie, other_cookie = world.template("cookie"), world.template("other_cookie")
    good: list[dict[str, Any]] = [
        {NODES_INFO: world.source()},
        {MEMBERSHIP_INFO: world.topology(kubeconfig=world.path("kubeconfig"))},
        {MEMBERSHIP: {**static, "driver_config": {"cookie_file": world.path("cookie"), "port": port}}},
        {NODES_INFO: world.gossip("gossip_secret")},
    ]
    bad: list[dict[str, Any]] = [
        {NODES_INFO: world.source(namespace=ECHOING, kubeconfig=world.path("kubeconfig"))},
        {NODES_INFO: world.source(api_key=other_cookie)},
        {MEMBERSHIP_INFO: {**static, "driver_config": {"cookie_file": world.path("other_cookie"), "port": port}}},
        {MEMBERSHIP: {**static, "driver_config": {"cookie": other_cookie, "port": port}}},
        {MEMBERSHIP: {**static, "driver_config": {"cookie": cookie, "port": "abc"}}},
        {NODES_INFO: world.gossip("other_gossip_secret")},
        {NODES_INFO: world.gossip("gossip_secret", multicast_addr="10.0.0.1")},
    ]
    tasks = [
        {**task, "register": f"result_{number}", "ignore_errors": number >= len(good)}
        for number, task in enumerate([*good, *bad])
    ]
    everything = [f"{{{{ {task['register']} }}}}" for task in tasks]
    everything.append("{{ lookup('selfheal.cluster.nodes', source) }}")
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"source": world.source(kubeconfig=world.path("kubeconfig"))},
        "tasks": [*tasks, {"ansible.builtin.debug": {"msg": everything}}],
        **way,
    }
    with world.watched_processes(), all_send(world.nodes, world.gossip_port, secret=world.gossip_secret):
        run = world.ansible.playbook([play], "-vvvv", "--diff").ok()
    assert is_whole(world.nodes)
    assert len([line for line in run.results if "msg" in line["result"]]) == len(bad) + 1
    world.assert_hidden(run.output)


def test_the_playbook_and_the_inventory(world: World) -> None:
    chat, broken = world.topology(), world.topology({"cookie": world.template("other_cookie")}, namespace=ECHOING)
    heard, unheard = ({**chat, **world.gossip(secret)} for secret in ("gossip_secret", "other_gossip_secret"))
    file = world.inventory(chat=chat, broken=broken, heard=heard, unheard=unheard)
    with world.watched_processes(), all_send(world.nodes, world.gossip_port, secret=world.gossip_secret):
        run = world.ansible.playbook("selfheal.cluster.converge", "-i", file, "-vvvv", "--diff")
    assert run.code != 0
    assert is_whole(world.nodes)
    assert "403" in run.of("broken", MEMBERSHIP)["msg"]
    assert run.of("heard", MEMBERSHIP)["converged"]
    assert "not decrypted; check config.secret" in run.of("unheard", MEMBERSHIP)["msg"]
    world.assert_hidden(run.output)
    for arguments in (("--list", "--export"), ("--host", "chat", "-vvvv")):
        listed = world.ansible.run("ansible-inventory", "-i", file, *arguments).ok()
        assert "topology_driver_config" in listed.stdout
        world.assert_hidden(listed.output)
    assert list((world.home / "cache").iterdir()), "there was a cache to look into"


def _command_lines() -> Iterator[bytes]:
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                yield Path(f"/proc/{name}/cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
