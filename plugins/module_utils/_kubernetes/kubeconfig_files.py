# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a kubeconfig, read and merged as kubectl does.

https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files

The first file that names a cluster, a user, a context or a current context wins; entries are never merged across files.
Paths are relative to the file that holds them. An empty file counts as a kubeconfig without entries. Statements about
kubectl were measured on kubectl 1.32.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError

_OPTION = "config.kubeconfig"
_MAX_BYTES = 16 * 1024 * 1024
_KINDS = {"clusters": "cluster", "contexts": "context", "users": "user"}
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")

Entries = Mapping[str, Optional[Mapping[str, Any]]]
"""Entries by name; None for an entry that has a name and nothing else."""


class MalformedError(ValueError):
    """It is not a kubeconfig. The text says why, without any value that may be secret."""


@dataclass(frozen=True)
class KubeconfigSource:
    """The files to read. ``must_exist``: all of them have to exist; otherwise one is enough, as for KUBECONFIG."""

    paths: tuple[str, ...]
    must_exist: bool

    def __str__(self) -> str:
        return f"kubeconfig {', '.join(map(repr, self.paths))}"


@dataclass(frozen=True)
class Chosen:
    """A context with its cluster and its user. ``user`` is empty where the context names none. Paths in both are
    absolute, and empty or null values are left out."""

    source: KubeconfigSource
    context: str
    namespace: str
    cluster: Mapping[str, Any]
    user_name: str
    user: Mapping[str, Any]


@dataclass(frozen=True)
class _KubeconfigFile:
    path: str
    is_empty: bool
    current: str
    entries: Mapping[str, Entries]


def source_of(text: str, must_exist: bool) -> KubeconfigSource:
    """
    :param text: one path, or several joined as in the variable KUBECONFIG.
    """
    whole = os.path.expanduser(text)
    parts = [whole] if os.path.exists(whole) else map(os.path.expanduser, text.split(os.pathsep))
    return KubeconfigSource(tuple(dict.fromkeys(filter(None, parts))), must_exist)


def choose(source: KubeconfigSource, context: Optional[str]) -> Chosen:
    """Read the files, and choose a context.

    :param context: None for the current one.
    :raises OptionError: a file can't be read or is not a kubeconfig, or there is no such context.
    """
    files = list(_files(source))
    if not files:
        named = ", ".join(map(repr, source.paths)) or "it names none"
        problem = f"none is given, and no file of the variable KUBECONFIG is there: {named}"
        raise OptionError(_OPTION, problem)
    if all(file.is_empty for file in files):
        raise not_a_kubeconfig(source.paths, "it is empty")
    read = KubeconfigSource(tuple(file.path for file in files), source.must_exist)
    merged = {kind: _merged(file.entries[kind] for file in files) for kind in _KINDS}
    current = next((file.current for file in files if file.current), "")
    name = _checked_context(read, context or current, merged["contexts"])
    try:
        return _chosen(read, name, merged)
    except MalformedError as error:
        raise not_a_kubeconfig(read.paths, str(error)) from None


def not_a_kubeconfig(paths: Sequence[str], problem: str) -> OptionError:
    return OptionError(_OPTION, f"{', '.join(map(repr, paths))} is not a kubeconfig: {problem}")


def text_in(entry: Mapping[str, Any], key: str, what: str) -> str:
    """
    :param what: the owner of the entry, for the error.
    :returns: an empty text where the key is missing.
    :raises MalformedError: the value is not text. YAML reads an unquoted token of digits as a number.
    """
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise MalformedError(f"{key!r} of {what} is no text; write it in quotes")
    return value or ""


def _files(source: KubeconfigSource) -> Iterator[_KubeconfigFile]:
    for path in source.paths:
        try:
            with open(path, "rb") as file:
                content = file.read(_MAX_BYTES + 1)
        except FileNotFoundError as error:
            if source.must_exist:
                raise OptionError(_OPTION, f"{path!r} can't be read: {error.strerror}") from None
            continue
        except OSError as error:
            raise OptionError(_OPTION, f"{path!r} can't be read: {error.strerror}") from None
        try:
            yield _file(path, content)
        except MalformedError as error:
            raise not_a_kubeconfig([path], str(error)) from None


