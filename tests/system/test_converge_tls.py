# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The round on real Erlang nodes that speak TLS and verify each other."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError, RoundError

from tests.harness.ansible.command import Ansible, result_of
from tests.harness.certificates import CertificateAuthority
from tests.harness.clock import within
from tests.harness.docs.code_blocks import guide
from tests.harness.erlang.beam import COOKIE, beams, is_whole, join
from tests.harness.erlang.clusters import forget, heal, lost
from tests.harness.erlang.tls import NodeTls
from tests.harness.loopback import loopback_addresses

MEMBERSHIP = "selfheal.cluster.membership"


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path)


@pytest.fixture
def driver_config(authority: CertificateAuthority) -> dict[str, Any]:
    return {"tls": {"ca_cert": str(authority.certificate), "client_cert": str(authority.issue("ansible"))}}


def test_a_split_is_healed_and_a_prune_costs_the_others_nothing(
    authority: CertificateAuthority, driver_config: dict[str, Any]
) -> None:
    with beams(5, tls=NodeTls(authority)) as nodes:
        join(nodes[:3])
        join(nodes[3:])
        result = heal(nodes, driver_config=driver_config)
        assert (result["changed"], result["converged"]) == (True, True)
        assert is_whole(nodes)
        assert lost(nodes) == {}
        assert heal(nodes, driver_config=driver_config)["changed"] is False

        forget(nodes)
        *staying, stray = nodes
        result = heal(staying, driver_config=driver_config)
        assert (result["converged"], [pruned["node"] for pruned in result["pruned"]]) == (True, [stray.name])
        assert lost(staying, but=[stray]) == {}
        assert is_whole(staying)
        assert not stray.peers()
        assert heal(staying, driver_config=driver_config)["changed"] is False


def test_a_member_with_a_bad_certificate_is_told_and_the_others_converge(
    authority: CertificateAuthority, driver_config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    good = NodeTls(authority)
    foreign = NodeTls(authority, signer=CertificateAuthority(tmp_path_factory.mktemp("foreign"), "somebody else"))
    made: list[str] = []

    def options(address: str) -> Path:
        made.append(address)
        return {1: lambda: good(address, expired=True), 2: lambda: foreign(address)}.get(
            len(made), lambda: good(address)
        )()

    with beams(5, tls=options) as nodes:
        expired, untrusted, *sound = nodes
        result = heal(nodes, driver_config=driver_config)
        assert is_whole(sound)
        assert result["changed"]
        assert set(result["unreachable_nodes"]) == {expired.name, untrusted.name}
        assert "has expired: renew it" in result["unreachable_nodes"][expired.name]
        assert "driver_config.tls.ca_cert" in result["unreachable_nodes"][untrusted.name]
        assert heal(nodes, driver_config=driver_config)["changed"] is False
        assert is_whole(sound)


def test_a_black_hole_costs_one_time_out(authority: CertificateAuthority, driver_config: dict[str, Any]) -> None:
    with beams(3, tls=NodeTls(authority)) as nodes, socket.socket() as hole:
        join(nodes)
        (address,) = loopback_addresses(1)
        hole.bind((address, nodes[0].port))
        hole.listen()
        name = f"app@{address}"
        with within(6, work=1.5):
            result = heal([*nodes, name], driver_config={**driver_config, "timeout": 6.0})
        assert not result["changed"]
        assert "said nothing and did not finish the TLS handshake within 6 s" in result["unreachable_nodes"][name]
        assert not any(name in node.names("nodes(known)") for node in nodes), "no member was asked to connect it"


def test_a_cluster_that_wants_other_certificates_than_ours_fails_and_nothing_is_changed(
    authority: CertificateAuthority, driver_config: dict[str, Any]
) -> None:
    tls = driver_config["tls"]
    with beams(2, tls=NodeTls(authority)) as nodes:
        with pytest.raises(RoundError, match="set driver_config.tls.client_cert and client_key"):
            heal(nodes, driver_config={"tls": {"ca_cert": tls["ca_cert"]}})
        with pytest.raises(RoundError, match="speaks TLS: set driver_config.tls"):
            heal(nodes)
        with pytest.raises(RoundError, match="give that authority's certificate as driver_config.tls.ca_cert"):
            heal(nodes, driver_config={"tls": {**tls, "ca_cert": None}})
        with pytest.raises(OptionError, match="driver_config.tls.ca_cert: there is no file"):
            heal(nodes, driver_config={"tls": {**tls, "ca_cert": "/nowhere/ca.crt"}})
        assert not any(node.peers() for node in nodes)


def test_the_example_of_the_docs(
    authority: CertificateAuthority, driver_config: dict[str, Any], tmp_path: Path
) -> None:
    (example,) = [block.text for block in guide("erlang") if block.text.startswith("[{server,")]

    def options(address: str) -> Path:
        path = tmp_path / f"{address}.conf"
        certificate = authority.issue(address, dns=[address])
        path.write_text(
            example.replace("/etc/app/node.pem", str(certificate)).replace(
                "/etc/app/ca.crt", str(authority.certificate)
            )
        )
        return path

    with beams(2, tls=options) as nodes:
        assert heal(nodes, driver_config=driver_config)["converged"]
        assert is_whole(nodes)


class TestAsTheUserRunsIt:
    def test_the_module(
        self, ansible: Ansible, authority: CertificateAuthority, driver_config: dict[str, Any], tmp_path: Path
    ) -> None:
        with beams(3, tls=NodeTls(authority)) as nodes:
            options: dict[str, Any] = {
                "topology": "chat",
                "strategy": "static",
                "config": {"nodes": [node.name for node in nodes]},
                "driver_config": {"cookie": COOKIE, "port": nodes[0].port, **driver_config},
            }
            assert ansible.module(MEMBERSHIP, **options)["converged"]
            assert is_whole(nodes)

            options["driver_config"]["tls"] = {}
            failed = ansible.task(MEMBERSHIP, **options)
            assert failed.code != 0
            assert "not signed by an authority that is known here" in result_of(failed)["msg"]

            options["driver_config"]["tls"] = {"client_cert": str(authority.certificate)}
            failed = ansible.task(MEMBERSHIP, **options)
            assert result_of(failed)["msg"].startswith("topology 'chat': driver_config.tls.client_cert: ")
            assert "holds no private key" in result_of(failed)["msg"]
            assert "Traceback" not in failed.output

    def test_an_inventory_hands_the_options_on(
        self, ansible: Ansible, authority: CertificateAuthority, driver_config: dict[str, Any], tmp_path: Path
    ) -> None:
        with beams(3, tls=NodeTls(authority)) as nodes:
            topology = {
                "strategy": "static",
                "config": {"nodes": [node.name for node in nodes]},
                "driver_config": {"cookie": COOKIE, "port": nodes[0].port, **driver_config},
            }
            file = tmp_path / "app.cluster.yml"
            file.write_text(json.dumps({"plugin": "selfheal.cluster.nodes", "topologies": {"chat": topology}}))
            listed = ansible.inventory(file)["_meta"]["hostvars"]["chat"]["topology_driver_config"]
            assert listed["tls"] == driver_config["tls"]
            assert COOKIE not in json.dumps(listed)

            run = ansible.playbook("selfheal.cluster.converge", "-i", str(file)).ok()
            assert run.of("chat", MEMBERSHIP)["converged"]
            assert is_whole(nodes)
