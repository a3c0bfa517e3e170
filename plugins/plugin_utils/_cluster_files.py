# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the topologies of a ``*.cluster.yml``, for discoveries outside of an inventory or a play."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import get_file_vault_secret
from ansible.template import Templar
from ansible_collections.selfheal.cluster.plugins.module_utils._topology import Source
from ansible_collections.selfheal.cluster.plugins.plugin_utils._inventory_file import (
    check_keys,
    check_name,
    check_one_file,
    check_top_level,
)
from ansible_collections.selfheal.cluster.plugins.plugin_utils._options import PluginError, source_from

_PLUGIN = "selfheal.cluster.nodes"
_SUFFIXES = (".cluster.yml", ".cluster.yaml")


def sources_in(paths: Iterable[str]) -> list[Source]:
    """The sources of all topologies in these files. Of a directory, the files that end in ``.cluster.yml`` are read.

    Templates can use lookups, as in the inventory, but no extra variables: there are none.

    :raises PluginError: a file can't be read or has no topologies, or a topology's options are wrong. The error has all
        problems.
    """
    sources: dict[str, Source] = {}
    files: dict[str, list[str]] = {}
    problems: list[str] = []
    for path in _files(paths):
        try:
            loader = _loader()
            topologies = _topologies_in(loader, path)
        except (PluginError, AnsibleError) as error:
            problems.append(f"{path}: {error}")
            continue
        for name, options in topologies.items():
            try:
                files.setdefault(name, []).append(path)
                check_one_file(name, files[name])
                sources[name] = source_of_topology(name, options, Templar(loader))
            except (PluginError, AnsibleError) as error:
                problems.append(f"{path}: {error}")
    if problems:
        raise PluginError("; ".join(problems))
    return list(sources.values())


def source_of_topology(name: Any, options: Any, templar: Templar | None = None) -> Source:
    """
    :param options: the topology's options in a file.
    :param templar: resolves the templates in ``strategy`` and ``config``; None where there are none.
    :raises PluginError: the name or an option is wrong.
    """
    check_name(name)
    check_keys(name, options)
    values = {key: options[key] for key in ("strategy", "config") if options.get(key) is not None}
    return source_from(name, templar.template(values) if templar else values)


def _files(paths: Iterable[str]) -> list[str]:
    """
    :returns: each file once.
    :raises PluginError: a path does not exist, or is a directory without such a file.
    """
    files: dict[Path, str] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise PluginError(f"inventory: {path} is not there")
        found = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.name.endswith(_SUFFIXES))
        if not found:
            raise PluginError(f"inventory: the directory {path} has no file that ends in .cluster.yml")
        for file in found:
            files.setdefault(file.resolve(), str(file))
    return list(files.values())


def _topologies_in(loader: DataLoader, path: str) -> Mapping[str, Any]:
    given = loader.load_from_file(path, cache="none", trusted_as_template=True)
    if not isinstance(given, Mapping) or given.get("plugin") != _PLUGIN:
        raise PluginError(f"is no inventory of topologies: it has no line 'plugin: {_PLUGIN}'")
    check_top_level(given, given)
    topologies: Mapping[str, Any] = given["topologies"]
    return topologies


def _loader() -> DataLoader:
    """A loader with the vault passwords from the files that Ansible's configuration names; none can be prompted for."""
    loader = DataLoader()
    secrets = []
    for entry in [*constants.DEFAULT_VAULT_IDENTITY_LIST, constants.DEFAULT_VAULT_PASSWORD_FILE]:
        vault_id, _at, file = str(entry or "").rpartition("@")
        if file and not file.startswith("prompt"):
            secret = get_file_vault_secret(filename=file, vault_id=vault_id or "default", loader=loader)
            secret.load()
            secrets.append((vault_id or constants.DEFAULT_VAULT_IDENTITY, secret))
    loader.set_vault_secrets(secrets)
    return loader
