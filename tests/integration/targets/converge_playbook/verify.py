# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of what the nodes say, on standard input: whether those that are named are one cluster, and the others in none."""

from __future__ import annotations

import json
import sys

mesh = set(sys.argv[1:])
said = json.load(sys.stdin)
for name, node in said.items():
    if set(node["peers"]) != (mesh - {name} if name in mesh else set()) or (name in mesh and mesh & set(node["lost"])):
        sys.exit(f"{name} is not as in one cluster of {sorted(mesh)}: {json.dumps(said)}")
