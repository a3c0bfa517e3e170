# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebook in a real ansible-rulebook: real nodes are healed because their source has changed."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.harness.ansible.command import Ansible
from tests.harness.docs.code_blocks import files, guide
from tests.harness.eda.rulebook import Rulebook, rulebook
from tests.harness.erlang.beam import COOKIE, Beam, beams, is_whole
from tests.harness.http_service import Handler, HttpService, running
from tests.harness.kubernetes.double import TOKEN, KubeDouble, kube_api
from tests.harness.waiting import wait_until

PAUSE = 2
REPEAT = 8
RARELY = 3600
MEMBERSHIP = "selfheal.cluster.membership"
_SOON = 120


@contextmanager
def _healing(ansible: Ansible, api: KubeDouble, nodes: Sequence[Beam], alone: Beam) -> Iterator[Rulebook]:
    """The rulebook, which keeps ``nodes`` whole as pods, and has another topology beside."""
    config = {"namespace": api.namespace, "node_basename": "app", "lookup": "pods", **api.auth}
    config["api_key"] = "{{ lookup('ansible.builtin.env', 'CHAT_API_KEY') }}"
    driver_config = {"cookie": "{{ lookup('ansible.builtin.env', 'CHAT_COOKIE') }}", "port": nodes[0].port}
    policy = {"confirmation_interval": 0.1}
    chat = {"strategy": "kubernetes", "config": config, "driver_config": driver_config, "policy": policy}
    static = {"strategy": "static", "config": {"nodes": [alone.name]}}
    web = {**static, "driver_config": {**driver_config, "port": alone.port}}
    file = ansible.home / "app.cluster.yml"
    file.write_text(json.dumps({"plugin": "selfheal.cluster.nodes", "topologies": {"chat": chat, "web": web}}))
    variables = {"heal_interval": RARELY, "heal_pause": PAUSE, "heal_repeat": REPEAT}
    environment = {"CHAT_API_KEY": TOKEN, "CHAT_COOKIE": COOKIE}
    with rulebook(ansible, "selfheal.cluster.heal", file, environment, **variables) as healing:
        yield healing


def _add(api: KubeDouble, node: Beam) -> None:
    api.add_pod(_pod(node), node.address)


def _pod(node: Beam) -> str:
    return f"app-{node.address.replace('.', '-')}"


def _wait_whole(running: Rulebook, nodes: Sequence[Beam], what: str) -> None:
    try:
        wait_until(lambda: is_whole(nodes), _SOON, what)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{running.output}") from None


def _chat(running: Rulebook) -> list[dict[str, Any]]:
    return running.results("chat", MEMBERSHIP)


def _wait_converged(running: Rulebook, nodes: Sequence[Beam]) -> None:
    """A converge has ended that knew of all of them."""
    everyone = {node.name for node in nodes}

    def is_known() -> bool:
        results = _chat(running)
        return bool(results) and set(results[-1].get("desired", ())) == everyone and results[-1]["converged"]

    try:
        wait_until(is_known, _SOON, "a converge of all")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{running.output}") from None


def _overlaps(running: Rulebook, host: str) -> list[str]:
    """The begins and ends of the host's converges, where one begins before the last has ended."""
    begin, end = "ansible.builtin.include_role", MEMBERSHIP
    marks = [action for action in running.actions(host) if action in (begin, end)]
    return [mark for mark, following in zip(marks, marks[1:], strict=False) if mark == following]


@pytest.mark.long
def test_it_keeps_a_cluster_whole(ansible: Ansible) -> None:
    with ExitStack() as stack:
        api = stack.enter_context(kube_api())
        nodes = stack.enter_context(beams(12))
        (alone,) = stack.enter_context(beams(1, basename="web"))
        for node in nodes[:3]:
            _add(api, node)
        running = stack.enter_context(_healing(ansible, api, nodes, alone))

        _wait_whole(running, nodes[:3], "what it found when it started to be healed")
        wait_until(lambda: running.results("web", MEMBERSHIP), _SOON, "the other topology")

        _add(api, nodes[3])
        _wait_whole(running, nodes[:4], "a new node to be connected")
        _wait_converged(running, nodes[:4])

        before, began = len(_chat(running)), time.monotonic()
        for node in nodes[4:]:
            _add(api, node)
        _wait_whole(running, nodes, "a burst of new nodes to be connected")
        _wait_converged(running, nodes)
        seconds = time.monotonic() - began
        # One a pause, and those that say that all is as it was.
        most = 2 + math.ceil(seconds / PAUSE) + math.ceil(seconds / REPEAT)
        assert len(_chat(running)) - before <= most, running.output

        api.fail(500)
        failures = running.count("'event': 'discovery_failed'")
        api.remove_pod(_pod(nodes[-1]))
        running.wait_for("'event': 'discovery_failed'", failures + 1)
        assert is_whole(nodes), "a source that failed took a member away"
        api.heal()
        _wait_whole(running, nodes[:-1], "the node that is gone to be pruned once the source answers")
        assert nodes[-1].peers() == set()

        nodes[0].forget()
        nodes[0].eval(f"erlang:disconnect_node('{nodes[1].name}')")
        wait_until(lambda: bool(nodes[0].downs()), _SOON, "the mesh to be torn")
        _wait_whole(running, nodes[:-1], "what the source knows nothing of to be healed")

        assert _overlaps(running, "chat") == [], running.output
        assert not any(secret in running.output for secret in (TOKEN, COOKIE)), running.output
        assert all("failed" not in result for result in running.results("web", MEMBERSHIP)), running.output
        running.terminate()


