# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source alone, with real sources and a queue that holds one event, as that of ansible-rulebook."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
import runpy
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.selfheal.cluster.plugins.plugin_utils._event_source import SPEC, emit_events
from ansible_collections.selfheal.cluster.plugins.plugin_utils._membership_events import LISTS_NOBODY
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import PluginError

from tests.harness.ansible import ROOT
from tests.harness.eda import BIN
from tests.harness.kube import TOKEN, KubeDouble, kube_api
from tests.harness.nameserver import Nameserver, nameserver

QUERY = "app.example.test"
SOURCE = ".build/collections/ansible_collections/selfheal/cluster/extensions/eda/plugins/event_source/membership.py"
STATIC = {"strategy": "static", "config": {"nodes": ["a@127.0.0.1"]}}
RARELY = 3600
_SOON = 60
_QUIET = 1.5


class Events:
    """What a running source puts into its queue."""

    def __init__(self, queue: asyncio.Queue[dict[str, Any]], source: asyncio.Task[None]) -> None:
        self._queue = queue
        self._source = source

    async def next(self) -> dict[str, Any]:
        taken = asyncio.ensure_future(self._queue.get())
        await asyncio.wait({taken, self._source}, timeout=_SOON, return_when=asyncio.FIRST_COMPLETED)
        if self._source.done():
            taken.cancel()
            self._source.result()
        assert taken.done(), "no event came"
        return taken.result()

    async def are_over(self) -> None:
        """There is none for a while."""
        await asyncio.sleep(_QUIET)
        assert self._queue.empty(), json.dumps(self._queue.get_nowait())


def _run(test: Callable[[Events], Awaitable[None]], **args: Any) -> None:
    async def run() -> None:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1)
        source = asyncio.ensure_future(emit_events(queue, {"pause": 0, **args}))
        try:
            await test(Events(queue, source))
        finally:
            source.cancel()
            await asyncio.wait({source}, timeout=_SOON)
            assert source.done(), "it did not end"
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert all(task.cancelling() for task in left), f"it left tasks behind: {left}"

    asyncio.run(run())


def _refused(**args: Any) -> str:
    """What the source says of arguments that it does not take."""

    async def test(events: Events) -> None:
        await events.next()

    with pytest.raises(PluginError) as error:
        _run(test, **args)
    return str(error.value)


def _web(server: Nameserver) -> dict[str, Any]:
    config = {"query": QUERY, "node_basename": "web", "types": ["A"], "timeout": 2, **server.config}
    return {"strategy": "dns", "config": config}


def _chat(api: KubeDouble, **config: Any) -> dict[str, Any]:
    config = {"namespace": api.namespace, "node_basename": "chat", "lookup": "pods", **api.auth, **config}
    return {"strategy": "kubernetes", "config": config}


def _names(nodes: Sequence[dict[str, Any]]) -> list[str]:
    return [node["name"] for node in nodes]


def test_its_documentation_tells_of_its_options() -> None:
    options = yaml.safe_load(runpy.run_path(str(ROOT / SOURCE))["DOCUMENTATION"])["options"]
    documented = {
        name: {key: value for key, value in option.items() if key != "description"} for name, option in options.items()
    }
    assert documented == SPEC


def test_joined_and_left_by_polling() -> None:
    async def test(events: Events) -> None:
        started = await events.next()
        assert (started["event"], started["desired"]) == ("started", ["web@127.0.8.1", "web@127.0.8.2"])
        await events.are_over()
        server.set_addresses(QUERY, ["127.0.8.2", "127.0.8.3"])
        changed = await events.next()
        assert (changed["event"], changed["topology"]) == ("changed", "web")
        assert (_names(changed["joined"]), _names(changed["left"])) == (["web@127.0.8.3"], ["web@127.0.8.1"])
        assert changed["desired"] == ["web@127.0.8.2", "web@127.0.8.3"]

    with nameserver({QUERY: ["127.0.8.1", "127.0.8.2"]}) as server:
        _run(test, topologies={"web": _web(server)}, interval=0.1)


