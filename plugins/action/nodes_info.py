# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module in Ansible's own process where that makes no difference."""

from __future__ import annotations

from ansible_collections.selfheal.cluster.plugins.modules.nodes_info import COMMAND
from ansible_collections.selfheal.cluster.plugins.plugin_utils._in_process import InProcess


class ActionModule(InProcess):
    module = "selfheal.cluster.nodes_info"
    command = COMMAND
