# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Derives the Kubernetes objects of a schedule from its inventory files (pure)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import yaml
from ansible_collections.selfheal.cluster.plugins.module_utils._config.chosen import topology_spec_for
from ansible_collections.selfheal.cluster.plugins.module_utils._config.topology import AUTO, watch_of
from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._kubernetes.resources import RESOURCES, is_label
from ansible_collections.selfheal.cluster.plugins.module_utils._strategies import registry as strategies
from ansible_collections.selfheal.cluster.plugins.plugin_utils._inventory_file import check_keys, check_name
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import PluginError, secrets_in

Roles = dict[str, list[dict[str, list[str]]]]

_TEMPLATE = re.compile(r"\{\{|\{%")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_WAY_OUT = "say in schedule_kubernetes_roles what the schedule may do in which namespace"
_ROUNDS = 100_000
_PER_NAMESPACE = ("Role", "RoleBinding")
_API_VERSIONS = {
    "ServiceAccount": "v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "ConfigMap": "v1",
    "Secret": "v1",
    "CronJob": "batch/v1",
    "Deployment": "apps/v1",
}


class _VaultEncrypted(str):
    """A value that is encrypted with Ansible Vault inside a file."""


class _Loader(yaml.SafeLoader):
    """Knows the tags that Ansible knows."""


