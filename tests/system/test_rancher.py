# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategy ``rancher`` against its metadata service over HTTP, and with real nodes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import source_of
from ansible_collections.selfheal.cluster.plugins.module_utils._model import COMPLETE, FAILED, PARTIAL, Discovery
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies.registry import discover

from tests.harness.ansible.command import Ansible
from tests.harness.clock import within
from tests.harness.erlang.beam import BASENAME, COOKIE, beams, is_whole, write_cookie
from tests.harness.erlang.clusters import forget, lost
from tests.harness.held import Held
from tests.harness.http_service import Fault, dripping, endless, raw, silence, status
from tests.harness.loopback import free_port
from tests.harness.sources.rancher import Metadata, container, rancher_metadata

ADDRESSES = ["127.0.8.1", "127.0.8.2"]
OK = b"HTTP/1.1 200 OK\r\n"
SERVICE = json.dumps({"containers": [container(1, "127.0.8.1")]}).encode()


def read(metadata: Metadata, **config: Any) -> Discovery:
    config = {"node_basename": "app", **metadata.config, **config}
    return discover(source_of({"topology": "chat", "strategy": "rancher", "config": config}))


def test_the_containers_of_the_asking_service_are_the_nodes() -> None:
    with rancher_metadata(ADDRESSES) as metadata:
        found = read(metadata)
        assert (found.status, found.names) == (COMPLETE, {f"app@{address}" for address in ADDRESSES})
        path, headers = metadata.requests[0]
        assert (path, headers["Accept"]) == ("/latest/self/service", "application/json")
        assert "token" not in str(found)

        metadata.containers[0]["state"] = "stopped"
        metadata.containers.append({**container(3, ""), "ips": None, "primary_ip": None, "state": "starting"})
        found = read(metadata)
        assert (found.status, found.names) == (PARTIAL, {"app@127.0.8.2"})
        assert found.reasons == ("container 'chat-app-3' (starting) has no address",)


def test_a_long_answer_comes_in_chunks() -> None:
    with rancher_metadata([f"127.0.{n // 200}.{n % 200 + 1}" for n in range(1000)]) as metadata:
        found = read(metadata)
    assert (found.status, len(found.nodes)) == (COMPLETE, 1000)


