# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import PluginError
from ansible_collections.selfheal.cluster.plugins.plugin_utils._schedule_kubernetes import (
    check_roles,
    checksum_of,
    cron_of,
    objects_of,
    roles_of,
    topologies_of,
)

from tests.harness.docs.code_blocks import guide
from tests.harness.paths import ROOT

TEMPLATE = "{{ lookup('ansible.builtin.env', 'SOMETHING') }}"
SLICES = {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list"]}
PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
SERVICES = {"apiGroups": [""], "resources": ["services"], "verbs": ["list"]}


def kubernetes(config: Any = None, **more: Any) -> dict[str, Any]:
    return {"strategy": "kubernetes", "config": {} if config is None else config, **more}


def roles(*topologies: dict[str, Any], loops: bool = False, watch: bool | str = "auto") -> dict[str, Any]:
    named = {f"t{index}": topology for index, topology in enumerate(topologies)}
    return roles_of({"app.cluster.yml": named}, "ops", loops, watch)


def read(text: str) -> dict[str, Any]:
    return topologies_of({"app.cluster.yml": text})["app.cluster.yml"]


def documented(name: str) -> list[dict[str, Any]]:
    documents = [document for block in guide("kubernetes_rbac") for document in yaml.safe_load_all(block.text)]
    (role,) = [one for one in documents if one.get("kind") == "Role" and one["metadata"]["name"] == name]
    rules: list[dict[str, Any]] = role["rules"]
    return rules


def test_the_rights_are_those_that_are_documented() -> None:
    found = roles(kubernetes({"namespace": "prod"}, driver_config={"transport": "port_forward"}))
    expected = [rule for name in ("discovery", "witness", "reach") for rule in documented(f"selfheal-{name}")]

    def comparable(rules: list[dict[str, Any]]) -> set[Any]:
        return {
            (group, resource, verb)
            for rule in rules
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }

    assert comparable(found["prod"]) == comparable(expected)


@pytest.mark.parametrize(
    ("lookup", "group", "resource"),
    [("endpoint_slices", "discovery.k8s.io", "endpointslices"), ("endpoints", "", "endpoints"), ("pods", "", "pods")],
)
def test_each_lookup_needs_its_own_resource(lookup: str, group: str, resource: str) -> None:
    """K13: the Services and their pods as well, which tell who runs without being listed."""
    rule = {"apiGroups": [group], "resources": [resource], "verbs": ["list"]}
    found = roles(kubernetes({"lookup": lookup}))["ops"]
    assert rule in found
    assert [one for one in found if one != rule] == ([] if lookup == "pods" else [PODS, SERVICES])


def test_the_rights_of_all_topologies_in_a_namespace_are_one_role() -> None:
    found = roles(
        kubernetes({"namespaces": ["b", "a", "b"]}),
        kubernetes({"namespace": "a", "lookup": "pods"}, driver_config={"transport": "port_forward"}),
    )
    assert found == {
        "a": [
            PODS,
            {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["create", "get"]},
            SERVICES,
            SLICES,
        ],
        "b": [PODS, SERVICES, SLICES],
    }


@pytest.mark.parametrize("config", [{"host": "https://10.0.0.1"}, {"kubeconfig": TEMPLATE}, {"context": "other"}])
def test_who_has_credentials_of_its_own_needs_no_role(config: dict[str, Any]) -> None:
    assert roles(kubernetes({"namespace": TEMPLATE, **config}), {"strategy": "dns", "config": {"query": "x"}}) == {}


@pytest.mark.parametrize(
    ("topology", "loops", "watch", "expected"),
    [
        (kubernetes(watch=False), True, "true", ["list", "watch"]),
        (kubernetes(), True, "auto", ["list", "watch"]),
        (kubernetes(watch="auto"), True, "auto", ["list", "watch"]),
        (kubernetes(watch=TEMPLATE), True, "auto", ["list", "watch"]),
        (kubernetes(watch="no"), True, "auto", ["list"]),
        (kubernetes(watch=True), True, "false", ["list"]),
        (kubernetes(watch=True), False, "true", ["list"]),
    ],
)
def test_only_who_watches_may_watch(topology: dict[str, Any], loops: bool, watch: str, expected: list[str]) -> None:
    (rule,) = [one for one in roles(topology, loops=loops, watch=watch)["ops"] if one["apiGroups"] != [""]]
    assert rule["verbs"] == expected


@pytest.mark.parametrize(
    ("topology", "option"),
    [
        ({"strategy": TEMPLATE}, "strategy"),
        (kubernetes(TEMPLATE), "config"),
        (kubernetes({"namespace": TEMPLATE}), "config.namespace"),
        (kubernetes({"namespaces": TEMPLATE}), "config.namespaces"),
        (kubernetes({"namespaces": ["a", TEMPLATE]}), "config.namespaces"),
        (kubernetes({"lookup": TEMPLATE}), "config.lookup"),
        (kubernetes({}, driver_config=TEMPLATE), "driver_config"),
        (kubernetes({}, driver_config={"transport": TEMPLATE}), "driver_config.transport"),
    ],
)
def test_what_a_template_decides_has_to_be_said(topology: dict[str, Any], option: str) -> None:
    with pytest.raises(PluginError, match=rf"app.cluster.yml: topology 't0': {option}: .*schedule_kubernetes_roles"):
        roles(topology)


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"namespace": "No_Name"}, "config.namespace: 'No_Name' is not a name"),
        ({"namespaces": [1]}, "config.namespaces: 1 is not a name"),
        ({"namespaces": {"a": 1}}, "config.namespaces: .* is not a name"),
        ({"lookup": "services"}, "config.lookup: 'services' is not one of"),
        ("text", "config: is a str"),
    ],
)
def test_what_is_wrong_is_said(config: Any, problem: str) -> None:
    with pytest.raises(PluginError, match=problem):
        roles(kubernetes(config))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["a"], "is no dictionary"),
        ({"A": [SLICES]}, "'A' is not a name"),
        ({"a": []}, "a: is no list of rules"),
        ({"a": ["list"]}, "a: is no list of rules"),
    ],
)
def test_roles_that_are_none(given: Any, problem: str) -> None:
    with pytest.raises(PluginError, match=problem):
        check_roles(given)


