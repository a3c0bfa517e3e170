# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that strategies over DNS share."""

from __future__ import annotations

from typing import Mapping

from ansible_collections.selfheal.cluster.plugins.module_utils._options import Option, port, seconds

_ADDRESSES = ("A", "AAAA")

TYPES = Option("list", _ADDRESSES, elements="str", choices=_ADDRESSES)
RESOLVER: Mapping[str, Option] = {
    "nameservers": Option("list", elements="str"),
    "port": port(53),
    "timeout": seconds(5.0),
    "tcp": Option("bool", False),
}
