# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of strategy ``gossip``."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.module_utils._errors import OptionError
from ansible_collections.selfheal.cluster.plugins.module_utils._options import Option, StrategyOptions, port, seconds


def _check_ttl(option: str, value: int) -> None:
    if not 0 <= value <= 255:
        raise OptionError(option, f"{value!r} is not between 0 and 255")


OPTIONS = StrategyOptions(
    {
        "broadcast_only": Option("bool", False),
        "if_addr": Option(default="0.0.0.0"),  # noqa: S104 - libcluster's own default
        "listen": seconds(6.0),
        "multicast_addr": Option(default="233.252.1.32"),
        "multicast_if": Option(),
        # For senders, which there is none of here: it is accepted and ignored.
        "multicast_ttl": Option("int", 1, check=_check_ttl),
        "port": port(45892),
        "secret": Option(no_log=True),
    },
    authoritative=False,
)
