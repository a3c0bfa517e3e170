# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The views of all members by way of Ansible: one task of ours, beside erl_call on each member as a host."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.benchmarks.commands import Commands, static
from tests.benchmarks.findings import Finding, in_turn
from tests.benchmarks.rows.views import PATIENT, members

_FORKS = 50


def findings(quick: bool) -> Iterator[Finding]:
    """The rival's hosts are all this one, without ssh, which makes it faster than it would be."""
    for count in [5] if quick else [10, 50]:
        with members(count) as (nodes, epmd_port, home):
            commands = Commands(home)
            ours = {
                "selfheal.cluster.membership_info": {
                    "topology": "chat",
                    **static(nodes, epmd_port=epmd_port, timeout=PATIENT),
                },
                "register": "found",
                "failed_when": f"found.views | length != {count}",
            }
            theirs = {
                "ansible.builtin.command": "erl_call -name {{ node }} -a 'erlang nodes'",
                "register": "found",
                "changed_when": False,
                "failed_when": f"found.stdout.count('app') != {count - 1}",
                "environment": {"ERL_EPMD_PORT": str(epmd_port)},
            }
            hosts = {f"host{number}": {"node": node.name} for number, node in enumerate(nodes)}
            one, each = commands.inventory("one"), commands.inventory("each", hosts)
            our_play, their_play = commands.playbook("ours", ours), commands.playbook("theirs", theirs)
            rivals = {
                "membership_info": partial(commands.run, "ansible-playbook", "-i", one, our_play),
                "erl_call on each member as a host": partial(
                    commands.run, "ansible-playbook", "-i", each, "--forks", str(_FORKS), their_play
                ),
            }
            goals = {"erl_call on each member as a host": 0.1} if count == 50 else {}
            yield Finding("Read the views through Ansible", count, in_turn(rivals, 1 if quick else 5), goals=goals)
