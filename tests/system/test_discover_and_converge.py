# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a source whose content changes to real nodes, by the playbook and its inventory file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.harness.ansible.command import Ansible
from tests.harness.dns.faults import faulty_nameserver, rcode
from tests.harness.dns.nameserver import nameserver
from tests.harness.erlang.beam import BASENAME, COOKIE, Beam, beams, is_whole, join, write_cookie
from tests.harness.erlang.clusters import forget, lost
from tests.harness.kubernetes.double import kube_api

CONVERGE = "selfheal.cluster.converge"
MEMBERSHIP = "selfheal.cluster.membership"
QUERY = "app.example.test"


class Cluster:
    """The inventory file of one topology, the playbook on it, and what that did to the nodes."""

    def __init__(
        self,
        ansible: Ansible,
        directory: Path,
        nodes: list[Beam],
        strategy: str,
        *,
        discover: bool = True,
        **config: Any,
    ) -> None:
        self._ansible = ansible
        self._discover = discover
        self._file = directory / "app.cluster.yml"
        self._nodes = nodes
        self._topology = {
            "strategy": strategy,
            "config": {"node_basename": BASENAME, **config},
            "driver_config": {"cookie_file": str(write_cookie(directory, COOKIE)), "port": nodes[0].port},
            "policy": {"confirmation_interval": 0.1, "absent_for": 0},
        }
        self.configure()

    def configure(self, **config: Any) -> None:
        """Change options of the strategy."""
        self._topology["config"].update(config)
        content = {
            "plugin": "selfheal.cluster.nodes",
            "discover": self._discover,
            "topologies": {"chat": self._topology},
        }
        self._file.write_text(yaml.safe_dump(content))

    def converges(self, to: list[Beam], *, changed: bool = True, pruned: list[Beam] | None = None) -> dict[str, Any]:
        """The run succeeds, and nobody loses a link to somebody who was not meant to go."""
        pruned = pruned or []
        forget(self._nodes)
        result = dict(self._ansible.playbook(CONVERGE, "-i", str(self._file)).ok().of("chat", MEMBERSHIP))
        assert (result["changed"], result["converged"]) == (changed, True), result
        assert {action["node"] for action in result["pruned"]} == {node.name for node in pruned}
        assert lost(to, but=pruned) == {}
        assert is_whole(to)
        assert all(not node.peers() for node in self._nodes if node not in to)
        return result

    def fails(self, members: list[Beam], reason: str) -> None:
        """The task fails for this reason, and not one link is lost."""
        forget(self._nodes)
        run = self._ansible.playbook(CONVERGE, "-i", str(self._file))
        result = run.of("chat", MEMBERSHIP)
        assert run.code != 0
        assert (result["changed"], result["converged"], result["status"]) == (False, False, "failed"), result
        assert "nothing was changed" in result["msg"]
        assert reason in result["msg"]
        assert lost(self._nodes) == {}
        assert is_whole(members)


def test_the_mesh_follows_a_zone_and_survives_its_nameserver(ansible: Ansible, tmp_path: Path) -> None:
    with beams(4) as nodes, nameserver() as zone:
        retired, *staying, newcomer = nodes
        cluster = Cluster(ansible, tmp_path, nodes, "dns", query=QUERY, timeout=5, **zone.config)

        zone.set_addresses(QUERY, [node.address for node in nodes[:3]])
        assert len(cluster.converges(to=nodes[:3])["connected"]) == 2
        members = [*staying, newcomer]
        zone.set_addresses(QUERY, [node.address for node in members])
        result = cluster.converges(to=members, pruned=[retired])
        assert [action["node"] for action in result["connected"]] == [newcomer.name]

        zone.remove(QUERY)
        cluster.fails(members, "NXDOMAIN")
        with faulty_nameserver(rcode("SERVFAIL")) as broken:
            cluster.configure(**broken.config)
            cluster.fails(members, "SERVFAIL")
        cluster.configure(**zone.config)
        zone.stop()
        cluster.fails(members, zone.spec)

        zone.start()
        zone.set_addresses(QUERY, [node.address for node in members])
        cluster.converges(to=members, changed=False)


def test_the_mesh_follows_pods_and_survives_the_loss_of_the_right_to_list_them(
    ansible: Ansible, tmp_path: Path
) -> None:
    with beams(4) as nodes, kube_api() as api:
        retired, *staying, newcomer = nodes
        token = tmp_path / "token"
        token.write_text(api.token)
        auth = {**api.auth, "api_key": f"{{{{ lookup('ansible.builtin.file', '{token}') }}}}"}
        cluster = Cluster(
            ansible,
            tmp_path,
            nodes,
            "kubernetes",
            discover=False,
            lookup="pods",
            selector="app=chat",
            namespace=api.namespace,
            **auth,
        )
        join([retired, *staying])
        members = [*staying, newcomer]
        for number, node in enumerate(members):
            api.add_pod(f"chat-{number}", node.address, labels={"app": "chat"})
        api.add_pod("web-0", retired.address, labels={"app": "web"})
        cluster.converges(to=members, pruned=[retired])

        api.fail(403)
        cluster.fails(members, "403")
        api.heal()
        cluster.converges(to=members, changed=False)