def _file(path: str, content: bytes) -> _KubeconfigFile:
    if len(content) > _MAX_BYTES:
        raise MalformedError(f"it is larger than {_MAX_BYTES >> 20} MiB")
    data = _yaml(content)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise MalformedError("it holds no mapping")
    base = os.path.dirname(os.path.abspath(path))
    return _KubeconfigFile(
        path,
        not data,
        text_in(data, "current-context", "the file"),
        {kind: _entries(data.get(kind), kind, key, base) for kind, key in _KINDS.items()},
    )


def _yaml(content: bytes) -> Any:
    import yaml

    try:
        return yaml.safe_load(content)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise MalformedError(f"it is not YAML{place}") from None
    except (ValueError, TypeError, RecursionError):
        raise MalformedError("it is not YAML") from None


def _entries(items: Any, kind: str, key: str, base: str) -> Entries:
    if items is None:
        return {}
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise MalformedError(f"its {kind!r} are no list of entries with a name")
    entries: dict[str, Optional[Mapping[str, Any]]] = {}
    for item in items:
        name, entry = text_in(item, "name", f"one of the {kind}"), item.get(key) or {}
        if not name:
            raise MalformedError(f"one of its {kind} has no name")
        if name in entries:
            raise MalformedError(f"two of its {kind} have the name {name!r}")
        if not isinstance(entry, dict):
            raise MalformedError(f"{key} {name!r} is no mapping")
        entries[name] = _resolved(entry, base, f"{key} {name!r}") if key in item else None
    return entries


def _resolved(entry: Mapping[str, Any], base: str, what: str) -> Mapping[str, Any]:
    """The entry without empty values, and with absolute paths."""
    settings = {key: value for key, value in entry.items() if value not in (None, "", [], {})}
    for key in _PATHS:
        if path := text_in(settings, key, what):
            settings[key] = os.path.join(base, path)
    plugin = settings.get("exec")
    if isinstance(plugin, dict):
        command = text_in(plugin, "command", f"the credential plugin of {what}")
        if os.sep in command:  # otherwise it is searched on the PATH
            settings["exec"] = {**plugin, "command": os.path.normpath(os.path.join(base, command))}
    return settings


def _merged(entries_of_files: Iterator[Entries]) -> Entries:
    merged: dict[str, Optional[Mapping[str, Any]]] = {}
    for entries in entries_of_files:
        for name, entry in entries.items():
            merged.setdefault(name, entry)
    return merged


def _checked_context(source: KubeconfigSource, name: str, contexts: Entries) -> str:
    choices = f"(its contexts: {', '.join(sorted(contexts)) or 'none'})"
    if not name:
        raise OptionError("config.context", f"is not given, and {source} has no current-context {choices}")
    if name not in contexts:
        raise OptionError("config.context", f"{name!r} is not in {source} {choices}")
    return name


def _chosen(source: KubeconfigSource, name: str, merged: Mapping[str, Entries]) -> Chosen:
    what = f"context {name!r}"
    context = _entry(merged, "contexts", name, what)
    cluster, user = (text_in(context, key, what) for key in ("cluster", "user"))
    if not cluster:
        raise MalformedError(f"{what} names no cluster")
    settings = _entry(merged, "clusters", cluster, what)
    if not text_in(settings, "server", f"cluster {cluster!r}"):
        raise MalformedError(f"cluster {cluster!r} has no server")
    namespace = text_in(context, "namespace", what) or "default"
    credentials = _entry(merged, "users", user, what) if user else {}
    return Chosen(source, name, namespace, settings, user, credentials)


def _entry(merged: Mapping[str, Entries], kind: str, name: str, what: str) -> Mapping[str, Any]:
    if name not in merged[kind]:
        raise MalformedError(f"{what} names {name!r}, which is not in its {kind}")
    entry = merged[kind][name]
    if entry is None:
        raise MalformedError(f"{name!r} in its {kind} has no {_KINDS[kind]!r}")
    return entry
