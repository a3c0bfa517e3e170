# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that the role schedule makes in Kubernetes, through the API and as files, and takes away again.

The API is the double, or that of the real cluster which TEST_KUBECONFIG names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from tests.harness.ansible.command import Ansible, Run
from tests.harness.kubernetes.api import KubeApi
from tests.harness.kubernetes.control_plane import Control, dump
from tests.harness.kubernetes.deployed import RealControl, any_control
from tests.harness.schedule.kubernetes import IMAGE, NAME, NAMESPACE, Schedule, connection, manifests_in

SECRET = "a-cookie-that-nobody-sees"
BASE64 = "YS1jb29raWUtdGhhdC1ub2JvZHktc2Vlcw=="
OLDER, NEWEST = "1.29.0", kubernetes_validate.latest_version()
CHAT = {
    "strategy": "kubernetes",
    "config": {"namespace": "prod", "node_basename": "chat"},
    "driver_config": {"cookie_file": "{{ lookup('ansible.builtin.env', 'CHAT_COOKIE_FILE') }}"},
}
OTHERS = [
    "ServiceAccount ops selfheal",
    "Role prod ops:selfheal",
    "RoleBinding prod ops:selfheal",
    "ConfigMap ops selfheal",
    "CronJob ops selfheal",
]
SECRET_OBJECT = "Secret ops selfheal"


@pytest.fixture
def schedule(ansible: Ansible) -> Schedule:
    made = Schedule(ansible, secrets={"CHAT_COOKIE": SECRET})
    made.topologies({"chat": CHAT})
    return made


@pytest.fixture
def deployed() -> Iterator[tuple[KubeApi, Control | RealControl]]:
    with ExitStack() as stack:
        yield stack.enter_context(any_control(NAMESPACE, "prod", "other"))


@pytest.fixture
def api(deployed: tuple[KubeApi, Control | RealControl], schedule: Schedule) -> KubeApi:
    api, control = deployed
    schedule.options |= {"kubernetes_namespace": control.real(NAMESPACE), **connection(api)}
    return api


@pytest.fixture
def control(deployed: tuple[KubeApi, Control | RealControl]) -> Control | RealControl:
    return deployed[1]


def chat_in(control: Control | RealControl, namespace: str) -> dict[str, Any]:
    return {"chat": {**CHAT, "config": {"namespace": control.real(namespace), "node_basename": "chat"}}}


def ran(schedule: Schedule, api: KubeApi, control: Control | RealControl, *arguments: str, **options: Any) -> list[str]:
    """What a run that shows all that it can show has written."""
    control.forget_writes()
    run = schedule.run("-v", *arguments, **options).ok()
    for hidden in filter(None, (SECRET, BASE64, api.token)):
        assert hidden not in run.output
    writes = control.writes
    in_vain = "--check" in arguments
    assert ("changed=0" in run.output) == (not writes and not in_vain), run.output
    return list(writes)


def applied(*objects: str) -> list[str]:
    return [f"apply {one}" for one in objects]


def deleted(*objects: str) -> list[str]:
    return [f"delete {one}" for one in objects]


@pytest.mark.long
@pytest.mark.timeout(600)
def test_there_changed_and_away_again(schedule: Schedule, api: KubeApi, control: Control | RealControl) -> None:
    schedule.topologies(chat_in(control, "prod"))
    assert ran(schedule, api, control, "--check", "--diff") == []
    assert control.objects == {}
    assert ran(schedule, api, control) == control.as_seen(applied(SECRET_OBJECT, *OTHERS))
    assert control.objects["Secret", NAMESPACE, NAME]["data"] == {"CHAT_COOKIE": BASE64}
    assert ran(schedule, api, control) == []

    # Of the text alone, and by somebody who thought that it could wait.
    before = json.loads(dump(control.objects))
    schedule.inventory.write_text(
        schedule.inventory.read_text() + "# {{ no template }} 'of' \"ours\": \N{LINK SYMBOL}\n"
    )
    control.edit("CronJob", NAMESPACE, NAME, ("spec", "concurrencyPolicy"), "Allow")
    assert ran(schedule, api, control, "--diff") == control.as_seen(
        applied("ConfigMap ops selfheal", "CronJob ops selfheal")
    )
    after = json.loads(dump(control.objects))
    assert after["ConfigMap ops selfheal"].pop("data") == {
        "app.cluster.yml": schedule.inventory.read_text().replace(control.real("prod"), "prod")
    }
    del before["ConfigMap ops selfheal"]["data"]
    assert checksum_taken_from(before) != checksum_taken_from(after)
    assert before == after

    # Another kind, another namespace, no secret any more: nothing of before stays.
    schedule.topologies(chat_in(control, "other"))
    moved = [
        *deleted(SECRET_OBJECT, "CronJob ops selfheal", "RoleBinding prod ops:selfheal", "Role prod ops:selfheal"),
        *applied("ServiceAccount ops selfheal", "Role other ops:selfheal", "RoleBinding other ops:selfheal"),
        *applied("ConfigMap ops selfheal", "Deployment ops selfheal"),
    ]
    assert ran(schedule, api, control, loop=True, secrets={}) == control.as_seen(moved)
    # A secret that is another restarts the Deployment.
    assert ran(schedule, api, control, loop=True) == control.as_seen(applied(SECRET_OBJECT, "Deployment ops selfheal"))

    there = dump(control.objects)
    assert ran(schedule, api, control, "--check", state="absent", inventories=[]) == []
    assert dump(control.objects) == there
    ran(schedule, api, control, state="absent", inventories=[])
    assert control.objects == {}, dump(control.objects)
    assert ran(schedule, api, control, state="absent", inventories=[]) == []