def test_a_source_that_is_down_takes_nobody_away(caplog: pytest.LogCaptureFixture) -> None:
    async def test(events: Events) -> None:
        await events.next()
        server.stop()
        failed = await events.next()
        assert (failed["event"], failed["status"]) == ("discovery_failed", "failed")
        assert "Connection refused" in failed["reasons"][0]
        assert not {"left", "desired"} & set(failed)
        await events.are_over()
        server.start()
        recovered = await events.next()
        assert (recovered["event"], recovered["desired"]) == ("discovery_recovered", ["web@127.0.8.1"])
        assert not {"left", "joined"} & set(recovered)

    with nameserver({QUERY: ["127.0.8.1"]}) as server:
        _run(test, topologies={"web": _web(server)}, interval=0.1)
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(said) == 2, said
    assert said[0].startswith("topology 'web': the discovery failed: ")
    assert said[1] == "topology 'web': the discovery is complete again"


def test_what_happened_during_an_outage_is_told_at_its_end() -> None:
    async def test(events: Events) -> None:
        await events.next()
        server.remove(QUERY)
        assert (await events.next())["event"] == "discovery_failed"
        server.set_addresses(QUERY, ["127.0.8.2", "127.0.8.3"])
        recovered = await events.next()
        assert recovered["event"] == "discovery_recovered"
        assert (_names(recovered["joined"]), _names(recovered["left"])) == (["web@127.0.8.3"], ["web@127.0.8.1"])

    with nameserver({QUERY: ["127.0.8.1", "127.0.8.2"]}) as server:
        _run(test, topologies={"web": _web(server)}, interval=0.1)


def test_a_discovery_that_fails_at_the_start_is_made_again_long_before_the_interval_is_over() -> None:
    """K17"""

    async def test(events: Events) -> None:
        assert (await events.next())["event"] == "discovery_failed"
        server.start()
        started = await events.next()
        assert (started["event"], started["desired"]) == ("started", ["web@127.0.8.1"])

    with nameserver({QUERY: ["127.0.8.1"]}) as server:
        server.stop()
        _run(test, topologies={"web": _web(server)}, interval=RARELY)


def test_an_outage_within_a_pause_is_told_after_it_and_so_is_its_end() -> None:
    """K17"""
    pause = 1.5

    async def test(events: Events) -> None:
        assert (await events.next())["event"] == "started"
        began = time.monotonic()
        server.stop()
        assert (await events.next())["event"] == "discovery_failed"
        server.start()
        assert (await events.next())["event"] == "discovery_recovered"
        assert time.monotonic() - began > 2 * pause - 0.5

    with nameserver({QUERY: ["127.0.8.1"]}) as server:
        _run(test, topologies={"web": _web(server)}, interval=0.1, pause=pause)


def test_a_source_that_suddenly_lists_nobody_is_told_and_takes_nobody_away(caplog: pytest.LogCaptureFixture) -> None:
    async def test(events: Events) -> None:
        await events.next()
        api.remove_pod("chat-1")
        empty = await events.next()
        assert (empty["event"], empty["empty"], empty["desired"]) == ("changed", True, ["chat@10.1.0.1"])
        assert "left" not in empty
        api.add_pod("chat-2", "10.1.0.2")
        changed = await events.next()
        assert (_names(changed["joined"]), _names(changed["left"])) == (["chat@10.1.0.2"], ["chat@10.1.0.1"])

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        _run(test, topologies={"chat": _chat(api)}, interval=RARELY)
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert said == [f"topology 'chat': {LISTS_NOBODY}", "topology 'chat': the source lists nodes again"]


def test_what_changes_while_nobody_takes_events_is_put_together_and_not_lost() -> None:
    last = {f"web@127.0.8.{number}" for number in (3, 9)}

    async def test(events: Events) -> None:
        desired = set((await events.next())["desired"])
        for number in range(2, 9):
            server.set_addresses(QUERY, ["127.0.8.1", f"127.0.8.{number}"])
            await asyncio.sleep(0.2)
        server.set_addresses(QUERY, ["127.0.8.3", "127.0.8.9"])
        taken = []
        while desired != last:
            event = await events.next()
            taken.append(event)
            desired = desired - set(_names(event.get("left", []))) | set(_names(event.get("joined", [])))
            assert desired == set(event["desired"]), json.dumps(event)
        assert len(taken) <= 3, json.dumps(taken)  # one in the queue, one that waited for it, and the rest
        await events.are_over()

    with nameserver({QUERY: ["127.0.8.1"]}) as server:
        _run(test, topologies={"web": _web(server)}, interval=0.1)


