# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names a node can have (pure)."""

from __future__ import annotations

import re
from typing import Any, Optional

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError

_BASENAME = re.compile(r"[A-Za-z0-9_-]+")
_NODE_NAME = re.compile(r"[A-Za-z0-9_-]+@[A-Za-z0-9_.:%-]*[A-Za-z0-9_:][A-Za-z0-9_.:%-]*")
_OTHER_NAME = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,254}")


def check_node_name(option: str, name: Any) -> str:
    """
    :returns: the name, when it is ``<base>@<host>`` and fits the 255 characters of an Erlang atom.
    :raises OptionError: it is not.
    """
    if not isinstance(name, str) or len(name) > 255 or not _NODE_NAME.fullmatch(name):
        raise OptionError(option, f"{name!r} is not a node name such as 'app@10.0.0.1'")
    return name


def is_basename(text: Any) -> bool:
    """Whether it can be the part of a node's name before the ``@``."""
    return isinstance(text, str) and _BASENAME.fullmatch(text) is not None


def check_basename(option: str, text: Any) -> None:
    """
    :raises OptionError: it is not, see :func:`is_basename`.
    """
    if not is_basename(text):
        raise OptionError(option, f"{text!r} is not the part of a node name before its '@'")


def name_of(option: str, basename: Optional[str], host: str) -> str:
    """The name of a node that a strategy found.

    :param basename: the part before the ``@`` from the topology; None if the cluster knows its nodes by ``host`` alone,
        as systems other than Erlang's do.
    :raises OptionError: it is not a valid name.
    """
    return check_name(option, f"{basename}@{host}" if basename else host)


def check_name(option: str, name: Any) -> str:
    """
    :returns: the name, when it is one: an Erlang node's where it has an ``@``, else up to 255 printable characters.
    :raises OptionError: it is not.
    """
    if not isinstance(name, str) or "@" in name:
        return check_node_name(option, name)
    if not _OTHER_NAME.fullmatch(name):
        raise OptionError(
            option,
            f"{name!r} is not a name: up to 255 letters, digits and characters of _.:%- that begin with none of .%-",
        )
    return name