def checksum_taken_from(objects: dict[str, Any]) -> str:
    for body in objects.values():
        del body["metadata"]["resourceVersion"]
    template = objects["CronJob ops selfheal"]["spec"]["jobTemplate"]["spec"]["template"]
    checksum: str = template["metadata"]["annotations"].pop("selfheal.cluster/checksum")
    return checksum


def test_what_somebody_else_has_made_is_left_alone(
    schedule: Schedule, api: KubeApi, control: Control | RealControl
) -> None:
    metadata = {"name": "somebody", "namespace": NAMESPACE}
    control.put({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    control.forget_writes()
    run = schedule.run_each({state: {"name": "somebody", "state": state} for state in ("present", "absent")})
    problem = f"schedule_name: namespace {control.real(NAMESPACE)} has a ServiceAccount of this name already"
    for state in ("present", "absent"):
        assert said("somebody", problem, state, run)
    assert list(control.objects) == [("ServiceAccount", NAMESPACE, "somebody")]
    assert control.writes == []


def test_an_api_that_refuses_is_told(schedule: Schedule, api: KubeApi, control: Control | RealControl) -> None:
    run = schedule.run(kubernetes_namespace="not-there")
    assert run.code != 0
    assert 'namespaces \\"not-there\\" not found' in run.text
    assert control.objects == {}
    assert SECRET not in run.output


RULES = [{"apiGroups": [""], "resources": ["endpoints"], "verbs": ["list"]}]
MORE = {
    "imagePullSecrets": [{"name": "registry"}],
    "tolerations": [{"key": "ops", "operator": "Exists"}],
    "securityContext": {"supplementalGroups": [7]},
}


def test_the_manifests_fit_the_schema_and_the_restricted_standard(schedule: Schedule) -> None:
    cases: dict[str, dict[str, Any]] = {
        "job": {},
        "loop": {"loop": True, "watch": True, "interval": 7.5},
        "more": {"secrets": {}, "kubernetes_user": 0, "kubernetes_roles": {"prod": RULES}, "kubernetes_pod_spec": MORE},
    }
    each = {name: {**case, "kubernetes_output": f"{schedule.directory}-{name}"} for name, case in cases.items()}
    schedule.run_each(each).ok()
    pods = {}
    for name, case in each.items():
        manifests = manifests_in(Path(case["kubernetes_output"]))
        workload = "Deployment" if name == "loop" else "CronJob"
        kinds = sorted(kind for kind, _namespace in manifests)
        assert kinds == sorted([workload, "ConfigMap", "Role", "RoleBinding", "ServiceAccount"])
        for body in manifests.values():
            for version in (OLDER, NEWEST):
                kubernetes_validate.validate(body, version, strict=True)
            assert body["metadata"]["labels"]["app.kubernetes.io/instance"] == NAME
        pods[name] = pod_of(manifests[workload, NAMESPACE])
        assert unrestricted(pods[name]) == []
        assert pods[name]["containers"][0]["image"] == IMAGE
        *_witness, rule = sorted(manifests["Role", "prod"]["rules"], key=lambda one: one["apiGroups"])
        assert (rule if name == "more" else rule["verbs"]) == {
            "job": ["list"],
            "loop": ["list", "watch"],
            "more": RULES[0],
        }[name]
    assert pods["loop"]["containers"][0]["command"][-7:] == [
        *("-e", "topology_duration=3600", "-e", "topology_interval=7.5", "-e", "topology_watch=auto"),
        "selfheal.cluster.converge",
    ]
    assert pods["more"]["imagePullSecrets"] == [{"name": "registry"}]
    assert pods["more"]["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
        "supplementalGroups": [7],
    }


def pod_of(workload: dict[str, Any]) -> dict[str, Any]:
    spec = workload["spec"]
    pod: dict[str, Any] = spec.get("jobTemplate", {"spec": spec})["spec"]["template"]["spec"]
    return pod


def unrestricted(pod: dict[str, Any]) -> list[str]:
    """What the Pod Security Standard "restricted" has against it.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    context = pod["securityContext"]
    found = [key for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)]
    if context.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
        found.append("runAsNonRoot")
    if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
        found.append("seccompProfile")
    found += [volume["name"] for volume in pod["volumes"] if not {"configMap", "emptyDir", "secret"} & set(volume)]
    for container in pod["containers"]:
        own = container["securityContext"]
        if own.get("allowPrivilegeEscalation") is not False or own.get("capabilities") != {"drop": ["ALL"]}:
            found.append(container["name"])
    return found


@pytest.mark.long
def test_files_for_gitops(schedule: Schedule) -> None:
    schedule.directory.mkdir()
    own = schedule.directory / "kustomization.yml"
    own.write_text("resources: []\n")
    output = {"kubernetes_output": str(schedule.directory)}

    assert "changed=0" not in schedule.run("--check", **output).ok().output
    assert list(schedule.directory.iterdir()) == [own]
    run = schedule.run("--diff", **output).ok()
    first = names_in(schedule.directory)
    assert first == [
        "kustomization.yml",
        *(
            f"selfheal.{part}.yml"
            for part in ("configmap", "cronjob", "role.prod", "rolebinding.prod", "serviceaccount")
        ),
    ]
    for text in (run.output, *(file.read_text() for file in schedule.directory.iterdir())):
        assert SECRET not in text
        assert BASE64 not in text
    (volume,) = [
        one for one in pod_of(manifests_of(schedule)["CronJob", NAMESPACE])["volumes"] if one["name"] == "secrets"
    ]
    assert volume["secret"]["secretName"] == NAME
    schedule.topologies({"chat": {**CHAT, "strategy": "dns", "config": {"query": "chat.example.net"}}})
    schedule.run(**output, loop=True).ok()
    assert names_in(schedule.directory) == [
        "kustomization.yml",
        *(f"selfheal.{part}.yml" for part in ("configmap", "deployment", "serviceaccount")),
    ]
    assert pod_of(manifests_of(schedule)["Deployment", NAMESPACE])["automountServiceAccountToken"] is False
    assert "changed=0" in schedule.run(kubernetes_output="manifests/", loop=True).ok().output
    schedule.run(**output, state="absent").ok()
    assert list(schedule.directory.iterdir()) == [own]


def names_in(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


def manifests_of(schedule: Schedule) -> dict[tuple[str, str], dict[str, Any]]:
    own = schedule.directory / "kustomization.yml"
    aside = own.rename(schedule.directory.parent / own.name)
    try:
        return manifests_in(schedule.directory)
    finally:
        aside.rename(own)


WRONG: dict[str, dict[str, Any]] = {
    'schedule_kubernetes_namespace: "No_Name" is not a name of a namespace': {"kubernetes_namespace": "No_Name"},
    "schedule_kubernetes_image: is required": {"kubernetes_image": ""},
    "schedule_interval: 90 s: a CronJob starts runs only at whole minutes": {"interval": 90},
    "schedule_loop_duration: 599: Kubernetes puts off the next start": {"loop": True, "loop_duration": 599},
    "schedule_kubernetes_roles: prod: is no list of rules": {"kubernetes_roles": {"prod": []}},
    "app.cluster.yml: topology 'chat': config.namespace: is a template": {},
}


def test_what_is_wrong_is_said(schedule: Schedule) -> None:
    schedule.topologies({"chat": {**CHAT, "config": {"namespace": "{{ 'pr' + 'od' }}"}}})
    output = {"kubernetes_output": str(schedule.directory)}
    run = schedule.run_each({f"h{index}": {**output, **options} for index, options in enumerate(WRONG.values())})
    for index, problem in enumerate(WRONG):
        assert said(NAME, problem, f"h{index}", run)
    assert "Traceback" not in run.output
    assert SECRET not in run.output
    assert not schedule.directory.exists()


def said(schedule: str, problem: str, host: str, run: Run) -> bool:
    """:raises AssertionError: it said something else."""
    results = [line["result"] for line in run.results if line["host"] == host]
    told = [one.get("msg") for result in results for one in (result, *result.get("results", ()))]
    messages = [" ".join(str(message).split()) for message in told]
    assert any(f"schedule '{schedule}': {problem}" in message for message in messages), json.dumps(messages, indent=1)
    return True
