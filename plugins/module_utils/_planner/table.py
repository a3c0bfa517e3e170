# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner leaves alone if members keep a table of their own: there a link does not decide who is a member.

One member with a table is enough for the whole mesh. A node that leaves by link is a partition for the others in the
table (measured on RabbitMQ 3.10: ``global:disconnect()`` on a member, and its app has to be restarted). A link to a
node that is in no table, or that was partitioned, makes no cluster. A new link does no harm to Mnesia.
"""

from __future__ import annotations

from typing import Iterable, Iterator, Optional, Sequence

from ansible_collections.selfheal.cluster.plugins.module_utils._model import (
    CONNECT,
    RABBITMQ,
    REFUSE,
    Action,
    Observation,
)
from ansible_collections.selfheal.cluster.plugins.module_utils._rules.base import Rules

OTHER_MEMBERSHIP = "other_membership"

_MOST_NAMES = 3
_LEAVES = {
    True: "it leaves by rabbitmqctl stop_app on it and then rabbitmqctl forget_cluster_node on another member",
    False: "it leaves by stopping Mnesia on it and then mnesia:del_table_copy(schema, Node) on another member",
}
_RESTART = "rabbitmqctl stop_app and start_app on the side that may lose what it took in meanwhile"
_CONNECTS = {
    True: "if it is new: rabbitmqctl stop_app, join_cluster and start_app on it, which deletes all that it holds; "
    f"if it was a member and was parted: {_RESTART}",
    False: "it lacks links and would have to leave and rejoin for them, so restart it",
}
"""The ways out, of RabbitMQ and of Mnesia."""
_LEFT_ALONE = {
    True: "rabbitmqctl cluster_status says whether they are one cluster; this topology is looked at and left alone",
    False: "nobody is pruned, and where links are all that counts, driver_config.mesh_only: true says so",
}


def may_not_leave(observation: Observation, rules: Rules) -> Optional[str]:
    """Why nobody is told to leave by link, or None where somebody may be."""
    if not observation.tables or "disconnect" not in rules.by_link:
        return None
    return _detail(observation, _LEAVES)


def without_links(actions: Iterable[Action], observation: Observation, rules: Rules) -> Iterator[Action]:
    """The same actions, with a refusal for each node that is not connected by link: before RabbitMQ for everyone, else
    for those that would leave first."""
    if not observation.tables or "connect" not in rules.by_link:
        yield from actions
        return
    connects_nobody = _has_rabbitmq(observation)
    detail = _detail(observation, _CONNECTS)
    refused = set()
    for action in actions:
        if action.kind != CONNECT or not (connects_nobody or action.rejoin):
            yield action
        elif action.node not in refused:
            refused.add(action.node)
            yield action._replace(kind=REFUSE, reason=OTHER_MEMBERSHIP, observer=None, refused=CONNECT, detail=detail)


def not_whole(observation: Observation, rules: Rules) -> Iterator[str]:
    """Why links don't show that this cluster is whole, and what its members say of partitions."""
    if observation.tables and "list_nodes" in rules.by_link:
        yield f"links alone make no whole cluster: {_keepers(observation)}; {_LEFT_ALONE[_has_rabbitmq(observation)]}"
    for name, table in observation.tables.items():
        if table.partitions is None:
            yield f"{table.system} on {name} did not say in time whether it is partitioned"
        elif table.partitions:
            parted = _few(sorted(table.partitions))
            yield f"{table.system} on {name} says that it is partitioned from {parted}: {_RESTART}"


def _detail(observation: Observation, ways: dict[bool, str]) -> str:
    return f"{_keepers(observation)}: {ways[_has_rabbitmq(observation)]}"


def _has_rabbitmq(observation: Observation) -> bool:
    return any(table.system == RABBITMQ for table in observation.tables.values())


def _keepers(observation: Observation) -> str:
    """The members with a table, in words. If both systems are there, RabbitMQ is named: its rules are stricter."""
    systems = [table.system for table in observation.tables.values()]
    system = RABBITMQ if RABBITMQ in systems else systems[0]
    names = [name for name, table in observation.tables.items() if table.system == system]
    return f"{system} keeps a member table of its own on {_few(names)}"


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"
