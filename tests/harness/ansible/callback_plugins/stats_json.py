# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that writes JSON to the standard output and nothing else, as that of ansible.posix does, which no package
index has without all of Ansible."""

from __future__ import annotations

import json
import sys

from ansible.executor.stats import AggregateStats
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "stats_json"

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        json.dump({"stats": {host: stats.summarize(host) for host in sorted(stats.processed)}}, sys.stdout)
