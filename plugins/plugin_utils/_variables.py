# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that somebody wrote for a topology and that nothing reads, since their names are misspelt.

Names alone are looked at: a value may be a secret, or a template that costs a look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._similar import SLIP, edits, nearest
from ansible_collections.selfheal.cluster.plugins.plugin_utils._inventory_file import TOPOLOGY_KEYS

OWN = "topology_own_variables"

TOPOLOGY = frozenset(
    {
        *(f"topology_{key}" for key in TOPOLOGY_KEYS),
        # What the inventory sets, and what a host without one says of itself.
        *("topology_directory", "topology_file", "topology_name", "topology_problem"),
    }
)

_AWX = (
    *("cache", "forks", "galaxy_credentials", "host", "image", "image_credential", "image_pull", "inventories"),
    *("organization", "password", "playbook", "project_branch", "project_credential", "project_url", "slices"),
    *("token", "update_secrets", "update_timeout", "username", "validate_certs"),
)
_KUBERNETES = (
    *("ansible_cfg", "api_key", "ca_cert", "context", "failed_jobs", "host", "image", "kubeconfig", "namespace"),
    *("output", "pod_spec", "resources", "roles", "user", "validate_certs"),
)
_SCHEDULE = (
    *("ansible_playbook", "backend", "collections_path", "cron_log", "cron_mailto", "cron_user", "deadline", "hosts"),
    *("interval", "inventories", "loop", "loop_duration", "name", "playbook", "secrets", "state"),
    *("systemd_settings", "systemd_start", "systemd_user", "watch"),
    *(f"awx_{word}" for word in _AWX),
    *(f"kubernetes_{word}" for word in _KUBERNETES),
)
WORDS: Mapping[str, frozenset[str]] = {
    # What task files and plays set for the role converge, and read of it.
    "converge": frozenset(
        f"converge_{word}" for word in ("action", "down", "event", "failure", "nodes", "result", "unreachable", "views")
    ),
    "report": frozenset(f"report_{word}" for word in ("failures", "metrics", "mode", "page", "results", "title")),
    "schedule": frozenset(f"schedule_{word}" for word in _SCHEDULE),
}
"""The variables of each role that begin with its name: a word of the language, which others use as well."""

_PREFIXES = ("topology_", *(f"{word}_" for word in WORDS))
_LETTERS = frozenset("topology")


def problem_of(
    subject: str, variables: Iterable[str], own: Callable[[], Any] = list, of_topology: bool = True
) -> str | None:
    """
    :param subject: what the message is about, such as ``topology 'chat'``.
    :param variables: the names of all variables of a host.
    :param own: gives the value of :data:`OWN`. It is asked for only where a variable has to be excused.
    :param of_topology: whether the host stands for a topology, so that each ``topology_*`` has to be one of ours.
    :returns: a message with a line for each variable that is none of ours and looks as if it were meant to be.
    """
    suspects = list(_suspects(variables, of_topology))
    globs = _globs_of(own()) if suspects else []
    found = [f"{name}: {what}" for name, what in suspects if not any(fnmatchcase(name, glob) for glob in globs)]
    if not found:
        return None
    head = f"{subject}: these variables are unknown, so they would be ignored; name your own in {OWN}, a list of globs"
    return "\n".join([head, *sorted(found)])


def _suspects(variables: Iterable[str], of_topology: bool) -> Iterator[tuple[str, str]]:
    for name in variables:
        word = name.partition("_")[0]
        if name.startswith(_PREFIXES):
            if word != "topology":
                meant = None if name in WORDS[word] else nearest(name, WORDS[word], SLIP)
                if meant:
                    yield name, f"did you mean {meant}?"
            elif of_topology and name not in TOPOLOGY:
                yield name, _unknown(name)
        elif of_topology and _is_topology_misspelt(word) and (meant := nearest(name, TOPOLOGY, SLIP)):
            yield name, f"did you mean {meant}?"


def _is_topology_misspelt(word: str) -> bool:
    """Two edits leave at least that many of its letters, which tells most words without counting edits."""
    return (
        len(_LETTERS.intersection(word)) >= len(_LETTERS) - SLIP
        and edits(word.partition("-")[0].lower(), "topology") <= SLIP
    )


def _unknown(name: str) -> str:
    option, dot, inside = name.partition(".")
    if dot and option in TOPOLOGY:
        return (
            f"is no variable of a topology, since {option} can only be given as a whole; did you mean the key {inside} "
            f"in the topology's file, or in {option} with all else that it has to say?"
        )
    # What all of them begin with makes no two of them alike.
    meant = nearest(name, TOPOLOGY, max(SLIP, (len(name) - len(_PREFIXES[0])) // 3))
    return f"is no variable of a topology{f'; did you mean {meant}?' if meant else ''}"


def _globs_of(value: Any) -> list[str]:
    """
    :param value: a list, or text with commas as the command line gives it.
    """
    if isinstance(value, str):
        value = value.split(",")
    return [str(glob).strip() for glob in value] if isinstance(value, (list, tuple)) else []
