# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and ports of this machine alone."""

from __future__ import annotations

import random
import socket


def loopback_addresses(count: int) -> list[str]:
    """Addresses in 127.0.0.0/8 that nobody is likely to use at the same time."""
    start = random.randint(16, 240) << 16 | random.randint(0, 200) << 8 | 1
    return [f"127.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in (start + index for index in range(count))]


def free_port(address: str) -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
