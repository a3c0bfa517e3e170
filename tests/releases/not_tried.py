# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why something could not be tried, which says nothing about it."""

from __future__ import annotations


class NotTried(Exception):
    """Its text is the reason, as the table shows it."""