def test_kubernetes_is_watched_so_that_a_change_is_told_long_before_the_next_poll() -> None:
    async def test(events: Events) -> None:
        assert (await events.next())["desired"] == ["chat@10.1.0.1"]
        api.add_pod("chat-2", "10.1.0.2", ready=False)
        joined = (await events.next())["joined"]
        assert [(node["name"], node["state"]) for node in joined] == [("chat@10.1.0.2", "not_ready")]
        api.set_ready("chat-2", True)
        (updated,) = (await events.next())["updated"]
        assert (updated["name"], updated["state"], updated["previous_state"]) == ("chat@10.1.0.2", "ready", "not_ready")
        api.remove_pod("chat-1")
        changed = await events.next()
        assert (_names(changed["left"]), changed["desired"]) == (["chat@10.1.0.1"], ["chat@10.1.0.2"])

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        _run(test, topologies={"chat": _chat(api)}, interval=RARELY)


def test_nothing_is_lost_when_the_connection_of_the_watch_is_renewed() -> None:
    async def test(events: Events) -> None:
        await events.next()
        api.fail(500)
        api.break_off_watches()
        api.add_pod("chat-2", "10.1.0.2")
        api.remove_pod("chat-1")
        await asyncio.sleep(_QUIET)
        api.heal()
        changed = await events.next()
        if changed["event"] == "discovery_failed":
            changed = await events.next()
        assert (_names(changed["joined"]), _names(changed["left"])) == (["chat@10.1.0.2"], ["chat@10.1.0.1"])

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        _run(test, topologies={"chat": _chat(api)}, interval=RARELY)


def test_a_burst_is_an_event_a_pause() -> None:
    pause = 2
    everyone = {f"chat@10.1.0.{number}" for number in range(1, 52)}

    async def test(events: Events) -> None:
        await events.next()
        await asyncio.sleep(pause + 1)
        taken: list[dict[str, Any]] = []
        began = time.monotonic()
        adding = asyncio.ensure_future(asyncio.to_thread(_add_pods, api, range(2, 52)))
        while not taken or set(taken[-1]["desired"]) != everyone:
            taken.append(await events.next())
        await adding
        assert len(taken) <= 1 + math.ceil((time.monotonic() - began) / pause), [
            len(event["desired"]) for event in taken
        ]
        await events.are_over()

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        _run(test, topologies={"chat": _chat(api)}, interval=RARELY, pause=pause)


def _add_pods(api: KubeDouble, numbers: range) -> None:
    for number in numbers:
        api.add_pod(f"chat-{number}", f"10.1.0.{number}")


def test_a_namespace_that_cannot_be_read_takes_nobody_away() -> None:
    async def test(events: Events) -> None:
        assert (await events.next())["desired"] == ["chat@10.1.0.1", "chat@10.1.0.2"]
        api.fail(403, namespace="other")
        api.remove_pod("chat-1")
        api.add_pod("chat-3", "10.1.0.3")
        changed = await events.next()
        assert (changed["status"], _names(changed["joined"])) == ("partial", ["chat@10.1.0.3"])
        assert "left" not in changed
        api.heal()
        assert _names((await events.next())["left"]) == ["chat@10.1.0.1"]

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        api.add_pod("chat-2", "10.1.0.2", namespace="other")
        chat = _chat(api, namespace=None, namespaces=[api.namespace, "other"])
        _run(test, topologies={"chat": chat}, interval=0.5, watch=False)


def test_a_namespace_that_could_not_be_read_is_asked_again_long_before_the_interval_is_over() -> None:
    """K17: a partial discovery is no other case."""

    async def test(events: Events) -> None:
        started = await events.next()
        assert (started["status"], started["desired"]) == ("partial", ["chat@10.1.0.1"])
        api.heal()
        assert _names((await events.next())["joined"]) == ["chat@10.1.0.2"]

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        api.add_pod("chat-2", "10.1.0.2", namespace="other")
        api.fail(403, namespace="other")
        chat = _chat(api, namespace=None, namespaces=[api.namespace, "other"])
        _run(test, topologies={"chat": chat}, interval=RARELY, watch=False)


