# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ejabberd nodes on loopback, each with an address and a database of its own.

    with ejabberds(3) as nodes:                   # ejabberd@127.x.y.1 … ejabberd@127.x.y.3, each a cluster of its own
        nodes[0].join(nodes[1])                   # nodes[0] gives up what it holds and joins nodes[1]
        nodes[0].known(), nodes[0].running()
        nodes[0].register("alice"); nodes[1].has("alice")
        nodes[0].kill(); nodes[0].start()         # with the database it had, or wiped=True
        partition(nodes)                          # each is alone with its own copy of the database

ejabberd is started as Debian's ejabberdctl does it, with ``erl``; it listens for no clients.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.harness.erlang.beam import Beam, fresh, is_whole
from tests.harness.waiting import wait_until

BASENAME = "ejabberd"
_HOST = "localhost"
_CONFIGURATION = f"""
hosts: [{_HOST}]
loglevel: warning
listen: []
acme: {{auto: false}}
modules:
  mod_roster: {{}}
  mod_offline: {{}}
"""


class Ejabberd:
    """One node that can be started, killed and started again."""

    def __init__(self, address: str, port: int, home: Path) -> None:
        self.name = f"{BASENAME}@{address}"
        self.address = address
        self.port = port
        self._home = home
        self._directory = home / address
        self._directory.mkdir()
        (self._directory / "ejabberd.yml").write_text(_CONFIGURATION)
        self.beam = self._boot()

    def start(self, *, wiped: bool = False) -> None:
        if wiped:
            shutil.rmtree(self._directory / "database")
        self.beam = self._boot()
        self.wait_ready()

    def wait_ready(self) -> None:
        self.beam.wait_ready()
        wait_until(self._serves, 60, f"{self.name} to serve; see its log:\n{self._log()}")

    def kill(self) -> None:
        self.beam.kill()

    def known(self) -> frozenset[str]:
        """Every member, itself and those that are down included."""
        return self.beam.names("ejabberd_cluster:get_known_nodes()")

    def running(self) -> frozenset[str]:
        return self.beam.names("ejabberd_cluster:get_nodes()")

    def join(self, member: Ejabberd) -> None:
        assert self.beam.eval(f"ejabberd_cluster:join('{member.name}')", timeout=60) == "ok"

    def register(self, user: str) -> None:
        assert self.beam.eval(f'ejabberd_auth:try_register(<<"{user}">>, <<"{_HOST}">>, <<"secret">>)') == "ok"

    def has(self, user: str) -> bool:
        """Whether its database has this user; ejabberd itself remembers users that it once looked up. A key is user
        and host, and in ejabberd 26 the kind of the password too."""
        keys = "mnesia:dirty_all_keys(passwd)"
        return self.beam.eval(f'lists:any(fun(Key) -> element(1, Key) =:= <<"{user}">> end, {keys})') == "true"

    def remove(self, user: str) -> None:
        self.beam.eval(f'ejabberd_auth:remove_user(<<"{user}">>, <<"{_HOST}">>)')

    def sees_down(self, other: Ejabberd) -> bool:
        return other.name not in self.running()

    def _serves(self) -> bool:
        return self.beam.eval("lists:keymember(ejabberd, 1, application:which_applications())") == "true"

    def _boot(self) -> Beam:
        environment = {
            "ERL_LIBS": str(_libraries()),
            "EJABBERD_CONFIG_PATH": str(self._directory / "ejabberd.yml"),
            "EJABBERD_LOG_PATH": str(self._directory / "ejabberd.log"),
        }
        arguments = [word for variable, value in environment.items() for word in ("-env", variable, value)]
        arguments += ["-mnesia", "dir", f'"{self._directory / "database"}"', "-s", "ejabberd"]
        return Beam(self.name, self.address, self._home, port=self.port, arguments=arguments)

    def _log(self) -> str:
        log = self._directory / "ejabberd.log"
        return log.read_text()[-2000:] if log.exists() else "none"


@contextmanager
def ejabberds(count: int) -> Iterator[list[Ejabberd]]:
    """``count`` fresh nodes that know nobody, on one distribution port, without epmd."""
    with fresh("ejabberd", count, Ejabberd) as nodes:
        yield nodes


def partition(nodes: Sequence[Ejabberd]) -> None:
    """The first two lose their connection once. All are linked again, and Mnesia leaves each of them alone."""
    nodes[0].beam.eval(f"erlang:disconnect_node('{nodes[1].name}')")
    wait_until(lambda: all(node.running() == {node.name} for node in nodes), 20, "each to list itself alone")
    beams = [node.beam for node in nodes]

    def are_linked() -> bool:
        for node in beams:
            node.connect(*(other for other in beams if other is not node))
        return is_whole(beams)

    wait_until(are_linked, 30, "all to be linked again")


def wait_down(members: Sequence[Ejabberd], dead: Ejabberd) -> None:
    """Until the members report it as down."""
    wait_until(lambda: all(member.sees_down(dead) for member in members), 20, f"{dead.name} to be seen down")


def _libraries() -> Path:
    """Where Debian keeps ejabberd and the Erlang libraries that it needs."""
    listed = subprocess.run(["dpkg", "-L", "ejabberd"], capture_output=True, text=True, check=True).stdout
    (application,) = (line for line in listed.splitlines() if line.endswith("/ebin/ejabberd.app"))
    return Path(application).parents[2]