def _encrypted(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> _VaultEncrypted:
    return _VaultEncrypted(loader.construct_scalar(node))


def _unsafe(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("!vault", _encrypted)
_Loader.add_constructor("!vault-encrypted", _encrypted)
_Loader.add_constructor("!unsafe", _unsafe)


def topologies_of(files: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The topologies of inventory files, by the name of the file and their own.

    :param files: the text of each file, by its name.
    :raises PluginError: a file cannot be read, or has a secret in the clear, which would be in a ConfigMap.
    """
    return {file: dict(_topologies_in(file, text)) for file, text in files.items()}


def roles_of(files: Mapping[str, dict[str, Any]], namespace: str, loops: bool, watch: bool | str = AUTO) -> Roles:
    """The rules of a Role for each namespace: exactly the rights that discovery and transports with the pod's service
    account need.

    :param files: from :func:`topologies_of`.
    :param namespace: the pod's own.
    :param loops: whether a topology may watch.
    :param watch: whether all that can be watched are; ``auto`` for what each topology says itself.
    :raises PluginError: a template decides which rights are needed, so that they are unknown before the pod runs.
    """
    needed: dict[str, dict[tuple[str, str], set[str]]] = {}
    for file, topologies in files.items():
        for topology, options in topologies.items():
            subject = f"{file}: topology {topology!r}"
            for where in _namespaces(subject, options, namespace):
                rules = needed.setdefault(where, {})
                for resource, verbs in _rights(subject, options, loops, watch):
                    rules.setdefault(resource, set()).update(verbs)
    return {
        where: [
            {"apiGroups": [group], "resources": [plural], "verbs": sorted(verbs)}
            for (group, plural), verbs in sorted(rules.items())
        ]
        for where, rules in sorted(needed.items())
    }


def check_roles(roles: Any) -> Roles:
    """
    :raises PluginError: they are not a dictionary from namespaces to lists of rules.
    """
    if not isinstance(roles, Mapping):
        raise PluginError("schedule_kubernetes_roles: is no dictionary from namespaces to rules")
    for namespace, rules in roles.items():
        if not is_label(namespace):
            raise PluginError(f"schedule_kubernetes_roles: {namespace!r} is not a name of a namespace")
        if not isinstance(rules, list) or not rules or not all(isinstance(rule, Mapping) for rule in rules):
            raise PluginError(
                f"schedule_kubernetes_roles: {namespace}: is no list of rules, each with apiGroups, resources and verbs"
            )
    return {namespace: [dict(rule) for rule in rules] for namespace, rules in roles.items()}


def cron_of(interval: float) -> str:
    """The schedule of a CronJob for starts that are so many seconds apart, at every hour of every day.

    :raises PluginError: cron cannot express that interval.
    """
    if interval == _DAY:
        return "0 0 * * *"
    if interval % _HOUR == 0 and interval < _DAY and _DAY % interval == 0:
        return "0 * * * *" if interval == _HOUR else f"0 */{int(interval // _HOUR)} * * *"
    if interval % _MINUTE == 0 and interval < _HOUR and _HOUR % interval == 0:
        return "* * * * *" if interval == _MINUTE else f"*/{int(interval // _MINUTE)} * * * *"
    raise PluginError(
        f"schedule_interval: {interval:g} s: a CronJob starts runs only at whole minutes that divide an hour (60, 120,"
        " 180, 240, 300, 360, 600, 720, 900, 1200, 1800 s) or whole hours that divide a day (1, 2, 3, 4, 6, 8, 12,"
        " 24 h); take one of these, or set schedule_loop, which knows any interval"
    )


def objects_of(name: str, namespace: str, roles_in: Iterable[str], kinds: Collection[str]) -> list[dict[str, Any]]:
    """The objects of a schedule, each with its identity and the file that it is rendered to. An object comes after the
    ones that it needs.

    :param roles_in: the namespaces that have a Role.
    :param kinds: the other kinds of objects; there always are a ServiceAccount and a ConfigMap.
    """
    roles = [
        _object(kind, f"{namespace}:{name}", where, where) for where in sorted(roles_in) for kind in _PER_NAMESPACE
    ]
    others = [_object(kind, name, namespace) for kind in _API_VERSIONS if kind in {"ConfigMap", *kinds}]
    return [_object("ServiceAccount", name, namespace), *roles, *others]


def checksum_of(files: Mapping[str, str], secrets: Mapping[str, str], salt: str) -> str:
    """A checksum of the files and the secrets, so that a change of them changes the object.

    A reader of the Deployment may not be allowed to read its Secret, so the checksum is too slow and too short to guess
    a secret by brute force.
    """
    content = json.dumps([files, secrets], sort_keys=True).encode()
    return hashlib.pbkdf2_hmac("sha256", content, salt.encode(), _ROUNDS).hex()[:12]


def _object(kind: str, name: str, namespace: str, *parts: str) -> dict[str, Any]:
    return {
        "apiVersion": _API_VERSIONS[kind],
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "file": ".".join([name.rpartition(":")[2], kind.lower(), *parts, "yml"]),
    }


def _topologies_in(file: str, text: str) -> Iterator[tuple[str, Any]]:
    if text.startswith("$ANSIBLE_VAULT"):
        raise PluginError(
            f"{file}: is encrypted with Ansible Vault as a whole, so that nobody can tell what it needs; encrypt only"
            " the values in it, or give them as schedule_secrets"
        )
    try:
        content = yaml.load(text, _Loader)  # noqa: S506 - a safe one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise PluginError(f"{file}: is no YAML: {where}{getattr(error, 'problem', None) or 'unreadable'}") from None
    topologies = content.get("topologies") if isinstance(content, Mapping) else None
    if not isinstance(topologies, Mapping) or not topologies:
        raise PluginError(f"{file}: topologies: is required, a dictionary from name to options")
    for topology, options in topologies.items():
        try:
            check_name(topology)
            check_keys(topology, options)
        except PluginError as error:
            raise PluginError(f"{file}: {error}") from None
        _check_secrets(f"{file}: topology {topology!r}", options)
        yield topology, options


def _check_secrets(subject: str, options: Mapping[str, Any]) -> None:
    for path, value in secrets_in(topology_spec_for(options), options):
        if not isinstance(value, _VaultEncrypted) and not _is_template(value):
            raise PluginError(
                f"{subject}: {'.'.join(path)}: is in the clear (not shown), and would be in a ConfigMap; give it in"
                " schedule_secrets and read it from there, as in"
                " \"{{ lookup('ansible.builtin.file', lookup('ansible.builtin.env', 'CHAT_COOKIE_FILE')) }}\""
            )


def _namespaces(subject: str, options: Mapping[str, Any], own: str) -> list[str]:
    """The namespaces in which the topology needs the pod's service account."""
    if not strategies.options_of(_text(subject, "strategy", options)).asks_kubernetes:
        return []
    config = _dictionary(subject, options, "config")
    if any(config.get(key) for key in ("host", "kubeconfig", "context")):
        return []
    option = "namespaces" if config.get("namespaces") else "namespace"
    given = config.get(option) or own
    if _is_template(given):
        raise _untold(subject, f"config.{option}")
    found = [given] if isinstance(given, str) else given
    if not isinstance(found, list):
        raise PluginError(f"{subject}: config.{option}: {given!r} is not a name of a namespace")
    for namespace in found:
        if _is_template(namespace):
            raise _untold(subject, f"config.{option}")
        if not is_label(namespace):
            raise PluginError(f"{subject}: config.{option}: {namespace!r} is not a name of a namespace")
    return list(dict.fromkeys(found))


def _rights(
    subject: str, options: Mapping[str, Any], loops: bool, watch: bool | str
) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    config = _dictionary(subject, options, "config")
    lookups = strategies.options_of(options["strategy"]).options["lookup"]
    lookup = _text(subject, "config.lookup", config) or lookups.default
    if lookup not in lookups.choices:
        raise PluginError(f"{subject}: config.lookup: {lookup!r} is not one of {', '.join(lookups.choices)}")
    resource = RESOURCES[lookup]
    watching = loops and _may_watch(subject, watch, options.get("watch"))
    yield (resource.group, resource.plural), ("list", "watch") if watching else ("list",)
    # Pods are listed before a prune, to see which members still run, and by a transport to undesired members.
    yield ("", "pods"), ("list",)
    if lookup != "pods":
        yield ("", "services"), ("list",)
    driver_config = _dictionary(subject, options, "driver_config")
    if _text(subject, "driver_config.transport", driver_config) == "port_forward":
        yield ("", "pods/portforward"), ("create", "get")


def _may_watch(subject: str, for_all: bool | str, own: Any) -> bool:
    """
    :param for_all: for all topologies, see :func:`roles_of`; ``own``: of this one.
    """
    try:
        watch = watch_of(for_all)
        if watch is None and own is not None and not _is_template(own):
            watch = watch_of(own)
    except OptionError as error:
        raise PluginError(f"{subject}: watch: {error.problem}") from None
    return watch is not False


def _dictionary(subject: str, options: Mapping[str, Any], option: str) -> Mapping[str, Any]:
    value = options.get(option) or {}
    if _is_template(value):
        raise _untold(subject, option)
    if not isinstance(value, Mapping):
        raise PluginError(f"{subject}: {option}: is a {type(value).__name__}, not a dictionary")
    return value


def _text(subject: str, option: str, options: Mapping[str, Any]) -> Any:
    value = options.get(option.rpartition(".")[2])
    if _is_template(value):
        raise _untold(subject, option)
    return value


def _untold(subject: str, option: str) -> PluginError:
    return PluginError(
        f"{subject}: {option}: is a template, so that nobody can tell which rights it needs before it runs in the pod;"
        f" write it out, or {_WAY_OUT}"
    )


def _is_template(value: Any) -> bool:
    """Whether it is a template, or a secret that can only be read in the pod."""
    return isinstance(value, str) and (isinstance(value, _VaultEncrypted) or bool(_TEMPLATE.search(value)))
