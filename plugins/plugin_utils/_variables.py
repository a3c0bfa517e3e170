# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds variables that are meant for a topology and that nothing reads, since their names are misspelt.

Only names are looked at: a value may be a secret, or a template that is expensive to resolve.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from ansible_collections.selfheal.cluster.plugins.module_utils._config.similar import (
    SLIP,
    edits,
    may_be_within,
    nearest,
)
from ansible_collections.selfheal.cluster.plugins.plugin_utils._inventory_file import TOPOLOGY_KEYS

OWN = "topology_own_variables"

TOPOLOGY = frozenset(
    {
        *(f"topology_{key}" for key in TOPOLOGY_KEYS),
        # Set by the inventory, or by the user for a host without an inventory of topologies.
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
    "check": frozenset({"check_allow", "check_output"}),
    # Variables that task files and plays set for the role converge, or read from it.
    "converge": frozenset(
        f"converge_{word}" for word in ("action", "down", "event", "failure", "nodes", "result", "unreachable", "views")
    ),
    "report": frozenset(f"report_{word}" for word in ("failures", "metrics", "mode", "page", "results", "title")),
    "schedule": frozenset(f"schedule_{word}" for word in _SCHEDULE),
}
"""The variables of each role that begin with its name, an ordinary word that other variables begin with too."""

_TOPOLOGY = "topology"
_PREFIX = f"{_TOPOLOGY}_"
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DICTIONARIES = "|".join(key for key, option in TOPOLOGY_KEYS.items() if option["type"] == "dict")
_INSIDE = re.compile(rf"(?P<option>{_DICTIONARIES})(?P<joint>[._])(?P<key>.+)")
"""A key of an option, by a dotted path or in one word."""


def problem_of(
    subject: str, variables: Iterable[str], own: Callable[[], Any] = list, of_topology: bool = True
) -> str | None:
    """
    :param subject: what the message is about, such as ``topology 'chat'``.
    :param variables: the names of all variables of a host.
    :param own: returns the value of :data:`OWN`. It is only called if there is a suspicious variable.
    :param of_topology: whether the host stands for a topology, so that each ``topology_*`` has to be one of ours.
    :returns: a message with a line for each variable that is not ours and looks as if it were meant to be.
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
        word, _underscore, part = name.partition("_")
        if word in WORDS:
            if part and name not in WORDS[word] and (meant := _slip_of(word, part)):
                yield name, f"did you mean {meant}?"
        elif of_topology and name not in TOPOLOGY and (problem := _problem_of_topology(name)):
            yield name, problem


def _slip_of(word: str, part: str) -> str | None:
    """The variable that was probably meant. Only the part after the word is compared, since all of them have the word.

    In a short part, one replaced letter often makes another ordinary word, such as ``code`` from ``mode``.
    """
    most = _most_slips(part)
    known = (name.partition("_")[2] for name in WORDS[word])
    if most == 1:
        known = (one for one in known if len(one) != len(part) or sorted(one) == sorted(part))
    if word == "converge":
        # Tasks register variables of their own, such as the plural of one of ours.
        known = (one for one in known if one != f"{part}s" and f"{one}s" != part)
    meant = nearest(part, known, most)
    return f"{word}_{meant}" if meant else None


def _most_slips(part: str) -> int:
    return max(1, min(SLIP, len(part) // 3))


def _problem_of_topology(name: str) -> str | None:
    """What is wrong with a variable that is not a topology's; None if it is not meant to be one."""
    word = _first_word(name)
    slips = _slips_in(word)
    if slips > SLIP:
        return None
    rest = _HUMP.sub("_", name[len(word) :]).replace("-", "_").lower().lstrip("._")
    is_ours = name.startswith(_PREFIX)
    if not (rest or is_ours):
        return None
    inside = _INSIDE.fullmatch(rest)
    has_dot = inside and inside["joint"] == "."
    # The prefix that all of them share must not count as similarity.
    most = max(SLIP, len(rest) // 3) if is_ours else min(SLIP - slips, _most_slips(rest))
    meant = None if has_dot else nearest(f"{_PREFIX}{rest}", TOPOLOGY, most)
    if meant:
        return f"is no variable of a topology; did you mean {meant}?"
    if inside and (has_dot or not slips):
        option = f"{_PREFIX}{inside['option']}"
        return (
            f"is no variable of a topology, since {option} can only be given as a whole; did you mean the key "
            f"{inside['key']} in the topology's file, or in {option} with all else that it has to say?"
        )
    return "is no variable of a topology" if is_ours else None


def _first_word(name: str) -> str:
    """The part before the first separator, or ``topology`` if the name begins with it, even without a separator."""
    lower = name.lower()
    return _TOPOLOGY if lower.startswith(_TOPOLOGY) else lower.replace("-", "_").replace(".", "_").partition("_")[0]


@lru_cache(maxsize=256)
def _slips_in(word: str) -> int:
    """The number of edits to ``topology``, up to those of a slip. It is cached, since many names share a first word."""
    return edits(word, _TOPOLOGY) if may_be_within(SLIP, word, _TOPOLOGY) else SLIP + 1


def _globs_of(value: Any) -> list[str]:
    """
    :param value: a list, or a text with commas from the command line.
    """
    if isinstance(value, str):
        value = value.split(",")
    return [str(glob).strip() for glob in value] if isinstance(value, (list, tuple)) else []