def test_a_kubeconfig_that_comes_late_is_read_and_its_server_watched(tmp_path: Path) -> None:
    """K17: neither the discovery nor the watch could begin."""

    async def test(events: Events) -> None:
        assert (await events.next())["event"] == "discovery_failed"
        api.kubeconfig(kubeconfig, namespace=api.namespace)
        assert (await events.next())["event"] == "started"
        await asyncio.sleep(_QUIET)
        api.add_pod("chat-2", "10.1.0.2")
        assert _names((await events.next())["joined"]) == ["chat@10.1.0.2"]

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        kubeconfig = tmp_path / "kubeconfig"
        config = {"kubeconfig": str(kubeconfig), "node_basename": "chat", "lookup": "pods"}
        _run(test, topologies={"chat": {"strategy": "kubernetes", "config": config}}, interval=RARELY)


def test_an_error_of_an_event_filter_comes_out_as_it_is() -> None:
    """E9: ansible-rulebook shows the text of what a source raises, and that of a group of errors says nothing."""

    class Filtered:
        async def put(self, _event: dict[str, Any]) -> None:
            raise KeyError("no such key")

    with pytest.raises(KeyError, match="no such key"):
        asyncio.run(asyncio.wait_for(emit_events(Filtered(), {"topologies": {"chat": STATIC, "web": STATIC}}), _SOON))


def test_a_topology_that_fails_takes_no_other_one_with_it() -> None:
    async def test(events: Events) -> None:
        both = {event["topology"]: event["event"] for event in (await events.next(), await events.next())}
        assert both == {"chat": "discovery_failed", "web": "started"}
        server.set_addresses(QUERY, ["127.0.8.2"])
        assert (await events.next())["topology"] == "web"

    with nameserver({QUERY: ["127.0.8.1"]}) as server:
        chat = {"strategy": "kubernetes", "config": {"kubeconfig": "/nonexistent", "node_basename": "chat"}}
        _run(test, topologies={"chat": chat, "web": _web(server)}, interval=0.1)


def test_what_is_still_so_is_told_again() -> None:
    async def test(events: Events) -> None:
        assert (await events.next())["event"] == "started"
        for _time in range(2):
            event = await events.next()
            assert (event["event"], event["desired"]) == ("unchanged", ["a@127.0.0.1"])

    _run(test, topologies={"chat": STATIC}, interval=RARELY, repeat=0.5)


def test_it_reads_the_files_that_are_converged(tmp_path: Path) -> None:
    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        config = {**_chat(api)["config"], "api_key": "{{ lookup('ansible.builtin.env', 'CHAT_API_KEY') }}"}
        chat = {"strategy": "kubernetes", "config": config, "driver_config": {"cookie": "{{ not_there }}"}}
        content = {"plugin": "selfheal.cluster.nodes", "discover": False, "topologies": {"chat": chat}}
        (tmp_path / "app.cluster.yml").write_text(json.dumps(content))
        result = _in_a_process(tmp_path, {"inventory": [str(tmp_path)]}, CHAT_API_KEY=TOKEN)
    assert '"desired": ["chat@10.1.0.1"]' in result.stdout, result.stdout + result.stderr
    assert TOKEN not in result.stdout + result.stderr