def test_a_path_before_the_services_own() -> None:
    with rancher_metadata(ADDRESSES) as metadata:
        assert read(metadata, host=f"{metadata.config['host']}/").status == COMPLETE
        assert read(metadata, host=f"{metadata.config['host']}/other").status == FAILED
        assert metadata.requests[-1][0] == "/other/latest/self/service"


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port('127.0.0.1')}")
    with rancher_metadata(ADDRESSES) as metadata:
        assert read(metadata).status == COMPLETE


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (status(404, b"Not found\n"), "answered 404; it knows the service only of those who ask from a container"),
        (status(403), "answered 403"),
        (status(500, b'{"code":500}'), "answered 500"),
        (status(204), "answered 204"),
        (status(302, Location="/latest/self/service"), "answered 302; a redirect is not followed"),
        (status(200, b"<html>Sign in</html>", "text/html"), "the answer is not JSON (20 bytes)"),
        (status(200), "the answer is not JSON (0 bytes)"),
        (status(200, SERVICE[:-1]), "the answer is not JSON"),
        (status(200, b"\xff\xfe"), "the answer is not JSON"),
        (status(200, b"[" * 100_000), "the answer is not JSON"),
        (status(200, b"null"), "the answer is no service with containers"),
        (status(200, b"{}"), "the answer is no service with containers"),
        (status(200, b'{"containers": []}'), "the answer is no service with containers"),
        (status(200, b'{"containers": null}'), "the answer is no service with containers"),
        (status(200, b'{"containers": [1]}'), "the answer's containers are not what the metadata service has"),
        (raw(OK + b"Content-Length: %d\r\n\r\n" % (len(SERVICE) + 1) + SERVICE), "the answer is cut off"),
        (raw(OK + b"Content-Length: 9\r\n\r\n"), "the answer is cut off"),
        (raw(OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s" % (len(SERVICE), SERVICE)), "the answer is cut off"),
        (raw(OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b"), "the answer is not JSON"),
        (raw(OK), "the answer is not JSON (0 bytes)"),
        (raw(b""), "what answers does not speak HTTP (RemoteDisconnected)"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "what answers does not speak HTTP (BadStatusLine)"),
        (raw(OK + b"A: b\r\n" * 1000 + b"\r\n{}"), "what answers does not speak HTTP"),
    ],
)
def test_an_answer_that_is_none_fails(fault: Fault, reason: str) -> None:
    with rancher_metadata(ADDRESSES) as metadata:
        metadata.fault = fault
        found = read(metadata)
        assert (found.status, found.nodes) == (FAILED, ())
        assert found.reasons[0].startswith(f"{metadata.config['host']}/latest/self/service: {reason}")
        assert len(metadata.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        silence,
        dripping(OK + b"A: b\r\n" * 50, 0.05),
        dripping(OK + b"Content-Length: %d\r\n\r\n" % len(SERVICE) + SERVICE, 0.05),
        dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n{\r\n" * 50, 0.05),
        dripping(b"HTTP/1.1 100 Continue\r\n\r\n" * 50, 0.05),
    ],
)
def test_an_answer_that_takes_too_long_fails_in_time_and_leaves_no_thread(fault: Fault) -> None:
    before = Held()
    with rancher_metadata(ADDRESSES) as metadata:
        metadata.fault = fault
        with within(0.3):
            found = read(metadata, timeout=0.3)
        assert (found.status, found.nodes) == (FAILED, ())
        assert "no whole answer within 0.3 s (config.timeout)" in found.reasons[0]
    before.await_threads()


def test_an_answer_without_end_fails() -> None:
    with rancher_metadata(ADDRESSES) as metadata:
        metadata.fault = endless
        found = read(metadata, timeout=20)
    assert found.status == FAILED
    assert "the answer is larger than 32 MiB" in found.reasons[0]


def test_who_asks_from_elsewhere_fails() -> None:
    with rancher_metadata(ADDRESSES) as metadata:
        metadata.knows_asker = False
        found = read(metadata)
    assert found.status == FAILED
    assert "answered 404; it knows the service only of those" in found.reasons[0]


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "no-such-host.invalid", f"{'a' * 64}.test"])
def test_without_a_service_it_fails(host: str) -> None:
    host = host.format(port=free_port("127.0.0.1"))
    found = discover(source_of({"strategy": "rancher", "config": {"host": f"http://{host}"}}))
    assert (found.status, found.nodes) == (FAILED, ())
    assert found.reasons[0].endswith("check config.host")


@pytest.mark.long
def test_the_mesh_follows_the_service_and_survives_its_metadata(ansible: Ansible, tmp_path: Path) -> None:
    with beams(4) as nodes, rancher_metadata([node.address for node in nodes[:3]]) as metadata:
        file = tmp_path / "app.cluster.yml"
        topology = {
            "strategy": "rancher",
            "config": {"node_basename": BASENAME, **metadata.config},
            "driver_config": {"cookie_file": str(write_cookie(tmp_path, COOKIE)), "port": nodes[0].port},
            "policy": {"confirmation_interval": 0.1},
        }
        file.write_text(
            json.dumps({"plugin": "selfheal.cluster.nodes", "discover": False, "topologies": {"chat": topology}})
        )

        def converge() -> dict[str, Any]:
            run = ansible.playbook("selfheal.cluster.converge", "-i", str(file))
            return {"code": run.code, **run.of("chat", "selfheal.cluster.membership")}

        assert converge()["converged"] is True
        assert is_whole(nodes[:3])

        retired, *members = nodes
        metadata.containers = [container(number, node.address) for number, node in enumerate(members, 2)]
        forget(nodes)
        result = converge()
        assert ({action["node"] for action in result["pruned"]}, result["converged"]) == ({retired.name}, True), result
        assert is_whole(members)
        assert lost(members, but=[retired]) == {}

        forget(nodes)
        for fault in (status(404), status(200, b'{"containers": []}')):
            metadata.fault = fault
            result = converge()
            assert result["code"] != 0
            assert (result["changed"], result["status"]) == (False, "failed"), result
        metadata.fault = None
        metadata.containers[1].update(ips=None, primary_ip=None)
        result = converge()
        assert (result["status"], result["pruned"]) == ("partial", []), result
        assert lost(nodes) == {}
        assert is_whole(members)
