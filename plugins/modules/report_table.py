#!/usr/bin/python
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show all topologies of a play as one table: the documentation of the action plugin, which does it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report_table
short_description: Show all topologies of a play as one table on the terminal
version_added: 0.1.0
author:
  - The selfheal.cluster maintainers (@selfheal)
description:
  - The playbooks C(selfheal.cluster.converge) and C(selfheal.cluster.status) call it at their end. It shows a row for
    each topology, and below the table who was connected and pruned, who gave no answer, and what was refused.
  - It reads the variables C(converge_result) and C(converge_failure) of the hosts, as the role
    P(selfheal.cluster.converge#role) and the playbooks leave them.
  - It runs on each host of the play, and one of them shows all. It fails on the host of a topology whose run failed.
  - Where the callback for the standard output writes JSON, the table goes to the standard error.
options:
  topologies:
    description:
      - The names of the hosts whose topologies are shown.
    type: list
    elements: str
    required: true
  shown_by:
    description:
      - The host on which all are shown, and the files written.
    type: str
    required: true
  page:
    description:
      - A file for the status page, as O(selfheal.cluster.report_files#module:page).
    type: path
  metrics:
    description:
      - A file for the metrics, as O(selfheal.cluster.report_files#module:metrics).
    type: path
  title:
    description:
      - The title of the page.
    type: str
    default: Clusters
  mode:
    description:
      - The permissions of both files, as an octal number in quotes.
    type: raw
    default: "0644"
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check mode), when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates
      no change.
    support: full
    details:
      - The files are written each time, so that their times are right. It is a change if more than the times is new.
  platform:
    description: Platforms that the module runs on.
    support: full
    platforms: posix
seealso:
  - module: selfheal.cluster.report_check
  - module: selfheal.cluster.report_files
"""

EXAMPLES = r"""
- name: Show all topologies
  selfheal.cluster.report_table:
    topologies: "{{ ansible_play_hosts_all }}"
    shown_by: "{{ ansible_play_hosts_all | first }}"
"""

RETURN = r"""
files:
  description: The files that were written.
  returned: on the host that shows all
  type: list
  elements: str
  sample: [/var/www/html/clusters.html]
"""
