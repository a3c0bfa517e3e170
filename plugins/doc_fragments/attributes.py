# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes that the modules share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  platform:
    description: Platforms that the module runs on. It talks to the members over the network, usually from the control
      node.
    support: full
    platforms: posix
"""

    ACTION_GROUP = r"""
attributes:
  action_group:
    description: Use C(group/selfheal.cluster.cluster) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - selfheal.cluster.cluster
"""

    IN_PROCESS = r"""
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the
      controller.
    support: full
    details:
      - On a local connection with the Python that runs Ansible, the work is done in Ansible's own process. That saves
        the second that it takes to pack a module and to start it, and writes no line to the system's log.
      - With C(become), C(async), C(timeout), C(environment) or another C(ansible_python_interpreter), on every other
        connection, and on macOS, it runs as a module.
  async:
    description: Supports being used with the C(async) keyword.
    support: full
"""

    READ_ONLY = r"""
attributes:
  check_mode:
    description: Can run in check mode and return changed status prediction without modifying target.
    support: full
    details:
      - This module only reads.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check mode), when in diff mode.
    support: N/A
    details:
      - This module only reads.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates
      no change.
    support: full
    details:
      - This module only reads.
"""
