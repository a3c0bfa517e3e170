# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real RabbitMQ nodes on loopback, each with an address and a database of its own.

    with rabbits(2) as nodes:                     # app@127.x.y.1 and app@127.x.y.2, each a cluster of its own
        nodes[1].join(nodes[0])                   # nodes[1] gives up what it holds and joins nodes[0]
        nodes[0].partitions(), nodes[0].members()
        nodes[0].peers(), nodes[0].downs()        # all that a Beam can do

RabbitMQ is started as Debian's rabbitmq-server does it, with ``erl``, its own boot module and the package's plugins
directory, and not as the package's service. It listens for no clients, and for Erlang's distribution on one fixed port,
without an epmd.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.harness.erlang.beam import BASENAME, Beam, fresh, join
from tests.harness.waiting import wait_until

_STARTS = 120
"""Seconds for one node on a busy machine; some 6 on an idle one."""


class Rabbit(Beam):
    """One node. Its ``prevent_overlapping_partitions`` is false, as the package's start script has it."""

    def __init__(self, address: str, home: Path, port: int) -> None:
        name = f"{BASENAME}@{address}"
        directory = home / address
        directory.mkdir()
        configuration = directory / "rabbitmq.conf"
        configuration.write_text("listeners.tcp = none\nlog.console = false\nlog.file.level = warning\n")
        plugins = _plugins()
        environment = {
            "ERL_LIBS": plugins,
            "RABBITMQ_NODENAME": name,
            "RABBITMQ_USE_LONGNAME": "true",
            "RABBITMQ_PLUGINS_DIR": plugins,
            "RABBITMQ_ENABLED_PLUGINS": "",
            "RABBITMQ_ENABLED_PLUGINS_FILE": directory / "enabled_plugins",
            "RABBITMQ_CONFIG_FILE": configuration,
            "RABBITMQ_CONF_ENV_FILE": directory / "none.conf",
            "RABBITMQ_GENERATED_CONFIG_DIR": directory / "generated",
            "RABBITMQ_MNESIA_DIR": directory / "database",
            "RABBITMQ_LOG_BASE": directory,
            "RABBITMQ_PID_FILE": directory / "pid",
        }
        arguments = [word for key, value in environment.items() for word in ("-env", key, str(value))]
        arguments += ["-boot", "start_sasl", "-syslog", "logger", "[]", "-syslog", "syslog_error_logger", "false"]
        arguments += ["-s", "rabbit", "boot"]
        super().__init__(name, address, home, port=port, pop=False, arguments=arguments)

    def wait_ready(self, timeout: float = _STARTS) -> None:
        super().wait_ready(timeout)
        wait_until(lambda: self.eval("rabbit:is_running()") == "true", timeout, f"RabbitMQ on {self.name}")

    def join(self, member: Rabbit) -> None:
        if not self.keeps_mnesia():
            assert self.eval(f"rabbit_db_cluster:join('{member.name}', disc)", 60) == "ok"
            return
        self.stop_app()
        assert self.eval(f"rabbit_mnesia:join_cluster('{member.name}', disc)", 60) == "ok"
        self.start_app()

    def stop_app(self) -> None:
        """What ``rabbitmqctl stop_app`` does; the node goes on, with the application loaded."""
        self.eval("rabbit:stop()", 60)

    def start_app(self) -> None:
        self.eval("rabbit:start()", 60)

    def members(self) -> frozenset[str]:
        """Who is in its member table."""
        return self.names("mnesia:system_info(db_nodes)" if self.keeps_mnesia() else "rabbit_nodes:list_members()")

    def keeps_mnesia(self) -> bool:
        """Whether its member table is Mnesia's, as until RabbitMQ 4.2."""
        return self.eval("erlang:function_exported(rabbit_mnesia, join_cluster, 2)") == "true"

    def partitions(self) -> frozenset[str]:
        """From whom it says that it was parted."""
        return self.names("rabbit_node_monitor:partitions()") if self.keeps_mnesia() else frozenset()

    def runs_alone(self) -> bool:
        """By its member table."""
        return self.names("mnesia:system_info(running_db_nodes)") == {self.name}

    def _line(self, timeout: float) -> str:
        """RabbitMQ sets the title of a terminal, without a line's end."""
        return super()._line(timeout).rpartition("\a")[2]


@contextmanager
def rabbits(count: int) -> Iterator[list[Rabbit]]:
    """``count`` fresh nodes that know nobody, on one distribution port, once RabbitMQ runs on all of them."""
    with fresh("rabbitmq", count, lambda address, port, home: Rabbit(address, home, port)) as nodes:
        yield nodes


def cluster(nodes: Sequence[Rabbit]) -> None:
    """One RabbitMQ cluster of them, in one whole mesh."""
    for node in nodes[1:]:
        node.join(nodes[0])
    join(nodes)


def part(one: Rabbit, other: Rabbit) -> None:
    """A network partition, which at least one of them tells of. Where they meet again before both have noticed that
    they were apart, there is none: then they are parted once more."""
    for _attempt in range(5):
        other.eval("global:disconnect()")
        with contextlib.suppress(AssertionError):
            wait_until(lambda: one.runs_alone() and other.runs_alone(), 15, "both to run alone")
        one.connect(other)
        with contextlib.suppress(AssertionError):
            wait_until(lambda: bool(one.partitions() or other.partitions()), 20, "RabbitMQ to notice")
            return
    raise AssertionError("RabbitMQ has not noticed any of five partitions")


@cache
def _plugins() -> str:
    """Where Debian keeps RabbitMQ, whose parts are all called plugins."""
    listed = subprocess.run(["dpkg", "-L", "rabbitmq-server"], capture_output=True, text=True, check=True).stdout
    (application,) = (line for line in listed.splitlines() if line.endswith("/ebin/rabbit.app"))
    return str(Path(application).parents[2])