def test_roles_that_are_given_are_taken() -> None:
    assert check_roles({"a": [SLICES]}) == {"a": [SLICES]}
    assert check_roles({}) == {}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (60, "* * * * *"),
        (60.0, "* * * * *"),
        (120, "*/2 * * * *"),
        (1800, "*/30 * * * *"),
        (3600, "0 * * * *"),
        (7200, "0 */2 * * *"),
        (43200, "0 */12 * * *"),
        (86400, "0 0 * * *"),
    ],
)
def test_cron(seconds: float, expected: str) -> None:
    assert cron_of(seconds) == expected


def test_a_cronjob_and_cron_know_the_same_intervals() -> None:
    """The role's own list makes the crontab and the message about it, in minutes."""
    variables = yaml.safe_load((ROOT / "roles" / "schedule" / "vars" / "main.yml").read_text())
    assert variables["__schedule_cron_times"] == {minutes: cron_of(minutes * 60) for minutes in known_minutes()}


def known_minutes() -> Iterator[int]:
    for minutes in range(1, 2 * 24 * 60 + 1):
        with contextlib.suppress(PluginError):
            cron_of(minutes * 60)
            yield minutes


@pytest.mark.parametrize("seconds", [0.5, 5, 59, 61, 90, 420, 2700, 5400, 18000, 172800])
def test_what_cron_cannot_say_is_refused_with_the_way_out(seconds: float) -> None:
    with pytest.raises(PluginError, match=rf"schedule_interval: {seconds:g} s: .*schedule_loop"):
        cron_of(seconds)


def test_objects_come_after_what_they_need() -> None:
    found = objects_of("selfheal", "ops", ["b", "a"], ["Deployment", "Secret"])
    assert [(one["kind"], *reversed(one["metadata"].values()), one["file"]) for one in found] == [
        ("ServiceAccount", "ops", "selfheal", "selfheal.serviceaccount.yml"),
        ("Role", "a", "ops:selfheal", "selfheal.role.a.yml"),
        ("RoleBinding", "a", "ops:selfheal", "selfheal.rolebinding.a.yml"),
        ("Role", "b", "ops:selfheal", "selfheal.role.b.yml"),
        ("RoleBinding", "b", "ops:selfheal", "selfheal.rolebinding.b.yml"),
        ("ConfigMap", "ops", "selfheal", "selfheal.configmap.yml"),
        ("Secret", "ops", "selfheal", "selfheal.secret.yml"),
        ("Deployment", "ops", "selfheal", "selfheal.deployment.yml"),
    ]


def test_another_content_has_another_checksum() -> None:
    files, secrets = {"a": "1"}, {"b": "2"}
    first = checksum_of(files, secrets, "ops/selfheal")
    assert first == checksum_of({"a": "1"}, {"b": "2"}, "ops/selfheal")
    others = [
        checksum_of({"a": "2"}, secrets, "ops/selfheal"),
        checksum_of(files, {"b": "3"}, "ops/selfheal"),
        checksum_of(files, {"c": "2"}, "ops/selfheal"),
        checksum_of(files, secrets, "ops/other"),
    ]
    assert len({first, *others}) == 5


def test_tags_of_ansible_are_read() -> None:
    found = read(
        "topologies:\n  chat:\n    strategy: static\n    config: {nodes: [!unsafe '{{ a }}@b']}\n"
        "    driver_config:\n      cookie: !vault |\n        $ANSIBLE_VAULT;1.1;AES256\n        3030\n"
    )
    assert found["chat"]["config"] == {"nodes": ["{{ a }}@b"]}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", r"app.cluster.yml: is no YAML: line 1: "),
        ("- a", r"app.cluster.yml: topologies: is required"),
        ("topologies: {}", r"app.cluster.yml: topologies: is required"),
        ("topologies: {all: {strategy: dns}}", r"app.cluster.yml: topology 'all': a topology's name is"),
        ("topologies: {a: {strategy: dns, colour: red}}", r"app.cluster.yml: topology 'a': colour: is not an option"),
        ("$ANSIBLE_VAULT;1.1;AES256\n3030", r"app.cluster.yml: is encrypted with Ansible Vault"),
        (
            "topologies: {a: {strategy: static, driver_config: {cookie: geheim}}}",
            r"app.cluster.yml: topology 'a': driver_config.cookie: is in the clear .*schedule_secrets",
        ),
        (
            "topologies: {a: {strategy: kubernetes, config: {api_key: 4711}}}",
            r"app.cluster.yml: topology 'a': config.api_key: is in the clear .*schedule_secrets",
        ),
    ],
)
def test_files_that_no_config_map_takes(text: str, problem: str) -> None:
    with pytest.raises(PluginError, match=problem) as caught:
        read(text)
    assert "geheim" not in str(caught.value)
    assert "4711" not in str(caught.value)
