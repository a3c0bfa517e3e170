# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that somebody wrote for a topology and that nothing reads, since their names are misspelt.

Names alone are looked at: a value may be a secret, or a template that costs a look-up.
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
        word, _underscore, part = name.partition("_")
        if word in WORDS:
            if part and name not in WORDS[word] and (meant := _slip_of(word, part)):
                yield name, f"did you mean {meant}?"
        elif of_topology and name not in TOPOLOGY and (problem := _problem_of_topology(name)):
            yield name, problem


def _slip_of(word: str, part: str) -> str | None:
    """The variable that was meant. The part behind the word is measured, since each of them has the word.

    In a short part a letter in the place of another makes an ordinary word of it, such as ``code`` of ``mode``.
    """
    most = _most_slips(part)
    known = (name.partition("_")[2] for name in WORDS[word])
    if most == 1:
        known = (one for one in known if len(one) != len(part) or sorted(one) == sorted(part))
    if word == "converge":
        # What tasks register under a name of their own, such as all results beside our one.
        known = (one for one in known if one != f"{part}s" and f"{one}s" != part)
    meant = nearest(part, known, most)
    return f"{word}_{meant}" if meant else None


def _most_slips(part: str) -> int:
    return max(1, min(SLIP, len(part) // 3))


def _problem_of_topology(name: str) -> str | None:
    """What is wrong with a variable that is none of a topology; None where it is not meant to be one."""
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
    # What all of them begin with makes no two of them alike.
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
    """What stands before the first separator, or the word ``topology`` that another one follows without any."""
    lower = name.lower()
    return _TOPOLOGY if lower.startswith(_TOPOLOGY) else lower.replace("-", "_").replace(".", "_").partition("_")[0]


@lru_cache(maxsize=256)
def _slips_in(word: str) -> int:
    """How many edits make it ``topology``, as far as a slip has so many. Many names begin with the same word."""
    return edits(word, _TOPOLOGY) if may_be_within(SLIP, word, _TOPOLOGY) else SLIP + 1


def _globs_of(value: Any) -> list[str]:
    """
    :param value: a list, or text with commas as the command line gives it.
    """
    if isinstance(value, str):
        value = value.split(",")
    return [str(glob).strip() for glob in value] if isinstance(value, (list, tuple)) else []
