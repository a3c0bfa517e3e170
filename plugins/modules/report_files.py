#!/usr/bin/python
# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the status page and the metrics: the documentation of the action plugin, which does it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: report_files
short_description: Write what is known of clusters as an HTML page and as Prometheus metrics
version_added: 0.1.0
author:
  - The selfheal.cluster maintainers (@selfheal)
description:
  - Takes results of M(selfheal.cluster.membership_info) and M(selfheal.cluster.membership) and writes a page that
    shows each cluster, and a file of metrics for the node exporter's textfile collector.
  - The role P(selfheal.cluster.report#role) calls it with the results of all topologies of a play.
  - The page loads nothing and runs no script. Whatever comes from outside is text in it.
  - It works on the control node, as the user who runs Ansible, without a connection and without C(become).
options:
  results:
    description:
      - The results, from the name of the topology. A result that is empty, or of a task that failed, is on the page
        as a failure.
    type: dict
    required: true
  failures:
    description:
      - Why a run failed, from the name of the topology, where the result does not say so itself.
    type: dict
    default: {}
  page:
    description:
      - The file for the page. One of O(page) and O(metrics) is needed.
    type: path
  metrics:
    description:
      - The file for the metrics. The collector reads files whose names end in C(.prom).
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
  - module: selfheal.cluster.membership
  - module: selfheal.cluster.membership_info
"""

EXAMPLES = r"""
- name: Read the cluster
  selfheal.cluster.membership_info:
    topology: chat
    strategy: dns
    config:
      query: chat.example.net
      node_basename: chat
    driver_config:
      cookie_file: /etc/chat/cookie
  register: chat
  ignore_errors: true

- name: Write the status page and the metrics
  selfheal.cluster.report_files:
    results:
      chat: "{{ chat }}"
    page: /var/www/html/clusters.html
    metrics: /var/lib/prometheus/node-exporter/selfheal.prom
"""

RETURN = r"""
files:
  description: The files that were written.
  returned: success
  type: list
  elements: str
  sample: [/var/www/html/clusters.html]
statuses:
  description: How each topology is, in the words of the page.
  returned: success
  type: dict
  sample:
    chat: whole
"""