def test_it_reads_what_is_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    password = tmp_path / "password"
    password.write_text("a password of the tests")
    file = tmp_path / "app.cluster.yml"
    content = {"plugin": "selfheal.cluster.nodes", "topologies": {"chat": STATIC}}
    file.write_text(json.dumps(content))
    encrypt = [str(BIN / "ansible-vault"), "encrypt", "--vault-password-file", str(password), str(file)]
    subprocess.run(encrypt, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    result = _in_a_process(tmp_path, {"inventory": str(file)}, ANSIBLE_VAULT_PASSWORD_FILE=str(password))
    assert '"desired": ["a@127.0.0.1"]' in result.stdout, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "one of the following is required: inventory, topologies"),
        ({"topologies": {"a": STATIC}, "inventory": "x"}, "mutually exclusive: inventory|topologies"),
        ({"topologies": {}}, "topologies: is empty"),
        ({"topologies": {"a": STATIC}, "intervall": 1}, "intervall"),
        ({"topologies": {"a": STATIC}, "interval": "often"}, "topology 'a': interval: 'often'"),
        ({"topologies": {"a": STATIC}, "interval": "ttl"}, "topology 'a': interval: 'ttl' is for records of DNS"),
        ({"topologies": {"a": STATIC}, "pause": -1}, "pause: -1.0 is not between 0 and"),
        ({"topologies": {"a b": STATIC}}, "topology 'a b': a topology's name is"),
        ({"topologies": {"a": {"strategy": "dns", "confg": {}}}}, "topology 'a': confg: is not an option"),
        ({"topologies": {"a": {"strategy": "dns"}}}, "topology 'a': config.query: is required by 'dns'"),
        ({"topologies": {"a": {"strategy": "dsn"}}}, "topology 'a': strategy: 'dsn' is unknown"),
        ({"inventory": "/nonexistent/app.cluster.yml"}, "inventory: /nonexistent/app.cluster.yml is not there"),
    ],
)
def test_wrong_arguments_are_refused_at_once(args: dict[str, Any], message: str) -> None:
    assert message in _refused(**args)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("all: {hosts: {a: }}", "is no inventory of topologies"),
        ("plugin: selfheal.cluster.nodes", "topologies: is required"),
        ("plugin: [selfheal", "YAML"),
        ("plugin: selfheal.cluster.nodes\ntopologies: {chat: {strategy: dns}}", "chat': config.query: is required"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "app.cluster.yml"
    file.write_text(content)
    problem = _refused(inventory=str(file))
    assert str(file) in problem
    assert message in problem


def test_a_topology_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        content = {"plugin": "selfheal.cluster.nodes", "topologies": {"chat": STATIC}}
        (tmp_path / f"{name}.cluster.yml").write_text(json.dumps(content))
    refused = _refused(inventory=str(tmp_path))
    assert re.search(r"topology 'chat': is in two files, \S+\.cluster\.yml and \S+\.cluster\.yml: rename one", refused)


def test_a_secret_does_not_show_in_an_error() -> None:
    config = {"host": "https://127.0.0.1:1", "api_key": "a-secret", "lookup": "a-secret"}
    problem = _refused(topologies={"chat": {"strategy": "kubernetes", "config": config}})
    assert "config.lookup" in problem
    assert "a-secret" not in problem


def _in_a_process(home: Path, args: dict[str, Any], **environment: str) -> subprocess.CompletedProcess[str]:
    """Its first event, the file run by its path in a process that knows nothing of collections, as EDA does it."""
    program = (
        "import asyncio, json, runpy, sys\n"
        "main = runpy.run_path(sys.argv[1])['main']\n"
        "async def run():\n"
        "    queue = asyncio.Queue(1)\n"
        "    source = asyncio.create_task(main(queue, json.loads(sys.argv[2])))\n"
        "    taken = asyncio.create_task(queue.get())\n"
        "    await asyncio.wait({source, taken}, return_when=asyncio.FIRST_COMPLETED)\n"
        "    source.done() and source.result()\n"
        "    print(json.dumps(taken.result()))\n"
        "asyncio.run(run())\n"
    )
    return subprocess.run(
        [str(BIN / "python"), "-c", program, str(ROOT / SOURCE), json.dumps(args)],
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", **environment},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("is_hidden", [False, True])
def test_it_runs_by_its_path_alone(tmp_path: Path, is_hidden: bool) -> None:
    environment = {}
    if is_hidden:  # as by the bundle of collections that pip installs
        (tmp_path / "ansible_collections").mkdir()
        (tmp_path / "ansible_collections" / "__init__.py").touch()
        environment["PYTHONPATH"] = str(tmp_path)
    result = _in_a_process(tmp_path, {"topologies": {"chat": STATIC}}, **environment)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["desired"] == ["a@127.0.0.1"]