def test_two_topologies_in_one_window_are_one_action_with_events(ansible: Ansible) -> None:
    """E9: the documented rule, whose playbook is limited to both of them; and what becomes of SIGTERM."""
    shown = files(guide("events"))["together.yml"]
    assert shown.count("10 seconds") == 1
    with beams(2) as nodes:
        topologies = {
            name: {
                **{"strategy": "static", "config": {"nodes": [node.name]}},
                "driver_config": {"cookie": COOKIE, "port": node.port},
            }
            for name, node in zip(("chat", "web"), nodes, strict=True)
        }
        inventory = ansible.home / "app.cluster.yml"
        inventory.write_text(json.dumps({"plugin": "selfheal.cluster.nodes", "topologies": topologies}))
        (ansible.home / "together.yml").write_text(shown.replace("10 seconds", "2 seconds"))
        with rulebook(ansible, "together.yml", inventory) as running:
            running.wait_for("PLAY RECAP")
            running.wait_for("'event': 'started'", 2)
            assert running.terminate() == 143, running.output
            limits = [line.text for line in running.lines if "chat, web" in line.text and "included: " not in line.text]
            assert len(limits) == 1, running.output
            assert [len(running.results(host, MEMBERSHIP)) for host in ("chat", "web")] == [1, 1], running.output


class Controller(HttpService):
    """As much of the API of AWX as launches a job template. ``launched`` is what it was given with each launch."""

    def __init__(self) -> None:
        super().__init__()
        self.launched: list[dict[str, Any]] = []

    def respond(self, handler: Handler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        if handler.command == "POST" and handler.path == "/api/v2/job_templates/7/launch/":
            self.launched.append(json.loads(handler.rfile.read(length)))
            self._answer(handler, 201, self._job(len(self.launched)))
        elif handler.path.startswith("/api/v2/unified_job_templates/"):
            self._answer(handler, 200, {"results": [self._template()], "next": None})
        elif handler.path.startswith("/api/v2/jobs/"):
            jobs = [self._job(number) for number in range(1, len(self.launched) + 1)]
            self._answer(handler, 200, {"results": jobs, "next": None})
        else:
            self._answer(handler, 200, {"version": "24.6.1"})

    def _template(self) -> dict[str, Any]:
        asked = {f"ask_{what}_on_launch": False for what in ("labels", "inventory", "variables")}
        return {
            **{"id": 7, "type": "job_template", "name": "selfheal", "ask_limit_on_launch": True, **asked},
            "related": {"launch": "/api/v2/job_templates/7/launch/"},
            "summary_fields": {"organization": {"name": "selfheal"}},
        }

    def _job(self, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "url": f"/api/v2/jobs/{number}/",
            "status": "successful",
            "created": "2026-01-01T00:00:00Z",
        }

    def _answer(self, handler: Handler, code: int, content: dict[str, Any]) -> None:
        handler.answer(code, json.dumps(content).encode(), "application/json")


def test_it_launches_a_job_template_for_the_topology(ansible: Ansible) -> None:
    topologies = {"chat": {"strategy": "static", "config": {"nodes": ["app@127.0.0.1"]}}}
    with running(Controller()) as controller:
        environment = {"EDA_CONTROLLER_URL": controller.url, "EDA_CONTROLLER_TOKEN": "a-token-of-the-tests"}
        variables = {"heal_topologies": topologies, "heal_repeat": 2}
        with rulebook(ansible, "selfheal.cluster.heal_job", None, environment, **variables) as running_rulebook:
            try:
                wait_until(lambda: len(controller.launched) > 1, _SOON, "two launches")
            except AssertionError as error:
                raise AssertionError(f"{error}\n{running_rulebook.output}") from None
    assert controller.launched[0] == {"limit": "chat", "extra_vars": {}}, controller.launched


def test_a_wrong_topology_ends_it_with_a_word_on_what_is_wrong(ansible: Ansible, tmp_path: Path) -> None:
    file = tmp_path / "app.cluster.yml"
    file.write_text("plugin: selfheal.cluster.nodes\ntopologies: {chat: {strategy: dns}}\n")
    with rulebook(ansible, "selfheal.cluster.heal", file) as running:
        assert running.process.wait(_SOON) != 0
    assert f"{file}: topology 'chat': config.query: is required by 'dns'" in running.output
