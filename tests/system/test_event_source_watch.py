# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source on a Kubernetes API that it watches."""

from __future__ import annotations

import asyncio
import math
import time
from pathlib import Path
from typing import Any

from tests.harness.eda.event_source import QUIET, Events, chat_topology, names_of, run_source
from tests.harness.kubernetes.double import KubeDouble, kube_api

RARELY = 3600


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
        assert (names_of(changed["left"]), changed["desired"]) == (["chat@10.1.0.1"], ["chat@10.1.0.2"])

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        run_source(test, topologies={"chat": chat_topology(api)}, interval=RARELY)


def test_nothing_is_lost_when_the_connection_of_the_watch_is_renewed() -> None:
    async def test(events: Events) -> None:
        await events.next()
        api.fail(500)
        api.break_off_watches()
        api.add_pod("chat-2", "10.1.0.2")
        api.remove_pod("chat-1")
        await asyncio.sleep(QUIET)
        api.heal()
        changed = await events.next()
        if changed["event"] == "discovery_failed":
            changed = await events.next()
        assert (names_of(changed["joined"]), names_of(changed["left"])) == (["chat@10.1.0.2"], ["chat@10.1.0.1"])

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        run_source(test, topologies={"chat": chat_topology(api)}, interval=RARELY)


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
        run_source(test, topologies={"chat": chat_topology(api)}, interval=RARELY, pause=pause)


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
        assert (changed["status"], names_of(changed["joined"])) == ("partial", ["chat@10.1.0.3"])
        assert "left" not in changed
        api.heal()
        assert names_of((await events.next())["left"]) == ["chat@10.1.0.1"]

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        api.add_pod("chat-2", "10.1.0.2", namespace="other")
        chat = chat_topology(api, namespace=None, namespaces=[api.namespace, "other"])
        run_source(test, topologies={"chat": chat}, interval=0.5, watch=False)


def test_a_namespace_that_could_not_be_read_is_asked_again_long_before_the_interval_is_over() -> None:
    """K17: a partial discovery is no other case."""

    async def test(events: Events) -> None:
        started = await events.next()
        assert (started["status"], started["desired"]) == ("partial", ["chat@10.1.0.1"])
        api.heal()
        assert names_of((await events.next())["joined"]) == ["chat@10.1.0.2"]

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        api.add_pod("chat-2", "10.1.0.2", namespace="other")
        api.fail(403, namespace="other")
        chat = chat_topology(api, namespace=None, namespaces=[api.namespace, "other"])
        run_source(test, topologies={"chat": chat}, interval=RARELY, watch=False)


def test_a_kubeconfig_that_comes_late_is_read_and_its_server_watched(tmp_path: Path) -> None:
    """K17: neither the discovery nor the watch could begin."""

    async def test(events: Events) -> None:
        assert (await events.next())["event"] == "discovery_failed"
        api.kubeconfig(kubeconfig, namespace=api.namespace)
        assert (await events.next())["event"] == "started"
        await asyncio.sleep(QUIET)
        api.add_pod("chat-2", "10.1.0.2")
        assert names_of((await events.next())["joined"]) == ["chat@10.1.0.2"]

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        kubeconfig = tmp_path / "kubeconfig"
        config = {"kubeconfig": str(kubeconfig), "node_basename": "chat", "lookup": "pods"}
        run_source(test, topologies={"chat": {"strategy": "kubernetes", "config": config}}, interval=RARELY)
