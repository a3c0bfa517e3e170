# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source alone, with real sources and a queue that holds one event, as that of ansible-rulebook."""

from __future__ import annotations

import asyncio
import json
import runpy
import time
from typing import Any

import pytest
import yaml
from ansible_collections.selfheal.cluster.plugins.plugin_utils._event_source import SPEC, emit_events
from ansible_collections.selfheal.cluster.plugins.plugin_utils._membership_events import LISTS_NOBODY

from tests.harness.dns.nameserver import nameserver
from tests.harness.eda.event_source import (
    QUERY,
    SOON,
    Events,
    chat_topology,
    names_of,
    run_source,
    warnings_of,
    web_topology,
)
from tests.harness.kubernetes.double import kube_api
from tests.harness.paths import ROOT

SOURCE = ".build/collections/ansible_collections/selfheal/cluster/extensions/eda/plugins/event_source/membership.py"
STATIC = {"strategy": "static", "config": {"nodes": ["a@127.0.0.1"]}}
RARELY = 3600


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
        assert (names_of(changed["joined"]), names_of(changed["left"])) == (["web@127.0.8.3"], ["web@127.0.8.1"])
        assert changed["desired"] == ["web@127.0.8.2", "web@127.0.8.3"]

    with nameserver({QUERY: ["127.0.8.1", "127.0.8.2"]}) as server:
        run_source(test, topologies={"web": web_topology(server)}, interval=0.1)


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
        run_source(test, topologies={"web": web_topology(server)}, interval=0.1)
    said = warnings_of(caplog)
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
        assert (names_of(recovered["joined"]), names_of(recovered["left"])) == (["web@127.0.8.3"], ["web@127.0.8.1"])

    with nameserver({QUERY: ["127.0.8.1", "127.0.8.2"]}) as server:
        run_source(test, topologies={"web": web_topology(server)}, interval=0.1)


def test_a_discovery_that_fails_at_the_start_is_made_again_long_before_the_interval_is_over() -> None:
    """K17"""

    async def test(events: Events) -> None:
        assert (await events.next())["event"] == "discovery_failed"
        server.start()
        started = await events.next()
        assert (started["event"], started["desired"]) == ("started", ["web@127.0.8.1"])

    with nameserver({QUERY: ["127.0.8.1"]}) as server:
        server.stop()
        run_source(test, topologies={"web": web_topology(server)}, interval=RARELY)


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
        run_source(test, topologies={"web": web_topology(server)}, interval=0.1, pause=pause)


def test_a_source_that_suddenly_lists_nobody_is_told_and_takes_nobody_away(caplog: pytest.LogCaptureFixture) -> None:
    async def test(events: Events) -> None:
        await events.next()
        api.remove_pod("chat-1")
        empty = await events.next()
        assert (empty["event"], empty["empty"], empty["desired"]) == ("changed", True, ["chat@10.1.0.1"])
        assert "left" not in empty
        api.add_pod("chat-2", "10.1.0.2")
        changed = await events.next()
        assert (names_of(changed["joined"]), names_of(changed["left"])) == (["chat@10.1.0.2"], ["chat@10.1.0.1"])

    with kube_api() as api:
        api.add_pod("chat-1", "10.1.0.1")
        run_source(test, topologies={"chat": chat_topology(api)}, interval=RARELY)
    said = warnings_of(caplog)
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
            desired = desired - set(names_of(event.get("left", []))) | set(names_of(event.get("joined", [])))
            assert desired == set(event["desired"]), json.dumps(event)
        assert len(taken) <= 3, json.dumps(taken)  # one in the queue, one that waited for it, and the rest
        await events.are_over()

    with nameserver({QUERY: ["127.0.8.1"]}) as server:
        run_source(test, topologies={"web": web_topology(server)}, interval=0.1)


def test_an_error_of_an_event_filter_comes_out_as_it_is() -> None:
    """E9: ansible-rulebook shows the text of what a source raises, and that of a group of errors says nothing."""

    class Filtered:
        async def put(self, _event: dict[str, Any]) -> None:
            raise KeyError("no such key")

    with pytest.raises(KeyError, match="no such key"):
        asyncio.run(asyncio.wait_for(emit_events(Filtered(), {"topologies": {"chat": STATIC, "web": STATIC}}), SOON))


def test_a_topology_that_fails_takes_no_other_one_with_it() -> None:
    async def test(events: Events) -> None:
        both = {event["topology"]: event["event"] for event in (await events.next(), await events.next())}
        assert both == {"chat": "discovery_failed", "web": "started"}
        server.set_addresses(QUERY, ["127.0.8.2"])
        assert (await events.next())["topology"] == "web"

    with nameserver({QUERY: ["127.0.8.1"]}) as server:
        chat = {"strategy": "kubernetes", "config": {"kubeconfig": "/nonexistent", "node_basename": "chat"}}
        run_source(test, topologies={"chat": chat, "web": web_topology(server)}, interval=0.1)


def test_what_is_still_so_is_told_again() -> None:
    async def test(events: Events) -> None:
        assert (await events.next())["event"] == "started"
        for _time in range(2):
            event = await events.next()
            assert (event["event"], event["desired"]) == ("unchanged", ["a@127.0.0.1"])

    run_source(test, topologies={"chat": STATIC}, interval=RARELY, repeat=0.5)
