# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipes of the guide that need no server but a small one, and that the page shows the files of all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.ansible.command import Ansible
from tests.harness.dns.nameserver import nameserver
from tests.harness.docs.code_blocks import guide
from tests.harness.docs.recipes import EXAMPLES, Recipe
from tests.harness.erlang.beam import Beam, beams, is_whole
from tests.harness.http_service import Fault, Handler, HttpService, raw, running, status
from tests.harness.sources.consul import TOKEN, consul, no_leader

_OF_OTHER_PAGES = ("awx", "eda", "nagios", "prometheus")
_DIRECTORIES = [path for path in EXAMPLES.iterdir() if path.name not in _OF_OTHER_PAGES]
_FILES = sorted(path for directory in _DIRECTORIES for path in directory.rglob("*") if path.is_file())
_LICENCE_LINES = 3


@pytest.mark.parametrize("file", _FILES, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_the_page_shows_the_file(file: Path) -> None:
    lines = file.read_text().removeprefix("---\n").splitlines(keepends=True)
    assert "selfheal.cluster maintainers" in lines[0]
    shown = "".join(lines[_LICENCE_LINES:])
    assert shown in [block.text for block in guide("recipes")]


@pytest.fixture
def nodes() -> Iterator[list[Beam]]:
    with beams(4, basename="chat") as running_nodes:
        yield running_nodes


@pytest.mark.long
def test_an_inventory_group(ansible: Ansible, tmp_path: Path, nodes: list[Beam]) -> None:
    recipe = Recipe(ansible, tmp_path, "group", nodes)
    hosts = recipe.directory / "hosts.yml"
    for number, node in enumerate(nodes[:3], 1):
        recipe.replace(f"10.0.0.{number}\n", f"{node.address}\n")
    recipe.converges(nodes[:3])
    recipe.replace(nodes[2].address, nodes[3].address)
    members = [*nodes[:2], nodes[3]]
    recipe.converges(members, pruned=[nodes[2]])

    whole = hosts.read_text()
    hosts.write_text(whole.replace(f"ansible_host: {nodes[3].address}", "zone: b"))
    recipe.fails("has no attribute 'ansible_host'")
    # One source has a part of the group, and the other that would have had the rest is broken
    hosts.write_text(whole.replace(f"    three:\n      ansible_host: {nodes[3].address}\n", ""))
    (recipe.directory / "chat.aws_ec2.yml").write_text(f"{whole}    : broken")
    recipe.fails("Completely failed to parse")
    assert is_whole(members)


class Cmdb(HttpService):
    """Some JSON, and faults at some paths."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: Any = None
        self.faults: dict[str, Fault] = {}

    def respond(self, handler: Handler) -> None:
        if handler.path in self.faults:
            self.faults[handler.path](handler)
        else:
            handler.answer(200, json.dumps(self.nodes).encode(), "application/json")


@pytest.mark.long
def test_a_lookup(ansible: Ansible, tmp_path: Path, nodes: list[Beam]) -> None:
    recipe = Recipe(ansible, tmp_path, "url", nodes)
    with running(Cmdb()) as cmdb:
        recipe.replace("https://cmdb.example.net", cmdb.url)
        cmdb.nodes = [node.name for node in nodes[:3]]
        recipe.converges(nodes[:3])
        cmdb.nodes = [nodes[0].name, {"name": nodes[1].name, "state": "not_ready"}]
        recipe.converges(nodes[:2], pruned=[nodes[2]])

        whole = json.dumps([node.name for node in nodes]).encode()
        cmdb.faults = {
            "/down": status(503),
            "/cut": status(200, whole[:-30]),
            "/shorter": raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(whole) + 1) + whole),
            "/null": status(200, b"null"),
            "/word": status(200, b'"chat"'),
        }
        _once_for_each(recipe, cmdb.faults)
        run = recipe.fails("config.nodes", "503")
        assert set(re.findall(r"fatal: \[(\w+)\]", run.output)) == {path.strip("/") for path in cmdb.faults}
    assert is_whole(nodes[:2])


def _once_for_each(recipe: Recipe, paths: Any) -> None:
    """Its topology once for each path instead of its own."""
    file = recipe.directory / "chat.cluster.yml"
    content = yaml.safe_load(file.read_text())
    own = yaml.safe_dump(content["topologies"].pop("chat"))
    for path in paths:
        content["topologies"][path.strip("/")] = yaml.safe_load(own.replace("/chat.json", path))
    file.write_text(yaml.safe_dump({**content, "discover": False}))


@pytest.mark.long
def test_consul(ansible: Ansible, tmp_path: Path, nodes: list[Beam]) -> None:
    with consul("chat", [node.address for node in nodes[:3]]) as agent:
        recipe = Recipe(ansible, tmp_path, "consul", nodes, CONSUL_HTTP_TOKEN=TOKEN)
        recipe.replace("http://127.0.0.1:8500", agent.url)
        recipe.converges(nodes[:3])
        agent.addresses.pop()
        agent.failing.add(nodes[1].address)
        recipe.converges(nodes[:2], pruned=[nodes[2]])

        agent.fault = no_leader
        recipe.fails("Consul answered 500")
        agent.fault = None
        agent.addresses.pop()
        agent.filtered = True
        recipe.fails("left something out")
        assert is_whole(nodes[:2])


def test_consul_does_not_know_the_service_or_the_token(ansible: Ansible, tmp_path: Path, nodes: list[Beam]) -> None:
    with consul("chat", []) as agent:
        recipe = Recipe(ansible, tmp_path, "consul", nodes, CONSUL_HTTP_TOKEN=TOKEN)
        recipe.replace("http://127.0.0.1:8500", agent.url)
        recipe.fails("or knows no instance")
        recipe.replace("'CONSUL_HTTP_TOKEN'", "'HOME'")
        run = recipe.fails("Consul answered 403")
        assert agent.requests[-1][1]["X-Consul-Token"] == str(tmp_path)
        assert f"X-Consul-Token: {tmp_path}" not in run.text


def test_consuls_dns(ansible: Ansible, tmp_path: Path, nodes: list[Beam]) -> None:
    addresses = [node.address for node in nodes]
    with nameserver({"chat.service.consul": addresses}, zones=("consul",)) as server:
        recipe = Recipe(ansible, tmp_path, "consul_dns", nodes)
        recipe.replace("127.0.0.1:8600", server.spec)
        recipe.converges(nodes)
