# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin with a cache, and what is not to be in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.harness.ansible.command import Ansible
from tests.harness.ansible.inventories import SECRET, TEMPLATE_TEXT, dns, evaluate, is_untrusted, listed, static, write
from tests.harness.dns.faults import by_type, faulty_nameserver, rcode, records
from tests.harness.dns.nameserver import nameserver
from tests.harness.kubernetes.double import any_kube_api


def _with_cache(ansible: Ansible, directory: Path) -> Path:
    cache = directory / "cache"
    ansible.environment.update(
        ANSIBLE_INVENTORY_CACHE="true",
        ANSIBLE_INVENTORY_CACHE_PLUGIN="ansible.builtin.jsonfile",
        ANSIBLE_INVENTORY_CACHE_CONNECTION=str(cache),
    )
    return cache


def test_annotations_of_pods_are_never_templates(ansible: Ansible, tmp_path: Path) -> None:
    with any_kube_api() as api:
        api.add_pod("chat-0", "10.1.0.1", labels={"app": "chat"}, annotations={"note": TEMPLATE_TEXT})
        config = {"lookup": "pods", "node_basename": "chat", "namespace": api.namespace, **api.auth}
        file = write(
            tmp_path,
            {"chat": {"strategy": "kubernetes", "config": config}},
            compose={"copied": "node_attributes.annotations.note"},
            keyed_groups=[{"key": "node_attributes.labels.app", "prefix": "app"}],
        )
        data = ansible.inventory(file)
        hostvars = data["_meta"]["hostvars"]
        assert is_untrusted(hostvars["chat.chat@10.1.0.1"]["copied"])
        assert data["app_chat"]["hosts"] == ["chat.chat@10.1.0.1"]
        # A real cluster is reached by a kubeconfig, and its token is not in the topology.
        assert config.get("api_key", SECRET) not in json.dumps(data)
        assert evaluate(ansible, file, "chat.chat@10.1.0.1", "copied") == TEMPLATE_TEXT


def test_a_partial_discovery_is_a_warning_and_not_cached(ansible: Ansible, tmp_path: Path) -> None:
    cache = _with_cache(ansible, tmp_path)
    with faulty_nameserver(by_type(A=records({"A": ["127.0.8.1"]}), AAAA=rcode("SERVFAIL"))) as server:
        run, data = listed(ansible, write(tmp_path, {"web": dns(server)}))
    assert data["cluster_web"]["hosts"] == ["web.app@127.0.8.1"]
    assert "[WARNING]: topology 'web': the discovery is partial: " in run.text
    assert not any(names for _place, _directories, names in os.walk(cache))


def test_a_warm_cache_makes_no_request(ansible: Ansible, tmp_path: Path) -> None:
    _with_cache(ansible, tmp_path)
    with nameserver({"app.example.test": ["127.0.8.1"]}) as server:
        file = write(tmp_path, {"web": dns(server)}, compose={"copied": "node_name"})
        cold = ansible.inventory(file)
        server.stop()
        warm = ansible.inventory(file)
    assert warm == cold
    assert is_untrusted(warm["_meta"]["hostvars"]["web.app@127.0.8.1"]["copied"])


def test_the_cache_is_asked_for_what_is_in_the_file_now(ansible: Ansible, tmp_path: Path) -> None:
    _with_cache(ansible, tmp_path)
    assert ansible.inventory(write(tmp_path, {"chat": static("a@h")}))["cluster_chat"]["hosts"] == ["chat.a@h"]
    assert ansible.inventory(write(tmp_path, {"chat": static("b@h")}))["cluster_chat"]["hosts"] == ["chat.b@h"]


def test_flush_cache_asks_again(ansible: Ansible, tmp_path: Path) -> None:
    _with_cache(ansible, tmp_path)
    with nameserver({"app.example.test": ["127.0.8.1"]}) as server:
        file = write(tmp_path, {"web": dns(server)})
        ansible.inventory(file)
        server.replace("app.example.test", A=["127.0.8.2"])
        assert ansible.inventory(file)["cluster_web"]["hosts"] == ["web.app@127.0.8.1"]
        flushed = ansible.run("ansible-inventory", "--list", "--flush-cache", "-i", str(file)).ok()
        assert json.loads(flushed.stdout)["cluster_web"]["hosts"] == ["web.app@127.0.8.2"]
        assert ansible.inventory(file)["cluster_web"]["hosts"] == ["web.app@127.0.8.2"]


def test_the_cache_holds_complete_discoveries_only_and_no_secret(ansible: Ansible, tmp_path: Path) -> None:
    cache = _with_cache(ansible, tmp_path)
    kubernetes = {
        "node_basename": "x",
        "host": "https://127.0.0.1:1",
        "api_key": SECRET,
        "namespace": "x",
        "timeout": 2,
    }
    topologies = {
        "chat": static("a@h", driver_config={"cookie": SECRET}),
        "kube": {"strategy": "kubernetes", "config": kubernetes},
    }
    run, data = listed(ansible, write(tmp_path, topologies))
    assert "topology 'kube': the discovery failed" in run.text
    assert SECRET not in run.output
    files = [Path(place) / name for place, _directories, names in os.walk(cache) for name in names]
    assert len(files) == 1
    assert "a@h" in files[0].read_text()
    assert SECRET not in files[0].read_text()
