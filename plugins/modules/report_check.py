#!/usr/bin/python
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show each topology in one line, for monitors: the documentation of the action plugin, which does it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report_check
short_description: Show each topology in one line, and end with an exit code for monitors
version_added: 0.1.0
author:
  - The selfheal.cluster maintainers (@selfheal)
description:
  - The playbook C(selfheal.cluster.check) calls it. It shows a line for each topology.
  - It fails on the host of a topology that is not whole, so that C(ansible-playbook) ends with 2. It makes the host of
    a topology that could not be told unreachable, so that C(ansible-playbook) ends with 4, which wins over 2.
  - It reads the variables C(converge_result) and C(converge_failure) of the hosts, as the role
    P(selfheal.cluster.converge#role) and the playbooks leave them.
  - It runs on each host of the play, and one of them shows all. Where the callback for the standard output writes JSON,
    the lines go to the standard error.
options:
  topologies:
    description:
      - The names of the hosts whose topologies are shown.
    type: list
    elements: str
    required: true
  shown_by:
    description:
      - The host on which all are shown, and the file written.
    type: str
    required: true
  allow:
    description:
      - Verdicts that count as whole.
    type: list
    elements: str
    default: []
    choices:
      - discovery_failed
      - no_node_answers
      - empty
      - partitioned
      - no_quorum
      - split
      - changing
      - not_whole
      - whole
  output:
    description:
      - A file that gets the same as JSON. It has C(time), C(code) of the run, and C(topologies), from the name to
        C(code), C(verdict), C(text), C(failure), C(desired), C(joined), C(islands), C(unreachable), C(refused) and
        C(read).
      - It is replaced in one step, so that nobody reads half of it. It is written in check mode too, since a check only
        reads.
    type: path
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check mode), when in diff mode.
    support: N/A
    details:
      - This module only reads.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates
      no change.
    support: full
  platform:
    description: Platforms that the module runs on.
    support: full
    platforms: posix
seealso:
  - module: selfheal.cluster.membership_info
  - module: selfheal.cluster.report_table
"""

EXAMPLES = r"""
- name: Check the verdict of each topology
  selfheal.cluster.report_check:
    topologies: "{{ ansible_play_hosts_all }}"
    shown_by: "{{ ansible_play_hosts_all | first }}"
    allow: [changing]
"""

RETURN = r"""
code:
  description: The exit code that the topology of this host demands, 0, 2 or 4.
  returned: always
  type: int
  sample: 0
"""
